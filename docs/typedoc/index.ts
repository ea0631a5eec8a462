/**
 * The package root. Streams are documented as what their types say; the classes of the same names are there for
 * `instanceof`, and for `new ConnectedStreams([…])`.
 *
 * @module sage-stream
 */
export type {
  ConnectedStreams,
  DataStream,
  KeyedConnectedStreams,
  KeyedStream,
  WindowedStream,
} from '../../engine/api/streams.ts'
export * from '../../engine/index.ts'
