import type { Key } from '../../codec/key.ts'
import type { Schema } from '../../codec/schema.ts'
import type { RuntimeContext } from '../../operators/contract/context.ts'
import type { DeadLetter } from '../../operators/contract/error-policy.ts'
import type {
  BaseCoMapFunction,
  BaseJoinFunction,
  Collector,
  FilterFunction,
  FlatMapFunction,
  KeyByFunction,
  MapFunction,
  OutputTag,
  ProcessFunction,
  SinkFunction,
} from '../../operators/contract/function.ts'
import type {
  Bytes,
  ClassArguments,
  ClassOf,
  CoMapResult,
  Items,
  JoinResult,
  Lambda,
  NotPromise,
  Present,
  ResultOf,
  Sync,
} from './function-types.ts'
import type {
  FoldOptions,
  KeyByOptions,
  KeyByStrategy,
  OperatorOptions,
  OutputOptions,
  SchemaOptions,
  SinkOptions,
} from './options.ts'
import type { OutputStream } from './output-stream.ts'

/** The record type of a stream. */
export type RecordOf<S> = S extends DataStream<infer T> ? T : never

/** The record types of streams. */
export type RecordsOf<Ss extends readonly unknown[]> = {
  -readonly [I in keyof Ss]: RecordOf<Ss[I]>
}

/**
 * A stream of records of an environment's graph. Its methods add operators; nothing runs before `submit`.
 *
 * Where a method takes a function, it takes a lambda and then `OperatorOptions`, or a function class, its
 * constructor's options and then `OperatorOptions`. Errors in the graph are thrown by the method at fault.
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

  /** One record in, the items of an iterable out. A string, an `ArrayBuffer` or a view on one is one item. */
  flatMap<B extends Bytes>(
    fn: Lambda<T, any, B | null | undefined>,
    options?: OperatorOptions,
  ): DataStream<B>
  flatMap<R>(fn: Lambda<T, any, Items<R>>, options?: OperatorOptions): DataStream<R>
  flatMap<R, O = undefined>(
    Class: ClassOf<FlatMapFunction<T, R>, O>,
    ...rest: ClassArguments<O>
  ): DataStream<R>

  /** Groups records by a key. What follows runs with the environment's parallelism. */
  keyBy<const K extends Key>(
    fn: Lambda<T, any, K>,
    strategy?: 'hash' | 'custom',
    options?: KeyByOptions<K>,
  ): KeyedStream<K, T>
  keyBy<const K extends Key>(
    fn: Lambda<T, any, K>,
    strategy: KeyByStrategy,
    options?: KeyByOptions<K>,
  ): DataStream<T>
  keyBy<K extends Key, O = undefined>(
    Class: ClassOf<KeyByFunction<T, K>, O>,
    strategy?: 'hash' | 'custom',
    options?: KeyByOptions<K, NoInfer<O>>,
  ): KeyedStream<K, T>
  keyBy<K extends Key, O = undefined>(
    Class: ClassOf<KeyByFunction<T, K>, O>,
    strategy: KeyByStrategy,
    options?: KeyByOptions<K, NoInfer<O>>,
  ): DataStream<T>

  /** Consumes records; promises are awaited, `capacity` at a time. Returns this stream: what follows branches off. */
  sink(fn: Lambda<T, any, unknown>, options?: SinkOptions): this
  sink<O = undefined>(
    Class: ClassOf<SinkFunction<T>, O>,
    ...rest: ClassArguments<O, SinkOptions>
  ): this
  /** Writes each record as text to standard output, by one writer. Colour only on a terminal. Returns this stream. */
  print(prefix?: string, separator?: string, colored?: boolean, options?: OperatorOptions): this

  /** The receiver is input 0. */
  connect<U>(other: DataStream<U>): ConnectedStreams<[T, U]>
  connect<Us extends readonly unknown[]>(others: ConnectedStreams<Us>): ConnectedStreams<[T, ...Us]>
  /** All records of these streams; no order between them. */
  union<Ss extends readonly DataStream<any>[]>(...others: Ss): DataStream<T | RecordOf<Ss[number]>>
  /** Makes this stream the input of a future: a feedback edge. */
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
  /** Calls the function with the records that are at hand together, 1024 at most. */
  processBatch<R>(fn: (items: T[]) => Items<R>, options?: OperatorOptions): DataStream<R>

  /** Deals records round robin; the next operator runs with the environment's parallelism. */
  rebalance(): DataStream<T>
  /** Gives each record to every subtask of the next operator. */
  broadcast(): DataStream<T>
  /** The number of records per key, at the end of input. */
  countFinal<const K extends Key>(
    stepId: string,
    keyFn: Lambda<T, any, K>,
    options?: OperatorOptions,
  ): KeyedStream<K, number>
  /** Checks each record (`SAGE_SCHEMA_MISMATCH`); they cross threads as FlatBuffers tables. */
  withSchema<S>(schema: Schema<S>, options?: SchemaOptions): DataStream<S>

  /** Makes the stream readable on the main thread. */
  output(name: string, options?: OutputOptions): OutputStream<T>
  /** The records that failed for good in the operator that made this stream, under `errors: { deadLetter: true }`. */
  deadLetters(): DataStream<DeadLetter>
  /** Sets the parallelism of the operator that made this stream. */
  setParallelism(parallelism: number): this
  /** Applies a reusable piece, given as a function or by the name under which it was registered. */
  pipe<R>(piece: (stream: this) => R): R
  pipe<R = DataStream<any>>(registeredName: string): R
}

