import type { RuntimeContext } from './context.ts'
import type { Collector } from './function.ts'
import type { Awaitable, PartitionedSource } from './source.ts'

/**
 * How the engine calls an operator and what it does with the result. A closed set, because the engine
 * compiles neighbouring operators into one function and must know how a record passes each of them.
 *
 * | shape    | `call`                    | the engine then                                                         |
 * |----------|---------------------------|-------------------------------------------------------------------------|
 * | map      | `(value, ctx) => R`       | emits R; null/undefined: nothing; a promise: `SAGE_PROMISE`              |
 * | filter   | `(value, ctx) => unknown` | emits `value` when truthy; a promise: `SAGE_PROMISE`                     |
 * | flatMap  | `(value, ctx) => items`   | emits the items; a string or buffer is one item; `SAGE_NOT_ITERABLE`     |
 * | process  | `(value, ctx, out)`       | nothing: the call emits through `out`; a promise: `SAGE_PROMISE`         |
 * | inspect  | `(value, ctx) => void`    | emits `value`; a promise: `SAGE_PROMISE`                                 |
 * | key      | `(value, ctx) => key`     | checks the key (`SAGE_KEY`), sets `ctx.key`, emits `value`               |
 * | sink     | `(value, ctx) => unknown` | emits nothing; a promise is awaited within `capacity`                    |
 * | forward  | never called              | emits `value`                                                           |
 */
export type OperatorShape =
  | 'map'
  | 'filter'
  | 'flatMap'
  | 'process'
  | 'inspect'
  | 'key'
  | 'sink'
  | 'forward'

/** The record at hand, shared by all operators of one chain: what `ctx.key` and `ctx.timestamp` read. */
export interface RecordScope {
  key: unknown
  /** Milliseconds since the epoch; NaN while no timestamps are assigned. */
  timestamp: number
}

export type OperatorCall = (value: any, ctx: RuntimeContext, out: Collector) => unknown

/**
 * One operator on one subtask. Everything is called on one thread, one call at a time:
 *
 * `open` → `call`* → `finish` (all inputs have ended) → `complete` → `close`.
 *
 * `finish` and `complete` are not called when the job is cancelled or fails; `close` always is.
 */
export interface Operator {
  /** One function for all inputs, or one per input index (co-operators). */
  readonly call: OperatorCall | readonly OperatorCall[]
  open?(): Awaitable<void>
  /**
   * End of all inputs: what is still to be emitted. Pulled one item at a time and only while there is
   * room downstream, so it may be long. Set `scope.key` before each item that has a key.
   */
  finish?(): Iterable<unknown>
  /**
   * The records that were at hand have all been passed in; more may come. For operators that gather a
   * micro-batch: emits as `finish` does. Called before the task looks for input again and before `finish`.
   */
  endOfBatch?(): Iterable<unknown>
  /**
   * For operators that gather: repeats the processing of the records on which `call` or `endOfBatch` threw last, for a
   * retry; the result is that of a `call`. Without it a retry makes the same `call` again.
   */
  again?(): unknown
  /** The records on which `call` or `endOfBatch` threw last, where that is more than the record of the call. */
  gathered?(): unknown
  /** Everything is out, promises included: for sinks that publish their result as a whole. Before `close`. */
  complete?(): Awaitable<void>
  close?(): Awaitable<void>
}

/** What an operator gets when it is made: the users' view, and the record scope for those who set keys. */
export interface OperatorContext {
  readonly ctx: RuntimeContext
  readonly scope: RecordScope
  /** Where `process`-shaped operators emit outside a call's own `out` (the same object). */
  readonly out: Collector
  /** Whether this operator's inputs are the partial results of its own `combiner`. */
  readonly combined: boolean
}

/** The recipe of an operator: data and functions that live in the graph; `create` runs once per subtask. */
export interface OperatorFactory {
  readonly shape: OperatorShape
  /**
   * For operators behind a hash exchange that can pre-reduce: made once per *sending* subtask and fused
   * behind the key, so that partial results cross threads instead of records. Its outputs are this
   * operator's inputs. Absent where the exchange is fused away.
   */
  readonly combiner?: OperatorFactory
  /** The most promises in flight per subtask; for shape `sink`. Default 1. */
  readonly capacity?: number
  /** User functions, for the graph's fingerprint (their source text is compared between workers). */
  readonly functions: readonly Function[]
  create(context: OperatorContext): Operator
}

/** The recipe of a source. */
export interface SourceFactory {
  /** Whether there is exactly one partition, whatever the input; such a source has parallelism 1 by default. */
  readonly single: boolean
  /** Whether records stay referenced by whoever made them (collections): `strict` then copies, never freezes them. */
  readonly sharesRecords: boolean
  readonly functions: readonly Function[]
  /** Called on the coordinator (for `partitions()`, not for `single` sources) and once per subtask. */
  create(ctx: RuntimeContext): PartitionedSource<unknown, unknown>
}
