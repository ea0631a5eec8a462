import type { Duration } from '../../codec/duration.ts'
import type { ErrorPolicy } from '../../operators/contract/error-policy.ts'
import type { OutputTag } from '../../operators/contract/function.ts'
import type { CollectInto } from '../../operators/keyed-window/collect-logic.ts'
import type { JoinEmitMode, JoinInsertMode } from '../../operators/stateful/join-table.ts'

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

/** Options of `asyncMap`. */
export interface AsyncOptions extends OperatorOptions {
  /**
   * The most records per subtask that are called and whose results have not left. Default 100. With so many under way, no further
   * input is taken.
   */
  readonly capacity?: number
  /**
   * Whether results leave in the order of the records (default: true). Else as they settle, but not past a watermark: a record
   * that came behind one does not leave before those that came ahead of it.
   */
  readonly ordered?: boolean
  /**
   * How long the promise of one call may take, in real time; then the call has failed (`SAGE_TIMEOUT`) and what it still gives is
   * ignored. Default `'30s'`.
   */
  readonly timeout?: Duration
  /**
   * A call that failed or took too long is made again so often at once. Only then `errors` decides, which may retry further, with
   * a `backoff`. Default 0.
   */
  readonly retries?: number
}

/** Options of `enrichCached`. */
export interface EnrichOptions extends AsyncOptions {
  /**
   * How old what was looked up may be, by the job's clock; when it is older it is looked up again. Default: for ever.
   */
  readonly ttl?: Duration
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
  /**
   * Whether what was accepted since the last complete checkpoint is kept on the main thread, as it was encoded, and fed again
   * when the job starts again inside the process: then such a restart loses none of it, and counts none twice in the job's state.
   * Each complete checkpoint releases what it holds. At most 64 MiB (and a frame) are kept: then a checkpoint is asked for, and
   * pushes wait until it is complete.
   *
   * An `ask` that is in flight at the failure rejects; its record, once accepted, is fed again as all others are, and what
   * comes of it is dropped at the output. It is nothing against the loss of the process. Without `checkpoint` in the configuration
   * nothing is kept.
   *
   * Default false: what was accepted since then is lost, and counted as `dropped` of the stream.
   */
  readonly replay?: boolean
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

/** Options of `foldWindow`. */
export interface WindowOptions extends OperatorOptions {
  /**
   * Whether records go into their windows by their timestamps, once the key's watermark has reached
   * them, and of equal ones by arrival; else as they come. Default true.
   */
  readonly ordered?: boolean
}

/** Options of `collectWindow`. */
export interface CollectWindowOptions<I extends CollectInto = CollectInto> extends WindowOptions {
  /** Default `'array'`. */
  readonly into?: I
}

/** Options of `joinWindow`. */
export interface JoinWindowOptions<E extends JoinEmitMode = JoinEmitMode> extends WindowOptions {
  /**
   * Which of a side's values stay. Default `'last'`. Of merged sessions `'first'` keeps the values of
   * the earlier one, `'last'` those of the later one.
   *
   * - `'first'`: the first; later ones are ignored.
   * - `'last'`: each replaces the one before.
   * - `'product'`: all; rows are all combinations, in which the first side varies slowest.
   */
  readonly insertMode?: JoinInsertMode
  /**
   * When rows are emitted. Default `'final'`.
   *
   * - `'final'`: when the window closes, null for a side without a value.
   * - `'complete'`: once every side has a value; then the window begins anew, as long as it is open.
   * - `'running'`: all rows of the window after every record and every merge of sessions.
   */
  readonly emitMode?: E
}

/** Options of `collect`. */
export interface CollectOptions extends OperatorOptions {
  /** A list is emitted when no record has come for so long. Counted from the last record. */
  readonly timeout: Duration
  /** A list is emitted when it has so many records: an integer >= 1. */
  readonly maxSize: number
}

/** Options of `join`. */
export interface JoinOptions<E extends JoinEmitMode = JoinEmitMode> extends OperatorOptions {
  /**
   * Which of a side's values stay. Default `'last'`.
   *
   * - `'first'`: the first; later ones are ignored.
   * - `'last'`: each replaces the one before.
   * - `'product'`: all; rows are all combinations. Grows without bound unless rows are complete.
   */
  readonly insertMode?: JoinInsertMode
  /**
   * When rows are emitted. Default `'complete'`.
   *
   * - `'complete'`: at the moment when every side has a value; then the key is forgotten. What is
   *   incomplete at the end of input stays in the job's state and is not emitted.
   * - `'final'`: at the end of input, in the order of the keys: a full outer join, null for a side
   *   without a value.
   * - `'running'`: all rows of the key after every record, also one that `'first'` ignores. Kept for
   *   ever.
   */
  readonly emitMode?: E
}

/** Options of `intervalJoin`. */
export interface IntervalOptions<L = any> extends OperatorOptions {
  /** How much earlier than a record its partners may be. Default 0. */
  readonly before?: Duration
  /** How much later. Default 0. */
  readonly after?: Duration
  /**
   * Where late records of both streams go, those behind the watermark: read them with `sideOutput(tag)` of the stream of pairs.
   * They are counted (`dropped`) with and without it.
   */
  readonly lateOutput?: OutputTag<L>
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