/** A stream grouped by key: all records of a key meet in one subtask. */
export interface KeyedStream<K, T> extends DataStream<T> {
  map<R>(fn: Lambda<T, K, R & Sync<R>>, options?: OperatorOptions): KeyedStream<K, Present<R>>
  map<R, O = undefined>(
    Class: ClassOf<MapFunction<T, R & Sync<R>>, O>,
    ...rest: ClassArguments<O>
  ): KeyedStream<K, Present<R>>
  map<R extends NotPromise | T>(
    fn: Lambda<T, K, R>,
    options?: OperatorOptions,
  ): KeyedStream<K, Present<R>>

  filter<S extends T>(
    fn: (value: T, ctx: RuntimeContext<K>) => value is S,
    options?: OperatorOptions,
  ): KeyedStream<K, S>
  filter<V>(fn: Lambda<T, K, V & Sync<V>>, options?: OperatorOptions): KeyedStream<K, T>
  filter<O = undefined>(
    Class: ClassOf<FilterFunction<T>, O>,
    ...rest: ClassArguments<O>
  ): KeyedStream<K, T>
  filter(fn: Lambda<T, K, NotPromise | T>, options?: OperatorOptions): KeyedStream<K, T>

  flatMap<B extends Bytes>(
    fn: Lambda<T, K, B | null | undefined>,
    options?: OperatorOptions,
  ): KeyedStream<K, B>
  flatMap<R>(fn: Lambda<T, K, Items<R>>, options?: OperatorOptions): KeyedStream<K, R>
  flatMap<R, O = undefined>(
    Class: ClassOf<FlatMapFunction<T, R>, O>,
    ...rest: ClassArguments<O>
  ): KeyedStream<K, R>

