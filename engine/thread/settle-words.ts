import type { Bell } from './machine.ts'

/** Words a cache line: what different threads write lies apart. */
const LINE = 32
const ROUND = 0
const BELL = 1
/** Within a thread's line. */
const ANSWER = 0
const ACTIVITY = 1

/** The answer of a thread whose tasks have all ended: it holds for every round. */
const ENDED = -1

/**
 * Where a job's threads say that they have nothing left to do: the shared words of `settled` (see
 * `Settling` for what they prove). Nobody writes here unless the main thread asks.
 *
 * ```
 *   line 0      round     the question: counts from 1, written by the main thread
 *               bell      counts answers, modulo 2^32; the main thread waits on it
 *   line 1 + t  answer    the last round in which thread t was quiet, or -1: it has ended
 *               activity  how often t had moved anything until then; written before `answer`
 * ```
 */
export class SettleWords {
  readonly buffer: SharedArrayBuffer
  /** Rings at each answer, for the main thread; read it before `activities`. Its waits keep no process alive, and have no end of their own. */
  readonly bell: Bell = {
    read: () => Atomics.load(this.#words, BELL),
    waitAsync: async (seen) => {
      const result = Atomics.waitAsync(this.#words, BELL, seen)
      if (result.async) await result.value
    },
  }
  readonly #words: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
  }

  static allocate(threads: number): SettleWords {
    return new SettleWords(new SharedArrayBuffer((1 + threads) * LINE * 4))
  }

  /** The round that is asked for. 0: none yet. */
  get round(): number {
    return Atomics.load(this.#words, ROUND)
  }

  /** The main thread asks for the next round; it then rings all threads. */
  ask(): number {
    return Atomics.add(this.#words, ROUND, 1) + 1
  }

  /** Thread t was quiet, by a look at all its tasks that began after it had loaded `round`. */
  answer(thread: number, round: number, activity: number): void {
    const line = (1 + thread) * LINE
    Atomics.store(this.#words, line + ACTIVITY, activity)
    // Makes visible: the activity, and all that the thread has done until now.
    Atomics.store(this.#words, line + ANSWER, round)
    this.ring()
  }

  /** All tasks of thread t have ended: it will never work again. */
  end(thread: number, activity: number): void {
    this.answer(thread, ENDED, activity)
  }

  /**
   * The activity of all threads as of their answers, or undefined while one has not answered
   * `round`.
   */
  activities(round: number): readonly number[] | undefined {
    const activities: number[] = []
    for (let line = LINE; line < this.#words.length; line += LINE) {
      const answer = Atomics.load(this.#words, line + ANSWER)
      if (answer !== round && answer !== ENDED) return undefined
      activities.push(Atomics.load(this.#words, line + ACTIVITY))
    }
    return activities
  }

  /** Ends a wait of the main thread. */
  ring(): void {
    Atomics.add(this.#words, BELL, 1)
    Atomics.notify(this.#words, BELL)
  }
}
