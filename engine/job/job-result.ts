import type { DeadLetter } from '../../operators/contract/error-policy.ts'
import type { OperatorMetrics } from '../metrics/operator-metrics.ts'

/** Where a job stands. */
export type JobStatus =
  | 'created'
  | 'running'
  | 'restarting'
  | 'finished'
  | 'stopped'
  | 'cancelled'
  | 'failed'

/** What a job leaves behind. */
export interface JobResult {
  readonly status: JobStatus
  /** From submit to the end, in ms. */
  readonly durationMs: number
  /** How often it was started again after a failure. */
  readonly restarts: number
  /** In graph order; what was counted since the last start. */
  readonly operators: readonly OperatorMetrics[]
  /** Records that failed for good under `{ deadLetter: true }` and had no `deadLetters()` stream: at most 10,000. */
  readonly deadLetters: readonly DeadLetter[]
  /** How many more there were. */
  readonly deadLettersDropped: number
}
