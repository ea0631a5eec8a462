import type { Key } from '../../../codec/key.ts'
import type { Schema } from '../../../codec/schema.ts'
import type { View } from '../../../codec/view.ts'
import type { LookupCache } from '../../../operators/async/lookup-cache.ts'
import type { RuntimeContext } from '../../../operators/contract/context.ts'
import type {
  AsyncMapFunction,
  Collector,
  FilterFunction,
  FlatMapFunction,
  MapFunction,
  OutputTag,
  ProcessFunction,
  SinkFunction,
} from '../../../operators/contract/function.ts'
import type { FileSink, FileSinkOptions } from '../../../operators/files/file-sink.ts'
import type { WindowMeta } from '../../../operators/keyed-window/key-windows.ts'
import type { KeyedWindow } from '../../../operators/keyed-window/window-spec.ts'
import type { MatchOf, Pattern, PatternStart } from '../../../operators/pattern/pattern.ts'
import type { SqlSinkOptions } from '../../../operators/sql/sql-options.ts'
import type { SqlSink } from '../../../operators/sql/sql-sink.ts'
import type { JoinEmitMode } from '../../../operators/stateful/join-table.ts'
import type { StatefulBatchLogic, StatefulLogic } from '../../../operators/stateful/logic.ts'
import type { WatermarkStrategy } from '../../../operators/time/watermark-strategy.ts'
import type { WindowAssigner } from '../../../operators/window/window-assigner.ts'
import type {
  Bytes,
  ClassArguments,
  ClassOf,
  Items,
  KeyedRow,
  Lambda,
  NotPromise,
  Present,
  Sync,
} from '../function-types.ts'
import type {
  AsyncOptions,
  CollectOptions,
  CollectWindowOptions,
  EnrichOptions,
  FoldOptions,
  IntervalOptions,
  JoinOptions,
  JoinWindowOptions,
  OperatorOptions,
  SchemaOptions,
  SinkOptions,
  WindowOptions,
} from '../options.ts'
import type { DataStream, RecordOf, RecordsOf } from './data-stream.ts'
import type { Comparable, ConnectedKinds } from './stream-kinds.ts'
import type { WindowedStream } from './windowed-stream.ts'

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

  asyncMap<R>(fn: Lambda<T, K, R>, options?: AsyncOptions): KeyedStream<K, Present<Awaited<R>>>
  asyncMap<R, O = undefined>(
    Class: ClassOf<AsyncMapFunction<T, R>, O>,
    ...rest: ClassArguments<O, AsyncOptions>
  ): KeyedStream<K, Present<R>>
  enrichCached<L extends Key, V, R>(
    getter: (key: L, ctx: RuntimeContext<K>) => V,
    mapper: (cache: LookupCache<L, V>, value: T, ctx: RuntimeContext<K>) => R,
    options?: EnrichOptions,
  ): KeyedStream<K, Present<Awaited<R>>>

  assignTimestamps(
    timestampOf: Lambda<T, K, number>,
    strategy: WatermarkStrategy,
    options?: OperatorOptions,
  ): KeyedStream<K, T>
  assignTimestamps(strategy: WatermarkStrategy, options?: OperatorOptions): KeyedStream<K, T>
  sink(fn: Lambda<T, K, unknown>, options?: SinkOptions): this
  sink(Class: typeof FileSink, files: FileSinkOptions<T>, options?: SinkOptions): this
  sink(Class: typeof SqlSink, rows: SqlSinkOptions<T>, options?: SinkOptions): this
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
  /**
   * State per key: the function gets the key's state (undefined: it has none) and a record, and
   * gives `[state, output]`. `null` as state forgets the key; its output is emitted all the same.
   * The state may be changed in place and given back: then emit a copy of it, not itself.
   *
   * @param stepId - the operator's uid, unique in the environment
   */
  statefulMap<S, R>(
    stepId: string,
    mapper: (
      state: S | undefined,
      value: T,
      key: K,
    ) => readonly [state: S | null | undefined, output: R & Sync<R>],
    options?: OperatorOptions,
  ): KeyedStream<K, Present<R>>
  /** The same with any number of outputs: `[state, outputs]`. */
  statefulFlatMap<S, R>(
    stepId: string,
    mapper: (
      state: S | undefined,
      value: T,
      key: K,
    ) => readonly [state: S | null | undefined, outputs: Items<R>],
    options?: OperatorOptions,
  ): KeyedStream<K, R>
  /**
   * A `StatefulLogic` per key, which gets the key's records one by one, may ask to be called at some
   * time, and hears of the end of input. `builder` makes it for the first record of a key, and for
   * the first after a discard, with `undefined`; after a resume with what `snapshot()` gave.
   * `ctx.key` is its key.
   *
   * Records at hand together are worked on key by key, in the order of the keys: see
   * `StatefulLogic`. Semantics of Bytewax's `stateful`.
   */
  stateful<R, S>(
    stepId: string,
    builder: (resumeState: S | undefined, ctx: RuntimeContext<K>) => StatefulLogic<T, R, S>,
    options?: OperatorOptions,
  ): KeyedStream<K, Present<R>>
  /** The same, but each logic gets all records of its key that are at hand together as one array. */
  statefulBatch<R, S>(
    stepId: string,
    builder: (resumeState: S | undefined, ctx: RuntimeContext<K>) => StatefulBatchLogic<T, R, S>,
    options?: OperatorOptions,
  ): KeyedStream<K, Present<R>>
  /**
   * Lists of a key's records: emitted at `maxSize` records, when none has come for `timeout` (by the
   * job's clock, counted from the *last* record), and at the end of input.
   */
  collect(stepId: string, options: CollectOptions): KeyedStream<K, T[]>
  /**
   * Joins keyed streams of equal keys: rows of one value of each side, this stream's first. Which
   * values and when is a matter of `insertMode` and `emitMode`; by default the last value of each
   * side, as soon as every side has one.
   */
  join<const Ss extends readonly KeyedStream<K, any>[], E extends JoinEmitMode = 'complete'>(
    stepId: string,
    others: Ss,
    options?: JoinOptions<E>,
  ): KeyedStream<K, KeyedRow<[T, ...RecordsOf<Ss>], E>>
  join<U, E extends JoinEmitMode = 'complete'>(
    stepId: string,
    other: KeyedStream<K, U>,
    options?: JoinOptions<E>,
  ): KeyedStream<K, KeyedRow<[T, U], E>>

  /** Each record with its key. The stream is no longer keyed. */
  entries(options?: OperatorOptions): DataStream<[K, T]>

  /**
   * The records of each key in windows: `tumbling(size)`, `sliding(size, slide)`, `session(gap)`, `tumblingCount(n)`,
   * `slidingCount(n, slide)`, `globalWindow()`, or a {@link WindowAssigner} of your own. Of event time where timestamps are
   * assigned, else of the job's clock.
   *
   * @throws StreamError `SAGE_OPTION` for what is no assigner
   */
  window(assigner: WindowAssigner<T>): WindowedStream<K, T>
  /**
   * Pairs `[record, other]` of one key whose timestamps are at most `before` and `after` apart: `other` is in
   * `[t - before, t + after]` for the record's `t`, bounds included. Of event time: both streams need timestamps. A pair
   * has the later timestamp of its two. Records behind the watermark are late: they are counted (`dropped`) and go to
   * `lateOutput`.
   *
   * @throws StreamError `SAGE_OPTION` where a stream has no timestamps; `SAGE_STRATEGY`, `SAGE_NOT_KEYED`
   */
  intervalJoin<B>(other: KeyedStream<K, B>, options: IntervalOptions<T | B>): KeyedStream<K, [T, B]>

  /**
   * The records of each window, emitted when it closes. `into` (default `'array'`): an array, a set, or a map of records
   * that are pairs `[key, value]`, of which the later ones count. In the order of their timestamps, and of equal ones of
   * their arrival; with `ordered: false` in the order of their arrival.
   *
   * Windows of Bytewax: the watermark is one of each *key*, and advances with the job's clock when no records come (see
   * `WindowClock`), so every key's windows close whatever becomes of others; that of `window()` is Flink's, one of
   * each source partition. There is no allowed lateness beyond the clock's `wait`. Windows that close
   * together are emitted in the order in which they were opened; at the end of input all are, in the order of the
   * keys. A key without open windows is forgotten, its watermark too: a record that then comes for a window that was
   * emitted opens it again (sessions keep their keys). `clock` and `windower` must stay as they are while windows are open
   * in a checkpoint; the graph that resumes it is compared.
   *
   * What a function throws for the record at hand fails that record by the errors policy. Where a record has waited (ordered
   * mode) or sessions are merged, what fails is left out, and not retried.
   *
   * @param stepId - the operator's uid, unique in the environment
   * @throws StreamError `SAGE_OPTION` for what is no clock, windower or option
   */
  collectWindow(
    stepId: string,
    window: KeyedWindow<T>,
    options?: CollectWindowOptions<'array'>,
  ): WindowOut<K, T, T[]>
  collectWindow(
    stepId: string,
    window: KeyedWindow<T>,
    options: CollectWindowOptions<'set'> & { readonly into: 'set' },
  ): WindowOut<K, T, Set<T>>
  collectWindow(
    stepId: string,
    window: KeyedWindow<T>,
    options: CollectWindowOptions<'map'> & { readonly into: 'map' },
  ): WindowOut<K, T, T extends readonly [infer A, infer B] ? Map<A, B> : never>
  /**
   * One accumulator of each window, emitted when it closes: `builder()`, then `folder(accumulator, record)` for each record,
   * in the order of their timestamps, or of their arrival with `ordered: false`. Then sessions may meet that were
   * apart: `merger(a, b)` joins their accumulators, that of the earlier one first. The functions may change the
   * accumulator in place and return it; `null` forgets it, and a window without one emits nothing. See `collectWindow`.
   */
  foldWindow<S>(
    stepId: string,
    window: KeyedWindow<T>,
    builder: () => S,
    folder: (accumulator: S, value: T) => S | null,
    merger: (a: S, b: S) => S | null,
    options?: WindowOptions,
  ): WindowOut<K, T, S>
  /** The records of each window, reduced by `fn` in the order of their arrival. See `collectWindow`. */
  reduceWindow(
    stepId: string,
    window: KeyedWindow<T>,
    fn: (accumulator: T, value: T) => T | null,
    options?: OperatorOptions,
  ): WindowOut<K, T, T>
  /** The number of records of each window. See `collectWindow`. */
  countWindow(
    stepId: string,
    window: KeyedWindow<T>,
    options?: OperatorOptions,
  ): WindowOut<K, T, number>
  /** The greatest record of each window, by `by(record)` or itself; of equal ones the first to arrive. See `collectWindow`. */
  maxWindow(
    stepId: string,
    window: KeyedWindow<T>,
    by?: (value: T) => Comparable,
    options?: OperatorOptions,
  ): WindowOut<K, T, T>
  /** The smallest record of each window, by `by(record)` or itself; of equal ones the first to arrive. See `collectWindow`. */
  minWindow(
    stepId: string,
    window: KeyedWindow<T>,
    by?: (value: T) => Comparable,
    options?: OperatorOptions,
  ): WindowOut<K, T, T>
  /**
   * Joins keyed streams of equal keys, window by window: rows of one value of each side, this stream's first. All sides of a
   * key share its watermark, so a fast one makes a slow one late. Late records are emitted as they are, without their
   * side. See `collectWindow`.
   */
  joinWindow<const Ss extends readonly KeyedStream<K, any>[], E extends JoinEmitMode = 'final'>(
    stepId: string,
    window: KeyedWindow<T | RecordOf<Ss[number]>>,
    others: Ss,
    options?: JoinWindowOptions<E>,
  ): WindowOut<K, T | RecordOf<Ss[number]>, KeyedRow<[T, ...RecordsOf<Ss>], E>>
  joinWindow<U, E extends JoinEmitMode = 'final'>(
    stepId: string,
    window: KeyedWindow<T | U>,
    other: KeyedStream<K, U>,
    options?: JoinWindowOptions<E>,
  ): WindowOut<K, T | U, KeyedRow<[T, U], E>>

  /**
   * Finds a pattern in the events of each key, as Flink CEP does: emits its matches, `{ a: A[], b: B[] }`, an array of
   * events for each stage. `pattern((p) => p.begin('a').where(…).followedBy('b').where(…).within('1m'))`.
   *
   * In event time where timestamps are assigned: events are matched in the order of their times, once the watermark has
   * reached them; those that come behind the watermark are late: counted as `dropped`, and sent to
   * `lateOutput`. A match has the time of the event that completed it. Else in processing time, as they arrive. At the
   * end of input all time limits have passed.
   *
   * A condition that throws fails its event, by the errors policy; the partial matches stay as they were. An event that
   * waited for the watermark is not retried.
   *
   * @throws StreamError `SAGE_OPTION` for what is no pattern, or no possible one; at run time `SAGE_TIMESTAMP` where
   *   records with and without timestamps meet
   */
  pattern<P extends Pattern<any, any>>(
    build: (p: PatternStart<T>) => P,
    options?: OperatorOptions,
  ): PatternStream<K, T, MatchOf<P>>
}

