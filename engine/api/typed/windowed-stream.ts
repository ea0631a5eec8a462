import type { Duration } from '../../../codec/duration.ts'
import type { Collector, OutputTag } from '../../../operators/contract/function.ts'
import type { Trigger } from '../../../operators/window/trigger.ts'
import type { Window, WindowResult } from '../../../operators/window/window.ts'
import type { WindowAggregate } from '../../../operators/window/window-contents.ts'
import type { Sync } from '../function-types.ts'
import type { OperatorOptions } from '../options.ts'
import type { Comparable, StreamKinds } from './stream-kinds.ts'

/**
 * A keyed stream in windows: `keyed.window(assigner)`, then how late records are treated and when windows fire, then what
 * becomes of their records. Each method gives a new object or the stream of results.
 *
 * A window is `[start, end)` and fires when the watermark reaches `end`. Watermarks are Flink's, per partition of the source
 * (`assignTimestamps`), not Bytewax's, which are per key. Where no timestamps are assigned, windows are of processing
 * time, by the job's clock. At the end of input all windows fire that have not.
 *
 * A result is `{ key, start, end, value }` and has the timestamp `end - 1`. Results of one key come in the order of time.
 */
export interface WindowedStream<K, T> {
  /**
   * How long a window of event time is kept behind its end: a record that comes meanwhile makes it fire again. Default 0.
   *
   * @throws StreamError `SAGE_OPTION` for what is no duration
   */
  allowedLateness(d: Duration): WindowedStream<K, T>
  /**
   * Where late records go, those all of whose windows have `end + allowed lateness <= watermark`: read them with
   * `sideOutput(tag)` of the stream of results. They are counted (`dropped`) with and without it.
   *
   * @throws StreamError `SAGE_OPTION` for what is no tag
   */
  lateOutput(tag: OutputTag<T>): WindowedStream<K, T>
  /**
   * When windows fire. Default: at their end, `triggers.eventTime()` or `.processingTime()`.
   *
   * @throws StreamError `SAGE_OPTION` for what is no trigger, for count windows, and for `eventTime()` without timestamps
   */
  trigger(trigger: Trigger): WindowedStream<K, T>

  /** The records of each window as one value: see {@link WindowAggregate}. */
  aggregate<A, R = A>(
    aggregate: WindowAggregate<T, A, R>,
    options?: OperatorOptions,
  ): StreamKinds<K, WindowResult<K, NonNullable<R>>>['keyed']
  /**
   * The records of each window, combined two by two. The function must be associative; it may change its first argument in
   * place, which is never one of the stream's records.
   */
  reduce(
    fn: (accumulator: T, value: T) => T,
    options?: OperatorOptions,
  ): StreamKinds<K, WindowResult<K, T>>['keyed']
  /** The number of records of each window. */
  count(options?: OperatorOptions): StreamKinds<K, WindowResult<K, number>>['keyed']
  /** The sum of what `by(record)` gives, numbers or bigints. */
  sum<N extends number | bigint>(
    by: (value: T) => N,
    options?: OperatorOptions,
  ): StreamKinds<K, WindowResult<K, N extends bigint ? bigint : number>>['keyed']
  /** The least of what `by(record)` gives. */
  min<V extends Comparable>(
    by: (value: T) => V,
    options?: OperatorOptions,
  ): StreamKinds<K, WindowResult<K, V>>['keyed']
  /** The greatest of what `by(record)` gives. */
  max<V extends Comparable>(
    by: (value: T) => V,
    options?: OperatorOptions,
  ): StreamKinds<K, WindowResult<K, V>>['keyed']
  /** All records of each window, in order of arrival. Windows that overlap share them: they are not to be changed. */
  toArray(options?: OperatorOptions): StreamKinds<K, WindowResult<K, T[]>>['keyed']
  /**
   * Calls the function with each window that fires and all of its records, in order of arrival; what it emits has the
   * window's timestamp.
   */
  process<R = any, V = unknown>(
    fn: (key: K, window: Window, values: T[], out: Collector<R>) => V & Sync<V>,
    options?: OperatorOptions,
  ): StreamKinds<K, R>['keyed']
}
