export type { ConnectedStreams, KeySelector } from './typed/connected-streams.ts'
export type { DataStream, RecordOf, RecordsOf } from './typed/data-stream.ts'
export type { KeyedConnectedStreams } from './typed/keyed-connected-streams.ts'
export type { Comparable, KeyedStream, PatternStream, WindowOut } from './typed/keyed-stream.ts'
