/** A number of the user's that only grows: how many, how much. One per subtask; readers add them up. */
export interface Counter {
  /** Adds `n`, a finite number >= 0 (default 1). Throws `SAGE_USER_ERROR` for anything else. */
  inc(n?: number): void
  /** What this subtask has counted so far. */
  readonly value: number
}

/** A number of the user's that goes up and down: how deep, how old. */
export interface Gauge {
  /** Throws `SAGE_USER_ERROR` for anything but a number. */
  set(value: number): void
  /** What was set or sampled last; `undefined` before. */
  readonly value: number | undefined
}

/**
 * A distribution of the user's: how long, how large. Values are counted in buckets, 32 to a power of two, so a
 * percentile is within 1.6 % of a recorded value; count, sum, min and max are exact.
 */
export interface Histogram {
  /** Records a finite number >= 0. Throws `SAGE_USER_ERROR` for anything else. */
  record(value: number): void
}

/**
 * The user's metrics of one operator on one subtask: `ctx.metrics`. They live in memory that the job's threads
 * share, so `job.metrics()` reads them without asking a worker.
 *
 * In a class, make them in `open()` and keep them: there a name that the operator has already is
 * `SAGE_DUPLICATE_NAME`. A lambda has no `open`: within a call, a name that exists already for the same kind of metric
 * gives that metric; for another kind it is `SAGE_DUPLICATE_NAME`, too.
 *
 * Throws `SAGE_OPTION` for a name that is no string or empty, `SAGE_MEMORY` when the job's memory for user metrics
 * (`memory.metricsBytes`) is used up.
 */
export interface MetricGroup {
  /** A number that only grows. */
  counter(name: string): Counter
  /**
   * A gauge that is set; or, with `sample`, one whose value that function tells. It is called on the subtask's
   * thread: at most every 100 ms while the subtask works, within 100 ms of its last work, and at its end, before `close()`. What it throws
   * is logged as a warning, once, and leaves the gauge without a value.
   */
  gauge(name: string, sample?: () => number): Gauge
  /** A distribution. */
  histogram(name: string): Histogram
}

/** The kinds of user metrics. */
export type MetricKind = 'counter' | 'gauge' | 'histogram'
