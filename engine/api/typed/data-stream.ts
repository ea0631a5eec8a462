import type { Key } from '../../../codec/key.ts'
import type { Schema } from '../../../codec/schema.ts'
import type { View } from '../../../codec/view.ts'
import type { LookupCache } from '../../../operators/async/lookup-cache.ts'
import type { RuntimeContext } from '../../../operators/contract/context.ts'
import type { DeadLetter } from '../../../operators/contract/error-policy.ts'
import type {
  AsyncMapFunction,
  Collector,
  FilterFunction,
  FlatMapFunction,
  KeyByFunction,
  MapFunction,
  OutputTag,
  ProcessFunction,
  SinkFunction,
} from '../../../operators/contract/function.ts'
import type { StreamState } from '../../../operators/contract/stream-state.ts'
import type { FileSink, FileSinkOptions } from '../../../operators/files/file-sink.ts'
import type { SqlSinkOptions } from '../../../operators/sql/sql-options.ts'
import type { SqlSink } from '../../../operators/sql/sql-sink.ts'
import type { WatermarkStrategy } from '../../../operators/time/watermark-strategy.ts'
import type {
  Bytes,
  ClassArguments,
  ClassOf,
  Items,
  Lambda,
  NotPromise,
  Present,
  Sync,
} from '../function-types.ts'
import type {
  AsyncOptions,
  EnrichOptions,
  KeyByOptions,
  KeyByStrategy,
  OperatorOptions,
  OutputOptions,
  SchemaOptions,
  SinkOptions,
} from '../options.ts'
import type { OutputStream } from '../output-stream.ts'
import type { ConnectedKinds, StreamKinds } from './stream-kinds.ts'

/** The record type of a stream. */
export type RecordOf<S> = S extends DataStream<infer T> ? T : never

/** The record types of streams. */
export type RecordsOf<Ss extends readonly unknown[]> = {
  -readonly [I in keyof Ss]: RecordOf<Ss[I]>
}

/**
 * A stream of records of an environment's graph. Its methods add operators; nothing runs before
 * `submit`.
 *
 * Where a method takes a function, it takes a lambda and then `OperatorOptions`, or a function
 * class, its constructor's options and then `OperatorOptions`. Errors in the graph are thrown by
 * the method at fault.
 */
export interface DataStream<T> {
  /** One record in, one or none (`null`, `undefined`) out. */
  map<R>(fn: Lambda<T, any, R & Sync<R>>, options?: OperatorOptions): DataStream<Present<R>>
  map<R, O = undefined>(
    Class: ClassOf<MapFunction<T, R & Sync<R>>, O>,
    ...rest: ClassArguments<O>
  ): DataStream<Present<R>>
  map<R extends NotPromise | T>(
    fn: Lambda<T, any, R>,
    options?: OperatorOptions,
  ): DataStream<Present<R>>

  /** Keeps the records for which the function returns something truthy; type guards narrow. */
  filter<S extends T>(
    fn: (value: T, ctx: RuntimeContext) => value is S,
    options?: OperatorOptions,
  ): DataStream<S>
  filter<V>(fn: Lambda<T, any, V & Sync<V>>, options?: OperatorOptions): DataStream<T>
  filter<O = undefined>(
    Class: ClassOf<FilterFunction<T>, O>,
    ...rest: ClassArguments<O>
  ): DataStream<T>
  filter(fn: Lambda<T, any, NotPromise | T>, options?: OperatorOptions): DataStream<T>

  /**
   * One record in, the items of an iterable out. A string, an `ArrayBuffer` or a view on one is one
   * item.
   */
  flatMap<B extends Bytes>(
    fn: Lambda<T, any, B | null | undefined>,
    options?: OperatorOptions,
  ): DataStream<B>
  flatMap<R>(fn: Lambda<T, any, Items<R>>, options?: OperatorOptions): DataStream<R>
  flatMap<R, O = undefined>(
    Class: ClassOf<FlatMapFunction<T, R>, O>,
    ...rest: ClassArguments<O>
  ): DataStream<R>

