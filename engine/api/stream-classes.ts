import { BasicStream } from './basic-stream.ts'
import { JoinedInputs } from './joined-inputs.ts'
import { StreamByKey } from './keyed-stream.ts'
import type * as typed from './streams.ts'
import { WindowsByKey } from './windowed-stream.ts'

// The values behind the types of the same names: for `instanceof`, and for
// `new ConnectedStreams([…])`.

/** A stream of records: see its methods. */
export type DataStream<T> = typed.DataStream<T>
/** For `instanceof`: streams are made by environments and by other streams. */
export const DataStream = BasicStream as unknown as abstract new () => typed.DataStream<any>

/** A stream grouped by key. */
export type KeyedStream<K, T> = typed.KeyedStream<K, T>
/** For `instanceof`: keyed streams are made by `keyBy`. */
export const KeyedStream = StreamByKey as unknown as abstract new () => typed.KeyedStream<any, any>

/** A keyed stream in windows: see its methods. */
export type WindowedStream<K, T> = typed.WindowedStream<K, T>
/** For `instanceof`: made by `keyed.window(assigner)`. */
export const WindowedStream = WindowsByKey as unknown as abstract new () => typed.WindowedStream<
  any,
  any
>

/** Several streams side by side: the inputs of one operator. */
export type ConnectedStreams<Ts extends readonly unknown[]> = typed.ConnectedStreams<Ts>
/** `new ConnectedStreams([s1, s2, …])` is `s1.connect(s2)…`. */
export const ConnectedStreams = JoinedInputs as unknown as ConnectedStreamsConstructor

/** How connected streams are made of an array. */
export interface ConnectedStreamsConstructor {
  new <const Ss extends readonly typed.KeyedStream<any, any>[]>(
    streams: Ss,
  ): typed.KeyedConnectedStreams<KeyOf<Ss[number]>, typed.RecordsOf<Ss>>
  new <const Ss extends readonly typed.DataStream<any>[]>(
    streams: Ss,
  ): typed.ConnectedStreams<typed.RecordsOf<Ss>>
}

type KeyOf<S> = S extends typed.KeyedStream<infer K, any> ? K : never
