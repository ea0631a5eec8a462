import type { Logger } from './logger.ts'
import type { MetricGroup } from './metrics.ts'
import type {
  BroadcastState,
  ListState,
  MapState,
  StateOptions,
  Timers,
  ValueState,
} from './state.ts'
import type { StreamState } from './stream-state.ts'

/** Typed view of a registered service: its methods, as `ctx.service<T>(name)` hands them out. */
export type ServiceProxy<T> = T

/**
 * Calls a service's `process` method; `callService.async` always returns a promise of its result.
 * A failing call is `SAGE_SERVICE` with the failure as its cause, an unknown name is `SAGE_SERVICE` too.
 */
export interface CallService {
  (name: string, ...args: unknown[]): unknown
  /** A promise of the result, whether `process` is async or not. */
  async(name: string, ...args: unknown[]): Promise<unknown>
}

/** The time by which processing-time decisions are made; injected, so tests can hold it still. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
}

/**
 * What a user function may ask of the engine. One object per operator and subtask; `key` and
 * `timestamp` belong to the record at hand and are valid only during a call.
 */
export interface RuntimeContext<K = any> {
  /** The operator's name, as in `JobResult.operators`. */
  readonly name: string
  readonly jobName: string
  /** Index of this subtask, from 0. */
  readonly subtask: number
  readonly parallelism: number
  /** Key of the record at hand; undefined on streams that are not keyed. */
  readonly key: K
  /** The same as `key`. */
  getKey(): K
  /** Event time of the record at hand (ms since the epoch); undefined while no timestamps are assigned. */
  readonly timestamp: number | undefined
  /**
   * The watermark that holds at the record at hand (ms since the epoch): no record with an earlier timestamp follows.
   * -Infinity while nothing is promised.
   */
  readonly watermark: number
  /**
   * The state `name` of the key at hand, on keyed streams. `init` gives the value of a key that has none.
   *
   * @throws StreamError `SAGE_NOT_KEYED`; `SAGE_STATE` for a name that is another kind of state
   */
  state<S>(name: string, init: () => S, options?: StateOptions): ValueState<S>
  /** The list `name` of the key at hand, on keyed streams. */
  listState<T>(name: string, options?: StateOptions): ListState<T>
  /** The map `name` of the key at hand, on keyed streams. */
  mapState<MK, V>(name: string, options?: StateOptions): MapState<MK, V>
  /**
   * The map `name`, equal on all subtasks: written while a record of a broadcast input is processed, read at any time.
   *
   * @throws StreamError `SAGE_STATE` where no input is broadcast
   */
  broadcastState<MK = any, V = any>(name: string): BroadcastState<MK, V>
  /**
   * Timers of the key at hand, on keyed streams, for a `ProcessFunction` with `onTimer`.
   *
   * @throws StreamError `SAGE_OPTION` for other functions
   */
  readonly timers: Timers
  readonly logger: Logger
  /** Counters, gauges and histograms of your own, read with `job.metrics()`. */
  readonly metrics: MetricGroup
  readonly clock: Clock
  /** Asks an idle source of this subtask again at once. May be called from any asynchronous callback. */
  wake(): void
  /** The store of this name (default `'default'`), shared by all threads of the job. */
  shared(name?: string): StreamState
  /** The instance of a service registered with `env.registerService`, one per worker thread. */
  service<T = any>(name: string): ServiceProxy<T>
  readonly callService: CallService
}
