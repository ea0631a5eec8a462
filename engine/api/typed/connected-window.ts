import type { KeyedWindowData, WindowData } from '../../../operators/connected/window-data.ts'
import type { OutputTag } from '../../../operators/contract/function.ts'
import type { StreamState } from '../../../operators/contract/stream-state.ts'
import type { Present, Sync } from '../function-types.ts'
import type { OperatorOptions } from '../options.ts'
import type { DataStream } from './data-stream.ts'
import type { KeyedStream } from './keyed-stream.ts'

/** Windows over connected streams: what may be done with their records. */
export interface ConnectedWindow<Ts extends readonly unknown[]> {
  /**
   * Calls the function once for each window that is over and holds anything: the watermark, or the job's clock, has reached
   * its end, or the input has ended. What it returns is emitted, with the last millisecond of the window as its
   * timestamp; null is nothing. Late records, whose windows are all over, are counted as `dropped`.
   *
   * It runs in one subtask; on keyed streams each key has windows of its own, and the result stays keyed.
   */
  process<R>(
    fn: (windowData: WindowData<Ts>, state: StreamState) => R & Sync<R>,
    options?: OperatorOptions,
  ): DataStream<Present<R>>
  /** Sends late records to a side output of `process`, read with `sideOutput(tag)`. */
  lateOutput(tag: OutputTag<Ts[number]>): this
}

/** Windows over keyed connected streams: each key has its own. */
export interface KeyedConnectedWindow<K, Ts extends readonly unknown[]> {
  /** As `ConnectedWindow.process`. */
  process<R>(
    fn: (windowData: KeyedWindowData<Ts, K>, state: StreamState) => R & Sync<R>,
    options?: OperatorOptions,
  ): KeyedStream<K, Present<R>>
  /** Sends late records to a side output of `process`, read with `sideOutput(tag)`. */
  lateOutput(tag: OutputTag<Ts[number]>): this
}
