import { once } from 'node:events'
import type { Machine } from '../thread/machine.ts'
import type { SettleWords } from '../thread/settle-words.ts'
import type { PrintOutput } from './print-output.ts'
import type { StreamInput } from './stream-input.ts'
import type { StreamOutput } from './stream-output.ts'

/** What a job's rest is told from. */
export interface SettlingJob {
  /** Those of the job's present life. */
  readonly words: SettleWords
  /** Wakes all threads that run subtasks. */
  ringAll(): void
  readonly inputs: Iterable<StreamInput>
  readonly outputs: Iterable<StreamOutput>
  readonly prints: Iterable<PrintOutput>
  readonly machine: Pick<Machine, 'turn' | 'park'>
  /** Settles with the job's end. */
  readonly ended: Promise<unknown>
}

/**
 * Tells when a job has come to rest, without asking how long that may take: by a double count.
 *
 * In a *round*, every thread answers once it has looked at all its subtasks, after the round began,
 * and found that nothing moves and nothing is held back: inputs empty, outputs and sinks not
 * pressed, no retry, no promise pending, every idle source asked again. With the answer comes the
 * number of times that it has ever moved anything. Between two rounds the main thread looks at its
 * own sending ends.
 *
 * The job was at rest at a time T between two rounds if no thread has moved anything from its
 * answer in the first to its answer in the second, and at T all that was pushed lay in the rings.
 * For:
 *
 *   - Every thread has answered before T and answers again after T, so at T none is at work, and
 *     none holds anything.
 *   - Whatever lies in a ring at T was sent before T. The second look of its receiver begins after
 *     T, so it would find it, and would move. No receiver did: all rings into subtasks were empty
 *     at T.
 *   - So nothing is left that could make anything move but what comes from outside: a push, a
 *     change of the clock, a source that has found something. What had come before the call has had
 *     its whole effect.
 *
 * One round alone proves nothing: thread A may answer, then get a record from B, which answers when
 * it has sent it. A record in fragments is no exception: the sender holds the rest of it, or the
 * receiver finds it at its second look.
 */
export class Settling {
  readonly #job: SettlingJob
  #last: Promise<void> = Promise.resolve()
  #over = false

  constructor(job: SettlingJob) {
    this.#job = job
    const end = (): void => {
      this.#over = true
      job.words.ring()
    }
    job.ended.then(end, end)
  }

  /**
   * Resolves when the job is at rest, or has ended; rejects when it failed. One call after the
   * other.
   */
  settled(): Promise<void> {
    const settled = this.#last.then(() => this.#settle())
    this.#last = settled.catch(() => {})
    return settled
  }

  /** The job has been started again: what was asked of its last life is asked of the new one. */
  moved(from: SettleWords): void {
    from.ring()
  }

  /** Resolves when all that was accepted so far lies in the rings, or the job has ended. */
  async pushed(): Promise<void> {
    while (!this.#over && !this.#clear()) await this.#job.machine.turn()
  }

  async #settle(): Promise<void> {
    await this.#rest()
    await this.#deliver()
    if (this.#over) await this.#job.ended
  }

  async #rest(): Promise<void> {
    let before: readonly number[] | undefined
    for (;;) {
      const activities = await this.#round()
      if (
        this.#over ||
        (before !== undefined && activities !== undefined && equal(before, activities))
      )
        return
      before = this.#clear() ? activities : undefined
    }
  }

  /** The activity of all threads as of this round; undefined when the job has ended, or was started again, on the way. */
  async #round(): Promise<readonly number[] | undefined> {
    const { words, machine } = this.#job
    const round = words.ask()
    this.#job.ringAll()
    while (!this.#over && words === this.#job.words) {
      const seen = words.bell.read()
      const activities = words.activities(round)
      if (activities !== undefined) return activities
      await machine.park(words.bell, seen, Number.POSITIVE_INFINITY)
    }
    return undefined
  }

  /** Whether all that was pushed so far lies in the rings. */
  #clear(): boolean {
    let clear = true
    for (const input of this.#job.inputs) {
      input.pump()
      if (!input.clear) clear = false
    }
    return clear
  }

  /** Hands what has arrived to those who wait for it, until nobody takes any more. */
  async #deliver(): Promise<void> {
    for (let before = -1; ; ) {
      let moved = false
      for (const end of [...this.#job.outputs, ...this.#job.prints]) if (end.pump()) moved = true
      for (const print of this.#job.prints) if (print.blocked) await once(process.stdout, 'drain')
      await this.#job.machine.turn()
      let read = 0
      for (const output of this.#job.outputs) read += output.read
      if (!moved && read === before) return
      before = read
    }
  }
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.every((value, i) => value === b[i])
}