  sink(fn: Lambda<T, K, unknown>, options?: SinkOptions): this
  sink<O = undefined>(
    Class: ClassOf<SinkFunction<T>, O>,
    ...rest: ClassArguments<O, SinkOptions>
  ): this
  inspect<V>(fn: Lambda<T, K, V & Sync<V>>, options?: OperatorOptions): KeyedStream<K, T>
  branch<S extends T>(
    predicate: (value: T, ctx: RuntimeContext<K>) => value is S,
    options?: OperatorOptions,
  ): [trues: KeyedStream<K, S>, falses: KeyedStream<K, Exclude<T, S>>]
  branch<V>(
    predicate: Lambda<T, K, V & Sync<V>>,
    options?: OperatorOptions,
  ): [trues: KeyedStream<K, T>, falses: KeyedStream<K, T>]
  branch<O = undefined>(
    Class: ClassOf<FilterFunction<T>, O>,
    ...rest: ClassArguments<O>
  ): [trues: KeyedStream<K, T>, falses: KeyedStream<K, T>]
  process<R = any, V = NotPromise>(
    fn: (value: T, ctx: RuntimeContext<K>, out: Collector<R>) => V & Sync<V>,
    options?: OperatorOptions,
  ): KeyedStream<K, R>
  process<R, O = undefined>(
    Class: ClassOf<ProcessFunction<T, R>, O>,
    ...rest: ClassArguments<O>
  ): KeyedStream<K, R>
  withSchema<S>(schema: Schema<S>, options?: SchemaOptions): KeyedStream<K, S>
  /** Stays keyed when all of them are, by the same strategy (`SAGE_STRATEGY`). */
  union<Ss extends readonly KeyedStream<K, any>[]>(
    ...others: Ss
  ): KeyedStream<K, T | RecordOf<Ss[number]>>
  union<Ss extends readonly DataStream<any>[]>(...others: Ss): DataStream<T | RecordOf<Ss[number]>>
  connect<L, U>(other: KeyedStream<L, U>): KeyedConnectedStreams<K | L, [T, U]>
  connect<L, Us extends readonly unknown[]>(
    others: KeyedConnectedStreams<L, Us>,
  ): KeyedConnectedStreams<K | L, [T, ...Us]>
  connect<U>(other: DataStream<U>): ConnectedStreams<[T, U]>
  connect<Us extends readonly unknown[]>(others: ConnectedStreams<Us>): ConnectedStreams<[T, ...Us]>

  /** Running reduction: emits the first record of a key, then each new accumulator. `null` forgets the key. */
  reduce(fn: (accumulator: T, value: T) => T | null, options?: OperatorOptions): KeyedStream<K, T>
  /** One record per key at the end of input. Pre-reduced before the exchange: the function must be associative. */
  reduceFinal(
    stepId: string,
    fn: (accumulator: T, value: T) => T | null,
    options?: OperatorOptions,
  ): KeyedStream<K, T>
  /** One accumulator per key at the end of input. With `merge`, pre-reduced before the exchange. */
  foldFinal<S>(
    stepId: string,
    builder: () => S,
    folder: (accumulator: S, value: T) => S | null,
    options?: FoldOptions<S>,
  ): KeyedStream<K, S>
  /** The smallest record per key at the end of input, by `by(record)` or itself; of equal ones the first. */
  minFinal(
    stepId: string,
    by?: (value: T) => Comparable,
    options?: OperatorOptions,
  ): KeyedStream<K, T>
  /** The greatest record per key at the end of input, by `by(record)` or itself; of equal ones the first. */
  maxFinal(
    stepId: string,
    by?: (value: T) => Comparable,
    options?: OperatorOptions,
  ): KeyedStream<K, T>
  /** Each record with its key. The stream is no longer keyed. */
  entries(options?: OperatorOptions): DataStream<[K, T]>
}

/** What `minFinal` and `maxFinal` compare. */
export type Comparable = number | bigint | string | Date

/** A key selector of one connected stream. */
export type KeySelector<T, K> = Lambda<T, any, K> | ClassOf<KeyByFunction<T, K>, undefined>

