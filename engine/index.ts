/** The public surface of `sage-stream`. */
export { type Duration, duration } from '../codec/duration.ts'
export { type ErrorCode, StreamError } from '../codec/errors.ts'
export { fromFlatBuffers } from '../codec/from-flatbuffers.ts'
export type { Key } from '../codec/key.ts'
export { registerType } from '../codec/register-type.ts'
export { type InferSchema, list, nullable, type Schema, schema } from '../codec/schema.ts'
export { materialize, type View } from '../codec/view.ts'
export type { LookupCache } from '../operators/async/lookup-cache.ts'
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
  AsyncMapFunction,
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
  BroadcastState,
  ListState,
  MapState,
  StateOptions,
  Timers,
  ValueState,
} from '../operators/contract/state.ts'
export { StatefulFunction } from '../operators/contract/stateful-function.ts'
export { StreamState } from '../operators/contract/stream-state.ts'
export type { GaugeSummary } from '../operators/contract/user-metrics.ts'
export type {
  FileChunk,
  FileFormatName,
  FileRecord,
  FileSourceOptions,
} from '../operators/files/file-options.ts'
export { FileSink, type FileSinkOptions } from '../operators/files/file-sink.ts'
export type { FileSinkFormat } from '../operators/files/sink-formats.ts'
export type { CollectInto } from '../operators/keyed-window/collect-logic.ts'
export type { WindowMeta } from '../operators/keyed-window/key-windows.ts'
export type {
  KeyedWindow,
  WindowClock,
  WindowerSpec,
} from '../operators/keyed-window/window-spec.ts'
export type {
  ConditionContext,
  MatchOf,
  NotStage,
  Pattern,
  PatternStart,
  TakingStage,
} from '../operators/pattern/pattern.ts'
export { type PostgresOptions, postgres } from '../operators/sql/postgres.ts'
export type {
  SqlConnection,
  SqlDatabase,
  SqlRow,
  SqlTransaction,
  SqlValue,
} from '../operators/sql/sql-database.ts'
export type {
  SqlSinkOptions,
  SqlSinkSettings,
  SqlStatementOptions,
  SqlTableOptions,
} from '../operators/sql/sql-options.ts'
export { SqlSink } from '../operators/sql/sql-sink.ts'
export { sqlite } from '../operators/sql/sqlite.ts'
export type { JoinEmitMode, JoinInsertMode } from '../operators/stateful/join-table.ts'
export { type LogicResult, StatefulBatchLogic, StatefulLogic } from '../operators/stateful/logic.ts'
export { type WatermarkStrategy, watermarks } from '../operators/time/watermark-strategy.ts'
export { type Trigger, triggers } from '../operators/window/trigger.ts'
export type { Window, WindowResult } from '../operators/window/window.ts'
export {
  globalWindow,
  session,
  sliding,
  slidingCount,
  tumbling,
  tumblingCount,
  WindowAssigner,
} from '../operators/window/window-assigner.ts'
export type { WindowAggregate } from '../operators/window/window-contents.ts'
export {
  BaseEnvironment,
  type PipelineOperator,
  type ServiceOptions,
} from './api/base-environment.ts'
export {
  defineJob,
  type JobDefinition,
  type JobEnvironment,
  type JobIO,
  type JobOutputs,
} from './api/define-job.ts'
export type {
  Bytes,
  ClassArguments,
  ClassOf,
  CoMapResult,
  Items,
  JoinResult,
  KeyedRow,
  Lambda,
  NotPromise,
  Present,
  ResultOf,
  Sync,
} from './api/function-types.ts'
export type { AskOptions, InputStream, PushOptions } from './api/input-stream.ts'
export { LocalEnvironment, type SubmitOptions } from './api/local-environment.ts'
export type {
  AsyncOptions,
  CollectOptions,
  CollectWindowOptions,
  EnrichOptions,
  FoldOptions,
  InputOptions,
  IntervalOptions,
  JoinOptions,
  JoinWindowOptions,
  KeyByOptions,
  KeyByStrategy,
  OperatorOptions,
  OutputOptions,
  ReadAs,
  SchemaOptions,
  SinkOptions,
  WindowOptions,
} from './api/options.ts'
export { OutputStream } from './api/output-stream.ts'
export { registerFunction } from './api/registered-functions.ts'
export { ConnectedStreams, DataStream, KeyedStream, WindowedStream } from './api/stream-classes.ts'
export type { SourceResult } from './api/stream-sources.ts'
export type {
  BackpressureOptions,
  Comparable,
  ConnectedProcessOptions,
  ConnectedWindow,
  ConnectedWindowOptions,
  ErrorThresholdOptions,
  JoinedRow,
  KeyedConnectedStreams,
  KeyedConnectedWindow,
  KeySelector,
  PatternStream,
  RecordOf,
  RecordsOf,
  SynchronizeOptions,
  WindowOut,
} from './api/streams.ts'
export type { ExplainFormat } from './graph/explain.ts'
export type {
  AllowConfig,
  CheckpointConfig,
  EnvironmentConfig,
  MemoryConfig,
  RestartConfig,
} from './job/config.ts'
export type { JobHandle } from './job/job-handle.ts'
export type { JobResult, JobStatus } from './job/job-result.ts'
export type { StopOptions } from './job/stop-options.ts'
export type {
  CommonMetrics,
  InAndOut,
  OperatorMetrics,
  SubtaskMetrics,
} from './metrics/operator-metrics.ts'
export type { ServiceScope } from './task/services.ts'
export type { CheckpointInfo } from './thread/control.ts'
export { isWorker } from './thread/job-site.ts'
