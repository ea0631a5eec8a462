/**
 * `sage-stream/operators`: the contract between the engine and its operators, for those who write
 * operators, sources and sinks of their own.
 *
 * @module sage-stream/operators
 */
export type { CallService, Clock, RuntimeContext, ServiceProxy } from './contract/context.ts'
export type { DeadLetter, ErrorPolicy } from './contract/error-policy.ts'
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
} from './contract/function.ts'
export type { HistogramSnapshot } from './contract/histogram.ts'
export type {
  ChangeCounts,
  ColumnOptions,
  Cut,
  CutRange,
  CutSink,
  GroupRange,
  KeyedCut,
  KeyedEntry,
  KeyedStore,
  NumberColumn,
  Slice,
  StateColumn,
  TimeDomain,
  TimerEntry,
  TimerQueue,
} from './contract/keyed-store.ts'
export type { Logger, LogLevel } from './contract/logger.ts'
export type { Counter, Gauge, Histogram, MetricGroup } from './contract/metrics.ts'
export type {
  KeyedBackend,
  LaterCheckpoint,
  Operator,
  OperatorCall,
  OperatorContext,
  OperatorFactory,
  OperatorShape,
  RecordScope,
  Room,
  SinkRecovery,
  SourceFactory,
  WatermarkGenerator,
} from './contract/operator.ts'
export { Packet, type PartitionStrategy, StopSignal } from './contract/packet.ts'
export {
  type Awaitable,
  IDLE,
  type PartitionedSource,
  type PartitionReader,
} from './contract/source.ts'
export type {
  BroadcastState,
  ListState,
  MapState,
  StateOptions,
  Timers,
  ValueState,
} from './contract/state.ts'
export { StatefulFunction } from './contract/stateful-function.ts'
export { StreamState } from './contract/stream-state.ts'
export { TwoPhaseSink } from './contract/two-phase-sink.ts'
export { type OnTimer, TimerService } from './state/timer-service.ts'
