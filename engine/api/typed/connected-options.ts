import type { Duration } from '../../../codec/duration.ts'
import type { Key } from '../../../codec/key.ts'
import type { JoinType } from '../../../operators/connected/join-rows.ts'
import type { KeyByFunction } from '../../../operators/contract/function.ts'
import type { ClassOf, Lambda } from '../function-types.ts'
import type { OperatorOptions } from '../options.ts'

/** A key selector of one connected stream. */
export type KeySelector<T, K> = Lambda<T, any, K> | ClassOf<KeyByFunction<T, K>, undefined>

/** The rows of a join: null in the place of a partner that there was none of. */
export type JoinedRow<A, B, J extends JoinType> = J extends 'inner'
  ? [A, B]
  : J extends 'left'
    ? [A, B | null]
    : J extends 'right'
      ? [A | null, B]
      : [A | null, B | null]

interface JoinBounds<J extends JoinType> extends OperatorOptions {
  /** Whose records without a partner are in the result, too. Default `'inner'`: none. */
  readonly joinType?: J
  /**
   * How far apart in time two records may be that match: in event time (both bounds included) where the streams have
   * timestamps, else by the job's clock. A record without a partner comes out when that time has passed, or at
   * the end of input. Default: no bound, and records wait for partners until then.
   */
  readonly within?: Duration
}

/** Joins records of equal keys. */
export interface JoinByKey<Ts extends readonly unknown[], J extends JoinType>
  extends JoinBounds<J> {
  /** The key of a record: one selector for both streams, or one for each. Not needed where they are keyed. */
  readonly keyFn?:
    | KeySelector<Ts[number], Key>
    | { readonly [I in keyof Ts]: KeySelector<Ts[I], Key> }
  readonly condition?: undefined
}

/**
 * Joins the pairs of records for which a condition holds. Compares all of them, in one subtask. Without `within` it keeps every
 * record; the job's log warns of that where a stream may never end.
 */
export interface JoinByCondition<Ts extends readonly unknown[], J extends JoinType>
  extends JoinBounds<J> {
  readonly condition: (left: Ts[0], right: Ts[1]) => unknown
  readonly keyFn?: undefined
}

/** Options of `process` on connected streams. */
export interface ConnectedProcessOptions extends OperatorOptions {
  /** How many records of each input a call sees at most; batches of `synchronize` are whole. Default 1024. */
  readonly maxBatch?: number
}

/** How `window` cuts time: durations of whole milliseconds. Windows of a size begin at multiples of it since the epoch. */
export type ConnectedWindowOptions =
  | { readonly type: 'tumbling'; readonly size: Duration }
  /** Windows of `size`, one every `slide` (at most the size). */
  | { readonly type: 'sliding'; readonly size: Duration; readonly slide: Duration }
  /** Windows that end when nothing has come for `timeout`. */
  | { readonly type: 'session'; readonly timeout: Duration }

/** What `synchronize` brings together. */
export type SynchronizeOptions<T> =
  | {
      /**
       * All records whose timestamps are within `tolerance` of the oldest unread one, once every input's watermark has passed
       * that.
       */
      readonly type: 'timestamp'
      readonly tolerance: Duration
      /** The time of a record (ms since the epoch), rising within each input. Default: the timestamps assigned. */
      readonly timestamp?: (value: T) => number
    }
  | {
      /** Everything up to one marker in every input. What no marker follows is one last batch. */
      readonly type: 'event'
      /** Whether a record is a marker. */
      readonly isMarker: (value: T) => unknown
      /** Whether batches hold their markers, last of their input. Default false. */
      readonly keepMarkers?: boolean
    }

/** Options of `setErrorThreshold`. */
export interface ErrorThresholdOptions {
  /** So many records may fail for good within the window; one more fails the job. */
  readonly maxErrors: number
  /** The length of the window, which slides with the job's clock. */
  readonly timeWindow: Duration
}

/** Options of `configureBackpressure`. */
export interface BackpressureOptions {
  /**
   * What happens to an input stream whose operator does not keep up.
   *
   * - `'block'`: no more is taken in upstream until there is room. What happens without this, too.
   * - `'buffer'`: `bufferSize` records may wait before that.
   * - `'drop'`: `bufferSize` records may wait; of more, some are left out, and counted as `dropped` of the operator.
   */
  readonly strategy: 'block' | 'drop' | 'buffer'
  /**
   * For `'drop'`: which records are left out. `'newest'` (default): those that come while the buffer is full. `'oldest'`:
   * those that have waited longest, up to a sixteenth of the buffer at a time, so that the latest get through.
   */
  readonly drop?: 'newest' | 'oldest'
  /** Records that may wait beside those in the ring, per subtask and input. Default 1024; 1 for `'block'`. */
  readonly bufferSize?: number
  /** How long it may block before the job fails with `SAGE_TIMEOUT`. Default: for ever. Without effect on `'drop'`. */
  readonly timeout?: Duration
}
