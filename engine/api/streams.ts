export type {
  BackpressureOptions,
  ConnectedProcessOptions,
  ConnectedWindowOptions,
  ErrorThresholdOptions,
  JoinByCondition,
  JoinByKey,
  JoinedRow,
  KeySelector,
  SynchronizeOptions,
} from './typed/connected-options.ts'
export type { ConnectedStreams } from './typed/connected-streams.ts'
export type { ConnectedWindow, KeyedConnectedWindow } from './typed/connected-window.ts'
export type { DataStream, RecordOf, RecordsOf } from './typed/data-stream.ts'
export type { KeyedConnectedStreams } from './typed/keyed-connected-streams.ts'
export type { KeyedStream, PatternStream, WindowOut } from './typed/keyed-stream.ts'
export type { Comparable } from './typed/stream-kinds.ts'
export type { WindowedStream } from './typed/windowed-stream.ts'
