import type { Arena } from './arena.ts'
import { LINE_BYTES } from './layout.ts'

/** What a doorbell takes in the arena: a line of its own. */
export const DOORBELL_BYTES = LINE_BYTES

const BELL_OFFSET = 0
const PARKED_OFFSET = 4
/** A timer set for longer would fire at once. */
const TIMER_MAX_MS = 2 ** 31 - 1

/**
 * How a thread waits for anything that other threads put into shared memory: messages, room,
 * control words. One owner waits; any thread rings. Two words of the arena, zeroed by allocation:
 *
 *   bell      counts rings, modulo 2^32
 *   parked    1 = the owner has announced that it may be asleep; written by the owner only
 *
 * The owner:
 *
 * ```
 * const seen = bell.read()          // before it looks
 * if (scan()) continue              // all rings, control words, timers
 * bell.announce()
 * if (scan()) { bell.retract(); continue }
 * bell.wait(seen, timeoutMs)        // returns at once if the bell was rung since `read`
 * bell.retract()
 * ```
 *
 * A ringer first stores what it has to say (a tail, a head, a control word), then calls `ring`.
 *
 * No wake-up is lost. All loads and stores here, and those of the rings, are sequentially
 * consistent: they stand in one order. A ringer's story is S (what it has to say), A (add to the
 * bell), L (load parked).
 *
 *   - A stands before the owner's `read`: then so does S, and the scans see it.
 *   - A stands after `read`, before the owner goes to sleep: `Atomics.wait` compares the bell with
 *     `seen` under the same lock that `notify` takes, finds it changed and returns at once.
 *   - A stands after the owner went to sleep: then L, still later, loads the 1 that `announce`
 *     stored, and `notify` finds the sleeper.
 *
 * L = 0 means that the owner is awake: before it sleeps it will announce and scan, and see S.
 * The count wraps after 2^32 rings; the owner would have to be rung exactly that often
 * between `read` and `wait` to miss it, and even then sleeps no longer than its timeout.
 */
export class Doorbell {
  private readonly i32: Int32Array
  private readonly bellWord: number
  private readonly parkedWord: number

  /** The doorbell whose two words lie at byte `offset`, on any thread. */
  constructor(arena: Arena, offset: number) {
    this.i32 = arena.i32
    this.bellWord = (offset + BELL_OFFSET) >> 2
    this.parkedWord = (offset + PARKED_OFFSET) >> 2
  }

  /** Any thread, after it has stored what the owner shall see. Cheap while the owner is awake. */
  ring(): void {
    Atomics.add(this.i32, this.bellWord, 1)
    if (Atomics.load(this.i32, this.parkedWord) !== 0) Atomics.notify(this.i32, this.bellWord)
  }

  /** The owner, before it looks for work: the value to hand to `wait`. */
  read(): number {
    return Atomics.load(this.i32, this.bellWord)
  }

  /** The owner says that it will sleep. It must look for work once more before it does. */
  announce(): void {
    Atomics.store(this.i32, this.parkedWord, 1)
  }

  /** The owner says that it is awake. */
  retract(): void {
    Atomics.store(this.i32, this.parkedWord, 0)
  }

  /** The owner sleeps until the bell differs from `seen`, or the time is up. Blocks the thread. */
  wait(seen: number, timeoutMs: number): 'ok' | 'not-equal' | 'timed-out' {
    return Atomics.wait(this.i32, this.bellWord, seen, timeoutMs)
  }

  /**
   * The same for a thread whose event loop must go on. It keeps no process alive: the caller
   * holds a referenced handle while it awaits.
   *
   * The timeout is a timer of our own: one given to `Atomics.waitAsync` stays in memory (300 bytes, and a place
   * among the timers) until it has run out, although the wait ended long before.
   */
  async waitAsync(seen: number, timeoutMs: number): Promise<void> {
    if (timeoutMs <= 0) return
    const result = Atomics.waitAsync(this.i32, this.bellWord, seen)
    if (!result.async) return
    const timer = this.#wakeAfter(timeoutMs)
    await result.value
    clearTimeout(timer)
  }

  #wakeAfter(ms: number): NodeJS.Timeout | undefined {
    if (ms === Number.POSITIVE_INFINITY) return undefined
    const wake = () => void Atomics.notify(this.i32, this.bellWord)
    return setTimeout(wake, Math.min(ms, TIMER_MAX_MS)).unref()
  }
}
