import type { Duration } from '../../codec/duration.ts'
import type { ErrorPolicy } from '../../operators/contract/error-policy.ts'

/** What every operator takes last, merged into its own options where it has any. */
export interface OperatorOptions {
  /**
   * Shown in results, errors and `explain()`. Default: the class's name, else the method's.
   * Duplicates get `_1`, `_2`.
   */
  readonly name?: string
  /** Ties the operator's state to it across changes of the program. Unique in the environment. */
  readonly uid?: string
  /** How many subtasks run it. Default: that of its input. */
  readonly parallelism?: number
  /** What happens to a record on which user code fails. Default: that of the environment. */
  readonly errors?: ErrorPolicy
}

/** Options of `sink`. */
export interface SinkOptions extends OperatorOptions {
  /** The most promises in flight per subtask. Default 1: in order. */
  readonly capacity?: number
}

/** Options of `output`. */
export interface OutputOptions extends OperatorOptions {
  /** How many records may wait for their reader. Default 1024. */
  readonly capacity?: number
}

/** Options of `createStream`. */
export interface InputOptions<S = unknown> extends OperatorOptions {
  /** Checks what is pushed and lets it cross threads as FlatBuffers tables. */
  readonly schema?: S
  /** How many pushed records may wait. Default 1024. */
  readonly capacity?: number
}

/** How functions get the records of a stream with a schema. */
export type ReadAs = 'object' | 'view'

/** Options of `withSchema`. */
export interface SchemaOptions<Read extends ReadAs = ReadAs> extends OperatorOptions {
  /**
   * How the next operators get the records: as plain objects (default), or as views that read them
   * where they lie (`View`). Where an operator runs fused behind this one, or may keep its records
   * (state, batches, windows, async sinks), it gets plain objects all the same.
   */
  readonly read?: Read
}

/** Options of `foldFinal`. */
export interface FoldOptions<S> extends OperatorOptions {
  /**
   * Joins two accumulators of one key. With it, sending subtasks fold what they have before it
   * crosses threads; it must give what folding the records of both would.
   */
  readonly merge?: (a: S, b: S) => S | null
}

/** Options of `intervalJoin`. */
export interface IntervalOptions extends OperatorOptions {
  /** How much earlier than a record its partners may be. Default 0. */
  readonly before?: Duration
  /** How much later. Default 0. */
  readonly after?: Duration
}

/**
 * How `keyBy` deals records out.
 *
 * - `'hash'`: all records of a key to one subtask.
 * - `'custom'`: as `partition(key, n)` says.
 * - `'round_robin'`: in turn, from subtask 0, per sender. The stream is not keyed, but `ctx.key` is
 *   set.
 * - `'broadcast'`: each to all subtasks of the next operator. Not keyed either.
 */
export type KeyByStrategy = 'hash' | 'round_robin' | 'broadcast' | 'custom'

/** Options of `keyBy`. */
export interface KeyByOptions<K, O = never> extends OperatorOptions {
  /** For strategy `'custom'`: the receiving subtask, `0 <= index < n`. */
  readonly partition?: (key: K, n: number) => number
  /** For a `KeyByFunction` class: what its constructor gets. */
  readonly options?: O
}