/** The matches `M` of a pattern over events `T`. */
export interface PatternStream<K, T, M> extends KeyedStream<K, M> {
  /**
   * Sends what runs out of time (`within`) to a side output, read with `sideOutput(tag)`: the partial match, in which stages
   * that took no event have empty arrays, or what `fn` makes of it. There `ctx.timestamp` is the time limit, in event
   * time. Without this, nothing tells of partial matches.
   *
   * @throws StreamError `SAGE_OPTION`; `SAGE_SUBMITTED` when the job was submitted
   */
  timedOut(tag: OutputTag<M>): this
  timedOut<R>(
    tag: OutputTag<R>,
    fn: (partial: M, ctx: RuntimeContext<K>) => (R & Sync<R>) | null | undefined,
  ): this
  /**
   * Sends late events to a side output, read with `sideOutput(tag)`.
   *
   * @throws StreamError `SAGE_OPTION`; `SAGE_SUBMITTED` when the job was submitted
   */
  lateOutput(tag: OutputTag<T>): this
}

/** What an operator of Bytewax's windows gives: streams of `[windowId, …]`. */
export interface WindowOut<K, T, W> {
  /** The results of windows. */
  readonly down: KeyedStream<K, [windowId: number, value: W]>
  /**
   * Late records, counted as `dropped`: each once for every window that it would have been in, with that window's id; -1
   * for sessions.
   */
  readonly late: KeyedStream<K, [windowId: number, value: T]>
  /** When windows were open, told when they close. Sessions that were merged into others have none of their own. */
  readonly meta: KeyedStream<K, [windowId: number, meta: WindowMeta]>
}

declare module './stream-kinds.ts' {
  interface StreamKinds<K, T> {
    keyed: KeyedStream<K, T>
  }
}
