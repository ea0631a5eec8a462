export type {
  BackpressureOptions,
  ErrorThresholdOptions,
  JoinByCondition,
  JoinByKey,
  JoinedRow,
  KeySelector,
  SynchronizeOptions,
  WindowOptions,
} from './typed/connected-options.ts'
export type { ConnectedStreams } from './typed/connected-streams.ts'
export type { ConnectedWindow, KeyedConnectedWindow } from './typed/connected-window.ts'
export type { DataStream, RecordOf, RecordsOf } from './typed/data-stream.ts'
export type { KeyedConnectedStreams } from './typed/keyed-connected-streams.ts'
export type { Comparable, KeyedStream } from './typed/keyed-stream.ts'
