import { StreamError } from '../../codec/errors.ts'
import type { OperatorContext } from '../contract/operator.ts'
import type { SlotInputs } from './slot-inputs.ts'

/** How `process` aligns its inputs. */
export type Alignment =
  | { readonly type: 'timestamp'; readonly toleranceMs: number }
  | {
      readonly type: 'event'
      readonly isMarker: (value: any) => unknown
      readonly keepMarkers: boolean
    }

/** Holds records back until those that belong together have come. */
export interface Aligner {
  /**
   * The record at hand has come through `input`. True: a batch is ready. What it throws leaves the inputs as they
   * were.
   */
  take(inputs: SlotInputs, slot: number, input: number, value: unknown): boolean
  /** The timer of this slot has fired: a batch becomes ready. */
  release(inputs: SlotInputs, slot: number): void
  /** All inputs have ended and all timers have fired: the next batch of what is left becomes ready. False: nothing is. */
  releaseLast(inputs: SlotInputs): boolean
}

export function alignerOf(alignment: Alignment, context: OperatorContext): Aligner {
  return alignment.type === 'timestamp'
    ? new TimestampAligner(alignment.toleranceMs, context)
    : new MarkerAligner(alignment, context)
}

/** All records within the tolerance of the oldest one, once every input's watermark has passed that. */
class TimestampAligner implements Aligner {
  readonly #toleranceMs: number
  readonly #context: OperatorContext

  constructor(toleranceMs: number, context: OperatorContext) {
    this.#toleranceMs = toleranceMs
    this.#context = context
  }

  take(inputs: SlotInputs, slot: number, input: number, value: unknown): boolean {
    const { scope, keyed } = this.#context
    const { timestamp } = scope
    if (Number.isNaN(timestamp)) throw noTimestamp()
    const before = oldest(inputs)
    inputs.openRound(input).insert(value, timestamp)
    if (timestamp >= before) return false
    keyed.eventTimers.register(slot, this.#dueAt(timestamp))
    if (before < Number.POSITIVE_INFINITY) keyed.eventTimers.delete(slot, this.#dueAt(before))
    return false
  }

  release(inputs: SlotInputs, slot: number): void {
    const end = oldest(inputs) + this.#toleranceMs
    for (const [input, ready] of inputs.ready.entries()) {
      const waiting = inputs.openRound(input)
      let count = 0
      while (count < waiting.size && waiting.timeAt(count) <= end) count++
      waiting.moveTo(ready, count)
    }
    const next = oldest(inputs)
    if (next === Number.POSITIVE_INFINITY) return
    this.#context.keyed.eventTimers.register(slot, this.#dueAt(next))
  }

  releaseLast(): boolean {
    return false
  }

  /** A watermark still lets records of its own time through: the tolerance is over behind it. */
  #dueAt(timestamp: number): number {
    return timestamp + this.#toleranceMs + 1
  }
}

/** Everything up to one marker in every input. */
class MarkerAligner implements Aligner {
  readonly #isMarker: (value: any) => unknown
  readonly #keepMarkers: boolean
  readonly #context: OperatorContext

  constructor(
    { isMarker, keepMarkers }: Extract<Alignment, { type: 'event' }>,
    context: OperatorContext,
  ) {
    this.#isMarker = isMarker
    this.#keepMarkers = keepMarkers
    this.#context = context
  }

  take(inputs: SlotInputs, _: number, input: number, value: unknown): boolean {
    const marker = Boolean(this.#isMarker(value))
    if (!marker || this.#keepMarkers)
      inputs.openRound(input).push(value, this.#context.scope.timestamp)
    if (!marker) return false
    inputs.closeRound(input)
    return inputs.rounds.every((rounds) => rounds.length > 1) && takeRound(inputs)
  }

  release(): void {}

  releaseLast(inputs: SlotInputs): boolean {
    while (inputs.rounds.some((rounds) => rounds.length > 0)) if (takeRound(inputs)) return true
    return false
  }
}

/** The first round of every input becomes ready. Whether there is anything in it. */
function takeRound({ rounds, ready }: SlotInputs): boolean {
  let any = false
  for (const [input, queues] of rounds.entries()) {
    const queue = queues.shift()
    if (queue === undefined || queue.size === 0) continue
    queue.moveTo(ready[input], queue.size)
    any = true
  }
  return any
}

/** The least timestamp of what waits; Infinity: nothing does. */
function oldest({ rounds }: SlotInputs): number {
  let least = Number.POSITIVE_INFINITY
  for (const [queue] of rounds)
    if (queue !== undefined && queue.size > 0) least = Math.min(least, queue.timeAt(0))
  return least
}

function noTimestamp(): StreamError {
  return new StreamError(
    'SAGE_TIMESTAMP',
    'synchronize: expected records with timestamps, got one without; ' +
      "assign them to every input (assignTimestamps), or name them by synchronize's option timestamp",
  )
}
