import type { Key } from '../../../codec/key.ts'
import type { JoinType } from '../../../operators/connected/join-rows.ts'
import type { StreamReaders } from '../../../operators/connected/stream-readers.ts'
import type { ErrorHandler } from '../../../operators/contract/failure-handling.ts'
import type {
  BaseCoMapFunction,
  BaseJoinFunction,
  MapFunction,
  SinkFunction,
} from '../../../operators/contract/function.ts'
import type { StreamState } from '../../../operators/contract/stream-state.ts'
import type { FileSink, FileSinkOptions } from '../../../operators/files/file-sink.ts'
import type { SqlSinkOptions } from '../../../operators/sql/sql-options.ts'
import type { SqlSink } from '../../../operators/sql/sql-sink.ts'
import type {
  ClassArguments,
  ClassOf,
  CoMapResult,
  ItemOf,
  Items,
  JoinResult,
  Lambda,
  NotPromise,
  Present,
  ResultOf,
  Sync,
} from '../function-types.ts'
import type { KeyByOptions, KeyByStrategy, OperatorOptions, SinkOptions } from '../options.ts'
import type {
  BackpressureOptions,
  ConnectedProcessOptions,
  ConnectedWindowOptions,
  ErrorThresholdOptions,
  JoinByCondition,
  JoinByKey,
  JoinedRow,
  KeySelector,
  SynchronizeOptions,
} from './connected-options.ts'
import type { ConnectedWindow } from './connected-window.ts'
import type { DataStream } from './data-stream.ts'
import type { ConnectedKinds } from './stream-kinds.ts'

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
  sink(Class: typeof FileSink, files: FileSinkOptions<Ts[number]>, options?: SinkOptions): this
  sink(Class: typeof SqlSink, rows: SqlSinkOptions<Ts[number]>, options?: SinkOptions): this
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
  ): ConnectedKinds<K, Ts>['keyed']
  keyBy<const K extends Key>(
    selector: KeySelector<Ts[number], K>,
    strategy?: 'hash' | 'custom',
    options?: KeyByOptions<K>,
  ): ConnectedKinds<K, Ts>['keyed']
  keyBy<const K extends Key>(
    selectors: KeySelector<Ts[number], K> | { readonly [I in keyof Ts]: KeySelector<Ts[I], K> },
    strategy: KeyByStrategy,
    options?: KeyByOptions<K>,
  ): ConnectedStreams<Ts>

  /**
   * One function per input; the results are one stream. A class needs `map0` … `mapN`
   * (`SAGE_COMAP_INPUTS`).
   */
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
  /**
   * Joins two inputs into rows `[left, right]`: records of one key (`keyFn`), or for which a `condition` holds. `join({
   * joinType: 'left', keyFn: (record) => record.userId, within: '10m' })`. The spec's `joined.process(fn)` is
   * `joined.processBatch(fn)`.
   *
   * A row has the time of its later record. The records of rows are shared with later rows: they must not be changed.
   *
   * @throws StreamError `SAGE_JOIN_INPUTS`, `SAGE_OPTION`, `SAGE_SELECTORS`; at run time `SAGE_TIMESTAMP` where
   *   records with and without timestamps meet
   */
  join<J extends JoinType = 'inner'>(
    options: JoinByKey<Ts, J>,
  ): DataStream<JoinedRow<Ts[0], Ts[1], J>>
  join<J extends JoinType = 'inner'>(
    options: JoinByCondition<Ts, J>,
  ): DataStream<JoinedRow<Ts[0], Ts[1], J>>

  /**
   * Calls the function per micro-batch, with a reader of each input and the job's default `StreamState`: when an input has
   * data, at most `maxBatch` (1024) records of each, and once more at the end. What it leaves unread stays for the next
   * call. It runs in one subtask; on keyed streams it sees one key at a time, and the result stays keyed.
   *
   * It returns the records to emit, which get the timestamp of the latest record read. A call that throws emits nothing, and
   * what it had read is left out, if the policy says so.
   */
  process<R extends Items<unknown>>(
    fn: (streams: StreamReaders<Ts>, state: StreamState) => R,
    options?: ConnectedProcessOptions,
  ): DataStream<ItemOf<R>>

  /**
   * Windows over all inputs together, by the least of their watermarks, or by the job's clock where no timestamps are
   * assigned. `window({ type: 'tumbling', size: '1m' }).process((windowData, state) => …)`
   */
  window(options: ConnectedWindowOptions): ConnectedWindow<Ts>

  /**
   * Connected streams whose `process` sees aligned batches, whole: of records that belong together in time, or of
   * everything up to a marker. What a call leaves unread comes before the next batch. Other operators see the
   * streams as they are.
   *
   * @throws StreamError `SAGE_OPTION`; at run time `SAGE_TIMESTAMP` for records without a timestamp
   */
  synchronize(options: SynchronizeOptions<Ts[number]>): this

  /**
   * Decides about failures of user code in the operators that follow on the connected streams it returns, above their `errors`
   * policy: `'continue'` leaves the record out, `'retry'` makes the call again (at most 3 times, then the job
   * stops), `'stop'` fails the job. A handler that throws, or returns something else, fails it too.
   */
  onError(handler: ErrorHandler): this
  /**
   * Fails the job with `SAGE_ERROR_THRESHOLD` when more records fail for good within the time window than `maxErrors`, in one
   * of the operators that follow on the connected streams it returns: counted over all of its subtasks.
   */
  setErrorThreshold(options: ErrorThresholdOptions): this
  /** What happens when an operator that follows on the connected streams it returns does not keep up, input by input. */
  configureBackpressure(options: BackpressureOptions): this

  /** Applies a reusable piece, given as a function or by the name under which it was registered. */
  pipe<R>(piece: (streams: this) => R): R
  pipe<R = DataStream<any>>(registeredName: string): R
}

declare module './stream-kinds.ts' {
  interface ConnectedKinds<K, Ts extends readonly unknown[]> {
    unkeyed: ConnectedStreams<Ts>
  }
}
