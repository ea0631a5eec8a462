import type { Key } from '../../../codec/key.ts'
import type {
  BaseCoMapFunction,
  BaseJoinFunction,
  KeyByFunction,
  MapFunction,
  SinkFunction,
} from '../../../operators/contract/function.ts'
import type { FileSink, FileSinkOptions } from '../../../operators/files/file-sink.ts'
import type {
  ClassArguments,
  ClassOf,
  CoMapResult,
  JoinResult,
  Lambda,
  NotPromise,
  Present,
  ResultOf,
  Sync,
} from '../function-types.ts'
import type { KeyByOptions, KeyByStrategy, OperatorOptions, SinkOptions } from '../options.ts'
import type { DataStream } from './data-stream.ts'
import type { ConnectedKinds } from './stream-kinds.ts'

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
  sink(Class: typeof FileSink, files: FileSinkOptions<Ts[number]>, options?: SinkOptions): this
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
  /** Applies a reusable piece, given as a function or by the name under which it was registered. */
  pipe<R>(piece: (streams: this) => R): R
  pipe<R = DataStream<any>>(registeredName: string): R
}

declare module './stream-kinds.ts' {
  interface ConnectedKinds<K, Ts extends readonly unknown[]> {
    unkeyed: ConnectedStreams<Ts>
  }
}
