import type { MatchState, PatternMachine, PatternOutput } from './pattern-machine.ts'
import {
  addWaiting,
  firstTime,
  firstValue,
  newWaitingEvents,
  removeFirst,
  type WaitingEvents,
} from './waiting-events.ts'

/** Everything that is known of one key: plain data, to be kept in checkpoints. */
export interface PatternState {
  readonly matching: MatchState
  /** The events that wait for the watermark. */
  readonly waiting: WaitingEvents
}

/**
 * A pattern over the events of each key, in the order of their times: what an operator needs between its keyed
 * state, its timers and the machine. It keeps nothing itself but what all keys share.
 *
 * In event time, events wait until the watermark has reached them, so that they are matched in the order of their
 * times, and of one time in the order of their arrival. In processing time they are matched as they come.
 */
export class PatternLogic<T = any, M = any> {
  readonly #machine: PatternMachine<T, M>

  constructor(machine: PatternMachine<T, M>) {
    this.#machine = machine
  }

  /** The state of a key that has none. */
  createState(): PatternState {
    return { matching: this.#machine.createState(), waiting: newWaitingEvents() }
  }

  /** Whether the state says no more than a new one: it need not be kept. */
  isEmpty({ matching, waiting }: PatternState): boolean {
    return firstTime(waiting) === Infinity && this.#machine.isEmpty(matching)
  }

  /**
   * Event time: takes an event. It waits for `onWatermark`; one of the watermark's own time, before which all is
   * done, is matched at once. Throws what a condition throws; the event then has not happened.
   *
   * @param watermark the latest: no event before it is to come; ms since the epoch, `-Infinity` before the first
   * @returns false for a late event, one before the watermark: it was not taken
   */
  onEvent(
    state: PatternState,
    value: T,
    timestamp: number,
    watermark: number,
    output: PatternOutput<M>,
  ): boolean {
    if (timestamp < watermark) return false
    if (timestamp === watermark) {
      // All earlier ones have been matched, and of its time it is the last so far.
      this.#machine.advance(state.matching, value, timestamp, output)
      return true
    }
    addWaiting(state.waiting, value, timestamp)
    return true
  }

  /**
   * Event time: matches the events that the watermark has reached, and ends what has run out of time.
   *
   * When a condition throws, so does this. The events before the one at fault are done with; that one is the
   * first of those that wait: calling this again is a retry, calling `skipEvent` first leaves it out.
   */
  onWatermark(state: PatternState, watermark: number, output: PatternOutput<M>): void {
    const { matching, waiting } = state
    for (let time = firstTime(waiting); time <= watermark; time = firstTime(waiting)) {
      if (time === Infinity) break
      this.#machine.advance(matching, firstValue(waiting) as T, time, output)
      removeFirst(waiting)
    }
    this.#machine.expire(matching, watermark, output)
  }

  /** Removes the first event that waits, and returns it: the one on which `onWatermark` threw. */
  skipEvent(state: PatternState): T {
    const value = firstValue(state.waiting) as T
    removeFirst(state.waiting)
    return value
  }

  /**
   * Processing time: matches an event at once. Throws what a condition throws; the event then has not happened.
   *
   * @param now ms since the epoch; a clock that goes back stands still
   */
  onArrival(state: PatternState, value: T, now: number, output: PatternOutput<M>): void {
    const latest = state.matching.partials.at(-1)?.startTime ?? now
    this.#machine.advance(state.matching, value, Math.max(now, latest), output)
  }

  /** Processing time: ends what has run out of time. At the end of input `Infinity` ends whatever has a time limit. */
  onTime(state: PatternState, now: number, output: PatternOutput<M>): void {
    this.#machine.expire(state.matching, now, output)
  }

  /** Whether `onEnd` would tell something. */
  isHolding({ matching }: PatternState): boolean {
    return this.#machine.isHolding(matching)
  }

  /**
   * The end of input, behind the end of time: tells what is complete and has waited for what began before it.
   *
   * @param now the latest time that has passed (ms since the epoch): these matches are told no earlier
   */
  onEnd(state: PatternState, now: number, output: PatternOutput<M>): void {
    this.#machine.end(state.matching, now, output)
  }

  /**
   * The time at which `onWatermark` (event time) or `onTime` (processing time) is to be called next, in ms since
   * the epoch; `Infinity` for none. To be asked again after every other call, since it may come nearer or go away.
   */
  nextTimer({ waiting, matching }: PatternState): number {
    return Math.min(firstTime(waiting), this.#machine.deadline(matching))
  }
}
