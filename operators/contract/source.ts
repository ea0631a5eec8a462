/** A value, or a promise of one. */
export type Awaitable<T> = T | Promise<T>

/** What a source returns for "nothing yet": it is asked again after 1 ms, or at `ctx.wake()`. */
export const IDLE: unique symbol = Symbol.for('sage-stream.IDLE')

/**
 * The contract of every replayable source.
 *
 * The coordinator calls `partitions()` once, before any record flows, and shares the names out over the
 * source's subtasks; each partition is opened on exactly one of them and never read twice.
 *
 * @typeParam T - the records
 * @typeParam P - a position inside a partition: plain data (API 1) from which `open` can continue
 */
export interface PartitionedSource<T, P = unknown> {
  /**
   * The names of the partitions, the same ones whenever it is asked during one run. A job that resumes reads the named ones
   * from the positions in its checkpoint; one that has a new name is read from its beginning.
   *
   * @param known - the partitions that the checkpoint has positions of, where a job resumes: a source that divides itself by
   *   its parallelism keeps to them
   */
  partitions(known?: readonly string[]): Awaitable<string[]>
  /** Opens one partition, at `position` (of the next unread record) or at its beginning. */
  open(partition: string, position?: P): Awaitable<PartitionReader<T, P>>
}

/** Reads one partition. One call at a time: `next` is not called again before its promise has settled. */
export interface PartitionReader<T, P = unknown> {
  /**
   * Up to `max` records (more than none), `IDLE` for nothing yet, or `null` at the end of the partition.
   * The array belongs to the caller from then on. `null` and `undefined` elements are skipped and counted as `dropped`.
   * What it throws goes through the operator's `errors` policy; when that lets the job go on, `next` is called again, so a
   * reader that fails on one broken record must have moved past it before it throws.
   */
  next(max: number): Awaitable<T[] | typeof IDLE | null>
  /**
   * When the records of the last `next` happened, one each (ms since the epoch), where the source knows it: read by
   * `assignTimestamps(strategy)`.
   */
  readonly timestamps?: ArrayLike<number>
  /** The position of the next unread record: what `open` needs to continue behind all that `next` has returned. */
  position(): P
  /** Called once, at the end, at a stop and after a failure. */
  close?(): Awaitable<void>
}
