import type { HistogramSnapshot } from '../../operators/contract/histogram.ts'
import type { GaugeSummary } from '../../operators/contract/user-metrics.ts'

/** Of what flows into a subtask, and out of it. */
export interface InAndOut {
  readonly input: number
  readonly output: number
}

/** The numbers that a subtask and an operator have in common. */
export interface CommonMetrics {
  /** Records that arrived; 0 for sources. */
  readonly recordsIn: number
  /** Records that went on, to any output; what was sent to several consumers counts once. */
  readonly recordsOut: number
  /** Bytes of records that were read from rings: 0 where all inputs are fused. Equal to what the senders sent, once read. */
  readonly bytesIn: number
  /** Bytes of records that were encoded for rings, once for each receiver: 0 where all outputs are fused. */
  readonly bytesOut: number
  /** Records that failed for good, whatever the policy did with them: `failed` + `skipped` + `deadLettered`. */
  readonly errors: number
  /** Errors that ended the job. */
  readonly failed: number
  /** Errors whose record was left out. */
  readonly skipped: number
  /** Errors whose record became a dead letter. */
  readonly deadLettered: number
  /** Calls that were made again. */
  readonly retries: number
  /** Records left out without an error: null elements of sources, records for a reader that has left, late records, records for a full buffer of `configureBackpressure`. */
  readonly dropped: number
  /** Records that the operator holds at present: they wait for a retry, for room in an asynchronous sink, or for its promise. */
  readonly pending: number
  /** Milliseconds in which the subtask ran, or waited for its own promises and retries. Of the whole chain: see `OperatorMetrics.chain`. */
  readonly busyMs: number
  /** Milliseconds without anything to do. */
  readonly idleMs: number
  /** Milliseconds in which a full ring behind it kept the subtask from working. */
  readonly backpressuredMs: number
  /** Milliseconds in which it had work, while its thread ran another subtask or the event loop. */
  readonly runnableMs: number
  /** How full the fullest of its rings is, 0 to 1. */
  readonly ringFill: InAndOut
  /** Records between this operator and its neighbours: in rings, or refused by a full one; at the main thread's ends also those that wait there. */
  readonly queue_sizes: InAndOut
  /** The spec's name: records processed without a failure. `recordsIn - errors`; of a source `recordsOut`. */
  readonly events_processed: number
  /** The spec's name for `errors`. */
  readonly events_failed: number
  /** The spec's name for `busyMs`. */
  readonly processing_time_ms: number
  /** The users' counters, by name. */
  readonly counters: Readonly<Record<string, number>>
  /** The users' histograms, by name. */
  readonly histograms: Readonly<Record<string, HistogramSnapshot>>
}

/** The numbers of one subtask of an operator. */
export interface SubtaskMetrics extends CommonMetrics {
  /** The users' gauges that have a value, by name. */
  readonly gauges: Readonly<Record<string, number>>
}

/** The numbers of one operator: sums over its subtasks; of `ringFill` the highest. */
export interface OperatorMetrics extends CommonMetrics {
  readonly name: string
  readonly uid?: string
  /** The method that made it. */
  readonly kind: string
  readonly parallelism: number
  /** Which chain it runs in, as `job.explain()` numbers them. Operators of one chain are one function: they share its times. */
  readonly chain: number
  /** The users' gauges, over the subtasks that gave them a value. */
  readonly gauges: Readonly<Record<string, GaugeSummary>>
  readonly subtasks: readonly SubtaskMetrics[]
}
