import type { Schema } from '../../../codec/schema.ts'
import type { View } from '../../../codec/view.ts'
import type { RuntimeContext } from '../../../operators/contract/context.ts'
import type {
  Collector,
  FilterFunction,
  FlatMapFunction,
  MapFunction,
  ProcessFunction,
  SinkFunction,
} from '../../../operators/contract/function.ts'
import type { FileSink, FileSinkOptions } from '../../../operators/files/file-sink.ts'
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
import type { FoldOptions, OperatorOptions, SchemaOptions, SinkOptions } from '../options.ts'
import type { DataStream, RecordOf } from './data-stream.ts'
import type { ConnectedKinds } from './stream-kinds.ts'

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

  assignTimestamps(
    timestampOf: Lambda<T, K, number>,
    strategy: WatermarkStrategy,
    options?: OperatorOptions,
  ): KeyedStream<K, T>
  assignTimestamps(strategy: WatermarkStrategy, options?: OperatorOptions): KeyedStream<K, T>
  sink(fn: Lambda<T, K, unknown>, options?: SinkOptions): this
  sink(Class: typeof FileSink, files: FileSinkOptions<T>, options?: SinkOptions): this
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
  withSchema<S>(
    schema: Schema<S>,
    options: SchemaOptions<'view'> & { read: 'view' },
  ): KeyedStream<K, View<S>>
  withSchema<S>(schema: Schema<S>, options?: SchemaOptions<'object'>): KeyedStream<K, S>
  withSchema<S>(
    schema: Schema<S>,
    options: SchemaOptions,
  ): KeyedStream<K, S> | KeyedStream<K, View<S>>
  /** Stays keyed when all of them are, by the same strategy (`SAGE_STRATEGY`). */
  union<Ss extends readonly KeyedStream<K, any>[]>(
    ...others: Ss
  ): KeyedStream<K, T | RecordOf<Ss[number]>>
  union<Ss extends readonly DataStream<any>[]>(...others: Ss): DataStream<T | RecordOf<Ss[number]>>
  connect<L, U>(other: KeyedStream<L, U>): ConnectedKinds<K | L, [T, U]>['keyed']
  connect<L, Us extends readonly unknown[]>(
    others: ConnectedKinds<L, Us>['keyed'],
  ): ConnectedKinds<K | L, [T, ...Us]>['keyed']
  connect<U>(other: DataStream<U>): ConnectedKinds<any, [T, U]>['unkeyed']
  connect<Us extends readonly unknown[]>(
    others: ConnectedKinds<any, Us>['unkeyed'],
  ): ConnectedKinds<any, [T, ...Us]>['unkeyed']

  /**
   * Running reduction: emits the first record of a key, then each new accumulator. `null` forgets
   * the key.
   */
  reduce(fn: (accumulator: T, value: T) => T | null, options?: OperatorOptions): KeyedStream<K, T>
  /**
   * One record per key at the end of input. Pre-reduced before the exchange: the function must be
   * associative.
   */
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
  /**
   * The smallest record per key at the end of input, by `by(record)` or itself; of equal ones the
   * first.
   */
  minFinal(
    stepId: string,
    by?: (value: T) => Comparable,
    options?: OperatorOptions,
  ): KeyedStream<K, T>
  /**
   * The greatest record per key at the end of input, by `by(record)` or itself; of equal ones the
   * first.
   */
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

declare module './stream-kinds.ts' {
  interface StreamKinds<K, T> {
    keyed: KeyedStream<K, T>
  }
}
