import { cloneValue } from '../../codec/value.ts'
import type { Collector, OutputTag } from '../contract/function.ts'
import type { OperatorContext } from '../contract/operator.ts'
import { isPromise, promiseReturned } from '../contract/result-checks.ts'
import { keptRecord } from '../final/accumulator.ts'
import { FailedWindows } from './failed-windows.ts'
import type { Window, WindowResult } from './window.ts'
import type { WindowContents } from './window-contents.ts'

/** A user's function of a window and all of its records. */
export type ProcessWindow<K = any, T = any, R = any> = (
  key: K,
  window: Window,
  values: T[],
  out: Collector<R>,
) => unknown

/** How the windows of one subtask give their results, and where late records go. */
export class WindowOutput {
  /** Windows whose user code has thrown. */
  readonly failed: FailedWindows
  readonly #context: Pick<OperatorContext, 'scope' | 'out' | 'countDropped'>
  readonly #contents: WindowContents
  readonly #process: ProcessWindow | undefined
  readonly #late: OutputTag<unknown> | undefined
  /** Whether accumulators may be used again behind a result. */
  readonly #retains: boolean
  readonly #stamps: boolean
  /** What the `process` at hand has emitted: it goes out when that has not thrown. */
  readonly #processed: { readonly tag: OutputTag<any> | undefined; readonly value: any }[] = []
  readonly #keeper: Collector = {
    collect: (value) => void this.#processed.push({ tag: undefined, value }),
    collectTo: (tag, value) => void this.#processed.push({ tag, value }),
  }

  /** @param how - `stamps`: whether results have timestamps; `retains`: whether accumulators go on behind a result */
  constructor(
    context: Pick<OperatorContext, 'scope' | 'out' | 'countDropped'>,
    contents: WindowContents,
    how: {
      readonly process?: ProcessWindow | undefined
      readonly late?: OutputTag<unknown> | undefined
      readonly retains: boolean
      readonly stamps: boolean
    },
  ) {
    this.#context = context
    this.#contents = contents
    this.#process = how.process
    this.#late = how.late
    this.#retains = how.retains
    this.#stamps = how.stamps
    this.failed = new FailedWindows(context.scope, contents, (window, accumulator) =>
      this.#give(window, window.timestamp, accumulator, context.out),
    )
  }

  /**
   * Emits the result of a window of the key at hand, in the call of a record: what user code throws is put by. Its
   * timestamp is the last of the window, or `latest` where that has no end.
   */
  emit(window: Window, accumulator: unknown, latest: number, out: Collector): void {
    const timestamp = this.#timestampOf(window, latest)
    if (this.failed.waiting) {
      this.failed.queue(this.failed.windowOf(window, timestamp, [accumulator]))
      return
    }
    try {
      this.#give(window, timestamp, accumulator, out)
    } catch (error) {
      this.failed.putBy(error, this.failed.windowOf(window, timestamp, [accumulator]))
    }
  }

  /** In the call of a record: the window that was to be emitted could not be merged of these. */
  putUnmerged(error: unknown, window: Window, parts: readonly unknown[], latest: number): void {
    const timestamp = this.#timestampOf(window, latest)
    this.failed.putBy(error, this.failed.windowOf(window, timestamp, parts))
  }

  /** As `emit`, outside of a call: throws what user code throws, and the window has been told then. */
  emitDue(window: Window, accumulator: unknown, latest: number): void {
    const timestamp = this.#timestampOf(window, latest)
    try {
      this.#give(window, timestamp, accumulator, this.#context.out)
    } catch (error) {
      this.failed.tell(this.failed.windowOf(window, timestamp, [accumulator]))
      throw error
    }
  }

  /** Outside of a call: the window that was to be emitted could not be merged of these. */
  tellUnmerged(window: Window, parts: readonly unknown[]): void {
    const timestamp = this.#timestampOf(window, Number.NaN)
    this.failed.tell(this.failed.windowOf(window, timestamp, parts))
  }

  /** The record at hand comes too late for all of its windows. */
  late(value: unknown, out: Collector): void {
    this.#context.countDropped()
    if (this.#late !== undefined) out.collectTo(this.#late, value)
  }

  #timestampOf({ end }: Window, latest: number): number | undefined {
    if (!this.#stamps) return undefined
    return end === Number.POSITIVE_INFINITY ? latest : end - 1
  }

  #give(window: Window, timestamp: number | undefined, accumulator: unknown, out: Collector) {
    const { scope } = this.#context
    // User code first: where that throws, nothing has been emitted.
    const value = this.#contents.result(accumulator)
    if (this.#process !== undefined) this.#callProcess(window, value as unknown[])
    const before = scope.timestamp
    if (timestamp !== undefined) scope.timestamp = timestamp
    try {
      if (this.#process !== undefined) this.#sendProcessed(out)
      else if (value !== null && value !== undefined) out.collect(this.#whole(window, value))
    } finally {
      scope.timestamp = before
    }
  }

  #callProcess({ start, end }: Window, values: unknown[]): void {
    this.#processed.length = 0
    const key = ownKey(this.#context.scope.key)
    if (isPromise(this.#process!(key, { start, end }, values, this.#keeper)))
      throw promiseReturned('window process')
  }

  #whole({ start, end }: Window, value: unknown): WindowResult<unknown, unknown> {
    const own = this.#retains && !this.#contents.keepsRecords ? keptRecord(value) : value
    return { key: ownKey(this.#context.scope.key), start, end, value: own }
  }

  #sendProcessed(out: Collector): void {
    const processed = this.#processed
    for (let i = 0; i < processed.length; i++) {
      const { tag, value } = processed[i]
      if (tag === undefined) out.collect(value)
      else out.collectTo(tag, value)
    }
    processed.length = 0
  }
}

/** A key that is an array is kept here too: the consumer gets one of its own. */
function ownKey(key: unknown): unknown {
  return typeof key === 'object' ? cloneValue(key) : key
}