  /**
   * One record in, one or none out, once the promise that the function returns has settled: for lookups and calls of
   * services. At most `capacity` records per subtask are under way; results leave in the order of the records, unless `ordered`
   * is false. Flink's `AsyncDataStream`.
   *
   * `ctx.key` and `ctx.timestamp` are those of the record until the function's first `await`.
   */
  asyncMap<R>(fn: Lambda<T, any, R>, options?: AsyncOptions): DataStream<Present<Awaited<R>>>
  asyncMap<R, O = undefined>(
    Class: ClassOf<AsyncMapFunction<T, R>, O>,
    ...rest: ClassArguments<O, AsyncOptions>
  ): DataStream<Present<R>>
  /**
   * One record in, one or none out, with what is known of it elsewhere: the mapper looks that up with `cache.get(key)`, which
   * asks the getter for what is not kept or older than `ttl`. Each subtask keeps its own; no checkpoint does. Both may be
   * asynchronous: then options and order are those of `asyncMap`. Bytewax's `enrich_cached`.
   */
  enrichCached<K extends Key, V, R>(
    getter: (key: K, ctx: RuntimeContext) => V,
    mapper: (cache: LookupCache<K, V>, value: T, ctx: RuntimeContext) => R,
    options?: EnrichOptions,
  ): DataStream<Present<Awaited<R>>>

  /** Groups records by a key. What follows runs with the environment's parallelism. */
  keyBy<const K extends Key>(
    fn: Lambda<T, any, K>,
    strategy?: 'hash' | 'custom',
    options?: KeyByOptions<K>,
  ): StreamKinds<K, T>['keyed']
  keyBy<const K extends Key>(
    fn: Lambda<T, any, K>,
    strategy: KeyByStrategy,
    options?: KeyByOptions<K>,
  ): DataStream<T>
  keyBy<K extends Key, O = undefined>(
    Class: ClassOf<KeyByFunction<T, K>, O>,
    strategy?: 'hash' | 'custom',
    options?: KeyByOptions<K, NoInfer<O>>,
  ): StreamKinds<K, T>['keyed']
  keyBy<K extends Key, O = undefined>(
    Class: ClassOf<KeyByFunction<T, K>, O>,
    strategy: KeyByStrategy,
    options?: KeyByOptions<K, NoInfer<O>>,
  ): DataStream<T>

  /**
   * Consumes records; promises are awaited, `capacity` at a time. Returns this stream: what follows
   * branches off.
   */
  sink(fn: Lambda<T, any, unknown>, options?: SinkOptions): this
  sink(Class: typeof FileSink, files: FileSinkOptions<T>, options?: SinkOptions): this
  sink(Class: typeof SqlSink, rows: SqlSinkOptions<T>, options?: SinkOptions): this
  sink<O = undefined>(
    Class: ClassOf<SinkFunction<T>, O>,
    ...rest: ClassArguments<O, SinkOptions>
  ): this
  /**
   * Writes each record as text to standard output, by one writer. Colour only on a terminal.
   * Returns this stream.
   */
  print(prefix?: string, separator?: string, colored?: boolean, options?: OperatorOptions): this

  /** The receiver is input 0. */
  connect<U>(other: DataStream<U>): ConnectedKinds<any, [T, U]>['unkeyed']
  connect<Us extends readonly unknown[]>(
    others: ConnectedKinds<any, Us>['unkeyed'],
  ): ConnectedKinds<any, [T, ...Us]>['unkeyed']
  /** All records of these streams; no order between them. */
  union<Ss extends readonly DataStream<any>[]>(...others: Ss): DataStream<T | RecordOf<Ss[number]>>
  /**
   * Makes this stream the input of a future of `env.fromFuture()`: a feedback edge, where this stream comes from that future.
   * The keys of its records end here; their timestamps and the `ask` that they answer go with them.
   *
   * @throws StreamError `SAGE_NOT_A_FUTURE`; `SAGE_FUTURE_FILLED`: it has been filled already;
   * `SAGE_ENVIRONMENTS_DIFFER`
   */
  fillFuture(future: DataStream<T>): void

