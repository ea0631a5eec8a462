import type { Spill } from '../channel/output-channel.ts'
import type { Doorbell } from '../ring/doorbell.ts'
import { LOOP_STAGE, type LoopWords } from './loop-words.ts'

/**
 * What of a loop may wait on the heap before its ordinary inputs wait: enough for loops that always hold many records, so
 * that these do not starve their inputs, and little beside a thread's heap.
 */
const SPILLED_BYTES_MAX = 16 * 2 ** 20

/** What of a subtask tells whether its loop is empty. */
export interface Member {
  /**
   * After a look at all of its inputs found nothing: whether it holds nothing either, no promise or timer is pending, and its
   * ordinary inputs have ended.
   */
  readonly atRest: boolean
}

/**
 * One subtask's part in ending its feedback loop, by a double count. In a *round*, every member answers once it has looked at
 * all its inputs, after the round began, and found that nothing moves and nothing is held back: its ordinary inputs have
 * ended, outputs have taken all, no retry, promise or timer of the job's clock is pending. With the answer comes the number
 * of times that it has ever moved anything. The first member leads: it asks, and compares.
 *
 * Nothing circulates if no member has moved anything from its answer in one round to its answer in the next:
 *
 *   - The first round was answered by all when the leader asked for the second, at a time T. So at T none was at work, and
 *     none held anything.
 *   - Whatever lay in a ring at T was sent before T. The second look of its receiver began after T, so it would have found
 *     it, and moved.
 *   - So at T all rings were empty, and nothing can come: what is outside has ended.
 *
 * Event-time timers and windows do not count: only the end of time, which follows, fires them.
 *
 * A checkpoint falls either before all that or behind it, when nothing circulates any more: for state that has had the end
 * of its input, and late records on their way, could not begin anew. So the subtasks where the loop begins *hold* it in
 * its stage from when they hear of the checkpoint until they have had their part; all have heard before any of them begins,
 * so all find the same stage. Barriers are moved as records are: while one goes round, nothing ends.
 */
export class LoopMember {
  readonly words: LoopWords
  readonly #member: number
  readonly #bells: readonly Doorbell[]
  /** How often this member has moved anything. */
  #activity = 0
  /** Loaded before the look at hand began. */
  #round = 0
  #answered = 0
  /** The leader's: what was answered in the round before. */
  #before: readonly number[] | undefined
  /** As of the beginning of this step. */
  stage: number = LOOP_STAGE.running

  /** @param bells - of all threads that have members */
  constructor(words: LoopWords, member: number, bells: readonly Doorbell[]) {
    this.words = words
    this.#member = member
    this.#bells = bells
  }

  /** A step begins. */
  begin(): void {
    this.#round = this.words.round
    this.stage = this.words.stage
  }

  /** Whether the loop has begun to end since this step began: what comes round was emitted by its end. */
  get turned(): boolean {
    return this.words.stage !== this.stage
  }

  /** The step has moved something. */
  moved(): void {
    this.#activity = (this.#activity + 1) | 0
  }

  /** The step has moved nothing. True when something has come of that: an answer, a question, a stage. */
  rest(member: Member): boolean {
    if (this.stage === LOOP_STAGE.over || !member.atRest) return false
    const leads = this.#member === 0
    const asked = this.#answered !== this.#round
    if (asked) {
      this.#answered = this.#round
      this.words.answer(this.#member, this.#round, this.#activity)
      if (!leads) this.#bells[0].ring()
    }
    return (leads && this.#lead()) || asked
  }

  /** Whether the loop's ordinary inputs are to wait: what circulates comes first. */
  get full(): boolean {
    return this.words.spilledBytes > SPILLED_BYTES_MAX
  }

  /** For the senders that close the loop. */
  readonly spill: Spill = {
    put: (bytes) => this.words.spilled(bytes),
    sent: (bytes) => {
      const wasFull = this.full
      this.words.sent(bytes)
      if (wasFull && !this.full) this.#ringAll()
    },
  }

  #lead(): boolean {
    const activities = this.#round === 0 ? undefined : this.words.activities(this.#round)
    if (activities === undefined && this.#round > 0) return false
    const empty = activities?.every((activity, member) => activity === this.#before?.[member])
    const entered = empty === true && this.words.enter(this.stage, this.stage + 1)
    this.#before = entered ? undefined : activities
    if (this.words.stage !== LOOP_STAGE.over) this.words.ask()
    this.#ringAll()
    return true
  }

  #ringAll(): void {
    for (const bell of this.#bells) bell.ring()
  }
}
