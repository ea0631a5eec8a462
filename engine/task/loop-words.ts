import type { Arena } from '../ring/arena.ts'

/** Words a line, of 64 bytes: what different threads write lies apart. */
const LINE = 16
const STAGE = 0
const ROUND = 1
const SPILLED = 2
/** One hold, in the word of the stage. */
const HOLD = 4
/** Within a member's line. */
const ANSWER = 0
const ACTIVITY = 1

/** What a loop has come to; only its leader moves it on. */
export const LOOP_STAGE = {
  /** Records come from outside, or circulate. */
  running: 0,
  /** Nothing circulates: the end of input passes through the body, and what that emits circulates once more. */
  ending: 1,
  /** Nothing circulates any more. */
  over: 2,
} as const

/**
 * The shared words of one feedback loop, by which the subtasks in it tell that nothing circulates. `LoopMember` says what
 * they prove.
 *
 * ```
 *   line 0      stage     see LOOP_STAGE; written by the leader; behind its two bits: how many checkpoints' beginnings hold it
 *               round     the question: counts from 1, written by the leader
 *               spilled   what waits on the heap for a place in the rings that close the loop, in units of 256 bytes; each
 *                         sender adds what it puts there and takes off what it has sent
 *   line 1 + m  answer    the last round in which member m had nothing to do; written by m
 *               activity  how often m had moved anything until then, modulo 2^32; written by m before `answer`
 * ```
 *
 * All loads and stores are sequentially consistent: who loads an answer sees the activity, and all that the member had put
 * into rings when it gave it; who loads a stage sees that nothing circulated when it was set.
 */
export class LoopWords {
  readonly #words: Int32Array
  readonly #base: number
  readonly #members: number

  /** @param offset - of line 0, in bytes */
  constructor(arena: Arena, offset: number, members: number) {
    this.#words = arena.i32
    this.#base = offset >> 2
    this.#members = members
  }

  get stage(): number {
    return Atomics.load(this.#words, this.#base + STAGE) & (HOLD - 1)
  }

  /** The leader goes from one stage to the next. False: somebody holds the loop in its stage. */
  enter(stage: number, next: number): boolean {
    return Atomics.compareExchange(this.#words, this.#base + STAGE, stage, next) === stage
  }

  /** Until `letGo`, the loop stays in its stage. */
  hold(): void {
    Atomics.add(this.#words, this.#base + STAGE, HOLD)
  }

  letGo(): void {
    Atomics.sub(this.#words, this.#base + STAGE, HOLD)
  }

  get round(): number {
    return Atomics.load(this.#words, this.#base + ROUND)
  }

  /** The leader asks for the next round; it then rings all threads that have members. */
  ask(): void {
    Atomics.add(this.#words, this.#base + ROUND, 1)
  }

  /** Member m had nothing to do, by a look at all its inputs that began after it had loaded `round`. */
  answer(member: number, round: number, activity: number): void {
    const line = this.#base + (1 + member) * LINE
    Atomics.store(this.#words, line + ACTIVITY, activity)
    Atomics.store(this.#words, line + ANSWER, round)
  }

  /** The activity of all members as of their answers; undefined while one has not answered `round`. */
  activities(round: number): number[] | undefined {
    const activities: number[] = []
    for (let member = 0; member < this.#members; member++) {
      const line = this.#base + (1 + member) * LINE
      if (Atomics.load(this.#words, line + ANSWER) !== round) return undefined
      activities.push(Atomics.load(this.#words, line + ACTIVITY))
    }
    return activities
  }

  /** What waits on the heap, in bytes. */
  get spilledBytes(): number {
    return Atomics.load(this.#words, this.#base + SPILLED) * 256
  }

  /** A frame of so many bytes now waits on the heap. */
  spilled(bytes: number): void {
    Atomics.add(this.#words, this.#base + SPILLED, (bytes + 255) >> 8)
  }

  /** It has gone out. */
  sent(bytes: number): void {
    Atomics.sub(this.#words, this.#base + SPILLED, (bytes + 255) >> 8)
  }
}