  /** Calls the function and passes the record on. */
  inspect<V>(fn: Lambda<T, any, V & Sync<V>>, options?: OperatorOptions): DataStream<T>
  /** Splits the stream in two: records for which the predicate is truthy, and the others. */
  branch<S extends T>(
    predicate: (value: T, ctx: RuntimeContext) => value is S,
    options?: OperatorOptions,
  ): [trues: DataStream<S>, falses: DataStream<Exclude<T, S>>]
  branch<V>(
    predicate: Lambda<T, any, V & Sync<V>>,
    options?: OperatorOptions,
  ): [trues: DataStream<T>, falses: DataStream<T>]
  branch<O = undefined>(
    Class: ClassOf<FilterFunction<T>, O>,
    ...rest: ClassArguments<O>
  ): [trues: DataStream<T>, falses: DataStream<T>]
  /** What this stream's `process` or `flatMap` emits to `tag` with `out.collectTo`. */
  sideOutput<S>(tag: OutputTag<S>): DataStream<S>

  /** The general function: `out.collect` and `out.collectTo`, any number of times. */
  process<R = any, V = NotPromise>(
    fn: (value: T, ctx: RuntimeContext, out: Collector<R>) => V & Sync<V>,
    options?: OperatorOptions,
  ): DataStream<R>
  process<R, O = undefined>(
    Class: ClassOf<ProcessFunction<T, R>, O>,
    ...rest: ClassArguments<O>
  ): DataStream<R>
  /**
   * Calls the function with the records that are at hand together, 1024 at most, and the job's default `StreamState`.
   */
  processBatch<R>(
    fn: (items: T[], state: StreamState) => Items<R>,
    options?: OperatorOptions,
  ): DataStream<R>

  /**
   * Gives each record its timestamp (`timestampOf(record)`, ms since the epoch, finite and >= 0, else `SAGE_TIMESTAMP`) and
   * the stream its watermarks. Without a function the timestamps are those that the source gives.
   *
   * Assigned right behind the source, without an exchange between them, event time is kept per partition; further
   * downstream, per subtask.
   */
  assignTimestamps(
    timestampOf: Lambda<T, any, number>,
    strategy: WatermarkStrategy,
    options?: OperatorOptions,
  ): DataStream<T>
  assignTimestamps(strategy: WatermarkStrategy, options?: OperatorOptions): DataStream<T>

  /** Deals records round robin; the next operator runs with the environment's parallelism. */
  rebalance(): DataStream<T>
  /** Gives each record to every subtask of the next operator. */
  broadcast(): DataStream<T>
  /** The number of records per key, at the end of input. */
  countFinal<const K extends Key>(
    stepId: string,
    keyFn: Lambda<T, any, K>,
    options?: OperatorOptions,
  ): StreamKinds<K, number>['keyed']
  /**
   * Checks each record (`SAGE_SCHEMA_MISMATCH`); they cross threads as FlatBuffers tables. With
   * `read: 'view'` the next operators get views on the tables: see `View`.
   */
  withSchema<S>(
    schema: Schema<S>,
    options: SchemaOptions<'view'> & { read: 'view' },
  ): DataStream<View<S>>
  withSchema<S>(schema: Schema<S>, options?: SchemaOptions<'object'>): DataStream<S>
  withSchema<S>(schema: Schema<S>, options: SchemaOptions): DataStream<S> | DataStream<View<S>>

  /** Makes the stream readable on the main thread. */
  output(name: string, options?: OutputOptions): OutputStream<T>
  /**
   * The records that failed for good in the operator that made this stream, under `errors: {
   * deadLetter: true }`.
   */
  deadLetters(): DataStream<DeadLetter>
  /** Sets the parallelism of the operator that made this stream. */
  setParallelism(parallelism: number): this
  /** Applies a reusable piece, given as a function or by the name under which it was registered. */
  pipe<R>(piece: (stream: this) => R): R
  pipe<R = DataStream<any>>(registeredName: string): R
}
