/** The public surface of `sage-stream`. */
export { type Duration, duration } from '../codec/duration.ts'
export { type ErrorCode, StreamError } from '../codec/errors.ts'
export { fromFlatBuffers } from '../codec/from-flatbuffers.ts'
export type { Key } from '../codec/key.ts'
export { registerType } from '../codec/register-type.ts'
export { type InferSchema, list, nullable, type Schema, schema } from '../codec/schema.ts'
export { materialize, type View } from '../codec/view.ts'
export type { JoinType } from '../operators/connected/join-rows.ts'
export type { StreamReader, StreamReaders } from '../operators/connected/stream-readers.ts'
export type { KeyedWindowData, WindowData } from '../operators/connected/window-data.ts'
export type { Clock, RuntimeContext } from '../operators/contract/context.ts'
export type { DeadLetter, ErrorPolicy } from '../operators/contract/error-policy.ts'
export type {
  ErrorContext,
  ErrorHandler,
  ErrorVerdict,
} from '../operators/contract/failure-handling.ts'
export {
  BaseCoMapFunction,
  BaseFunction,
  BaseJoinFunction,
  type Collector,
  FilterFunction,
  FlatMapFunction,
  KeyByFunction,
  MapFunction,
  MemoryFunction,
  OutputTag,
  ProcessFunction,
  SinkFunction,
  SourceFunction,
} from '../operators/contract/function.ts'
export type { HistogramSnapshot } from '../operators/contract/histogram.ts'
export type { Logger, LogLevel } from '../operators/contract/logger.ts'
export type { Counter, Gauge, Histogram, MetricGroup } from '../operators/contract/metrics.ts'
export { Packet, StopSignal } from '../operators/contract/packet.ts'
export { IDLE, type PartitionedSource, type PartitionReader } from '../operators/contract/source.ts'
export type {
  ListState,
  MapState,
  StateOptions,
  Timers,
  ValueState,
} from '../operators/contract/state.ts'
export { StreamState } from '../operators/contract/stream-state.ts'
export type { GaugeSummary } from '../operators/contract/user-metrics.ts'
export { FileSink, type FileSinkOptions } from '../operators/files/file-sink.ts'
export { type WatermarkStrategy, watermarks } from '../operators/time/watermark-strategy.ts'
export { BaseEnvironment } from './api/base-environment.ts'
export {
  defineJob,
  type JobDefinition,
  type JobEnvironment,
  type JobIO,
  type JobOutputs,
} from './api/define-job.ts'
export type { AskOptions, InputStream, PushOptions } from './api/input-stream.ts'
export { LocalEnvironment, type SubmitOptions } from './api/local-environment.ts'
export type { OperatorOptions } from './api/options.ts'
export { OutputStream } from './api/output-stream.ts'
export { registerFunction } from './api/registered-functions.ts'
export { ConnectedStreams, DataStream, KeyedStream } from './api/stream-classes.ts'
export type {
  BackpressureOptions,
  ConnectedWindow,
  ErrorThresholdOptions,
  JoinedRow,
  KeyedConnectedWindow,
  SynchronizeOptions,
} from './api/streams.ts'
export type { EnvironmentConfig, MemoryConfig } from './job/config.ts'
export type { JobHandle, StopOptions } from './job/job-handle.ts'
export type { JobResult, JobStatus } from './job/job-result.ts'
export type {
  CommonMetrics,
  InAndOut,
  OperatorMetrics,
  SubtaskMetrics,
} from './metrics/operator-metrics.ts'
export { isWorker } from './thread/job-site.ts'
