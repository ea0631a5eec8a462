/**
 * `sage-stream/codec`: schemas, and how records become bytes.
 *
 * @module sage-stream/codec
 */
export { type ErrorCode, type ErrorPlace, StreamError } from './errors.ts'
export {
  type FlatBuffersClass,
  type FlatBuffersRecord,
  fromFlatBuffers,
} from './from-flatbuffers.ts'
export type { Key } from './key.ts'
export type {
  FrameOptions,
  FrameReader,
  FrameWriter,
  RecordBatch,
  RecordCodec,
  RecordColumns,
  RecordCursor,
  RecordViews,
} from './record-codec.ts'
export { registerType, type TypeCodec } from './register-type.ts'
export { type InferSchema, list, nullable, type Schema, schema } from './schema.ts'
export type {
  Fields,
  FieldType,
  ListType,
  NullableType,
  ScalarName,
  SchemaLike,
} from './schema-types.ts'
export { decodeFrame, verifyFrame } from './verify.ts'
export { materialize, type View } from './view.ts'
