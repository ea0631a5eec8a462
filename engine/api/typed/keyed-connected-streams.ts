import type { StreamReaders } from '../../../operators/connected/stream-readers.ts'
import type { MapFunction } from '../../../operators/contract/function.ts'
import type { StreamState } from '../../../operators/contract/stream-state.ts'
import type {
  ClassArguments,
  ClassOf,
  ItemOf,
  Items,
  Lambda,
  Present,
  Sync,
} from '../function-types.ts'
import type { OperatorOptions } from '../options.ts'
import type { ConnectedProcessOptions, ConnectedWindowOptions } from './connected-options.ts'
import type { ConnectedStreams } from './connected-streams.ts'
import type { KeyedConnectedWindow } from './connected-window.ts'
import type { DataStream } from './data-stream.ts'
import type { KeyedStream } from './keyed-stream.ts'

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
  process<R extends Items<unknown>>(
    fn: (streams: StreamReaders<Ts>, state: StreamState) => R,
    options?: ConnectedProcessOptions,
  ): KeyedStream<K, ItemOf<R>>
  window(options: ConnectedWindowOptions): KeyedConnectedWindow<K, Ts>
  connect<L, U>(other: KeyedStream<L, U>): KeyedConnectedStreams<K | L, [...Ts, U]>
  connect<L, Us extends readonly unknown[]>(
    others: KeyedConnectedStreams<L, Us>,
  ): KeyedConnectedStreams<K | L, [...Ts, ...Us]>
  connect<U>(other: DataStream<U>): ConnectedStreams<[...Ts, U]>
  connect<Us extends readonly unknown[]>(
    others: ConnectedStreams<Us>,
  ): ConnectedStreams<[...Ts, ...Us]>
}

declare module './stream-kinds.ts' {
  interface ConnectedKinds<K, Ts extends readonly unknown[]> {
    keyed: KeyedConnectedStreams<K, Ts>
  }
}