/** Several streams side by side, in order: the inputs of one operator. */
export interface ConnectedStreams<Ts extends readonly unknown[]> {
  /** `map` on the union of the inputs. */
  map<R>(
    fn: Lambda<Ts[number], any, R & Sync<R>>,
    options?: OperatorOptions,
  ): DataStream<Present<R>>
  map<R, O = undefined>(
    Class: ClassOf<MapFunction<Ts[number], R & Sync<R>>, O>,
    ...rest: ClassArguments<O>
  ): DataStream<Present<R>>
  /** `sink` on the union of the inputs. */
  sink(fn: Lambda<Ts[number], any, unknown>, options?: SinkOptions): this
  sink<O = undefined>(
    Class: ClassOf<SinkFunction<Ts[number]>, O>,
    ...rest: ClassArguments<O, SinkOptions>
  ): this
  /** `print` on the union of the inputs. */
  print(prefix?: string, separator?: string, colored?: boolean, options?: OperatorOptions): this
  /** Appends inputs, in order. */
  connect<U>(other: DataStream<U>): ConnectedStreams<[...Ts, U]>
  connect<Us extends readonly unknown[]>(
    others: ConnectedStreams<Us>,
  ): ConnectedStreams<[...Ts, ...Us]>

  /** Keys every input: with one selector for all, or one for each (`SAGE_SELECTORS`). */
  keyBy<const K extends Key>(
    selectors: { readonly [I in keyof Ts]: KeySelector<Ts[I], K> },
    strategy?: 'hash' | 'custom',
    options?: KeyByOptions<K>,
  ): KeyedConnectedStreams<K, Ts>
  keyBy<const K extends Key>(
    selector: KeySelector<Ts[number], K>,
    strategy?: 'hash' | 'custom',
    options?: KeyByOptions<K>,
  ): KeyedConnectedStreams<K, Ts>
  keyBy<const K extends Key>(
    selectors: KeySelector<Ts[number], K> | { readonly [I in keyof Ts]: KeySelector<Ts[I], K> },
    strategy: KeyByStrategy,
    options?: KeyByOptions<K>,
  ): ConnectedStreams<Ts>

  /** One function per input; the results are one stream. A class needs `map0` … `mapN` (`SAGE_COMAP_INPUTS`). */
  coMap<Fs extends { readonly [I in keyof Ts]: Lambda<Ts[I], any, NotPromise> }>(
    fns: Fs,
    options?: OperatorOptions,
  ): DataStream<ResultOf<Fs[number & keyof Fs]>>
  coMap<I extends BaseCoMapFunction, O = undefined>(
    Class: ClassOf<I, O>,
    ...rest: ClassArguments<O>
  ): DataStream<CoMapResult<I>>
  /** Joins two keyed inputs (`SAGE_JOIN_INPUTS`, `SAGE_NOT_KEYED`). */
  join<I extends BaseJoinFunction, O = undefined>(
    Class: ClassOf<I, O>,
    ...rest: ClassArguments<O>
  ): DataStream<JoinResult<I>>
  /** Applies a reusable piece, given as a function or by the name under which it was registered. */
  pipe<R>(piece: (streams: this) => R): R
  pipe<R = DataStream<any>>(registeredName: string): R
}

/** Connected streams that are all keyed, by the same strategy. */
export interface KeyedConnectedStreams<K, Ts extends readonly unknown[]>
  extends ConnectedStreams<Ts> {
  map<R>(
    fn: Lambda<Ts[number], K, R & Sync<R>>,
    options?: OperatorOptions,
  ): KeyedStream<K, Present<R>>
  map<R, O = undefined>(
    Class: ClassOf<MapFunction<Ts[number], R & Sync<R>>, O>,
    ...rest: ClassArguments<O>
  ): KeyedStream<K, Present<R>>
  connect<L, U>(other: KeyedStream<L, U>): KeyedConnectedStreams<K | L, [...Ts, U]>
  connect<L, Us extends readonly unknown[]>(
    others: KeyedConnectedStreams<L, Us>,
  ): KeyedConnectedStreams<K | L, [...Ts, ...Us]>
  connect<U>(other: DataStream<U>): ConnectedStreams<[...Ts, U]>
  connect<Us extends readonly unknown[]>(
    others: ConnectedStreams<Us>,
  ): ConnectedStreams<[...Ts, ...Us]>
}
