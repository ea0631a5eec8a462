import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'

/**
 * How far event time is known to have come, from the timestamps seen so far: the watermark is the highest of them less
 * `outOfOrdernessMs`. Made by {@link watermarks}.
 */
export class WatermarkStrategy {
  /** How much later than the highest timestamp a record may still come, in ms. */
  readonly outOfOrdernessMs: number
  /** A partition without records for so long does not hold the others up, in ms; Infinity: it does. */
  readonly idlenessMs: number

  constructor(outOfOrdernessMs: number, idlenessMs = Number.POSITIVE_INFINITY) {
    this.outOfOrdernessMs = outOfOrdernessMs
    this.idlenessMs = idlenessMs
  }

  /**
   * The same, for sources of which a partition may have nothing to give for a while: after `d` (of the job's clock)
   * without records it is idle, and event time goes on without it until its next record. A source that is
   * not asked, because the job cannot take more, is not idle.
   *
   * @throws StreamError `SAGE_OPTION` for what is no duration > 0
   */
  withIdleness(d: Duration): WatermarkStrategy {
    const ms = durationMs(d, 'withIdleness')
    if (ms > 0) return new WatermarkStrategy(this.outOfOrdernessMs, ms)
    throw new StreamError(
      'SAGE_OPTION',
      `withIdleness: expected a duration greater than 0, got ${describe(d)}`,
    )
  }
}

/**
 * The watermark strategies. A watermark W promises that no record with an earlier timestamp follows (Akidau et al., "The
 * Dataflow Model", VLDB 2015; as in Flink, but that W itself may follow: W = highest timestamp - d). It is kept per
 * partition of the source where timestamps are assigned right behind it, and is the minimum downstream.
 */
export const watermarks = {
  /**
   * Records come at most `d` later, in event time, than the latest so far.
   *
   * @throws StreamError `SAGE_OPTION` for what is no duration
   */
  boundedOutOfOrderness(d: Duration): WatermarkStrategy {
    return new WatermarkStrategy(durationMs(d, 'boundedOutOfOrderness'))
  },

  /** Timestamps never fall within a partition. */
  monotonic(): WatermarkStrategy {
    return new WatermarkStrategy(0)
  },
}
