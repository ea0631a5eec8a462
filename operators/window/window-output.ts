import { cloneValue } from '../../codec/value.ts'
import type { Collector, OutputTag } from '../contract/function.ts'
import type { OperatorContext } from '../contract/operator.ts'
import { isPromise, promiseReturned } from '../contract/result-checks.ts'
import { keptRecord } from '../final/accumulator.ts'
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
  readonly #context: Pick<OperatorContext, 'scope' | 'out' | 'countDropped'>
  readonly #contents: WindowContents
  readonly #process: ProcessWindow | undefined
  readonly #late: OutputTag<unknown> | undefined
  /** Whether accumulators may be used again behind a result. */
  readonly #retains: boolean
  readonly #stamps: boolean

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
  }

  /**
   * Emits the result of a window of the key at hand, whose timestamp is the last of the window. One without an end
   * has the timestamp `latest`.
   */
  emit(start: number, end: number, accumulator: unknown, latest: number, out: Collector): void {
    const { scope } = this.#context
    const { timestamp } = scope
    if (this.#stamps) scope.timestamp = end === Number.POSITIVE_INFINITY ? latest : end - 1
    try {
      this.#give(start, end, this.#contents.result(accumulator), out)
    } finally {
      scope.timestamp = timestamp
    }
  }

  /** As `emit`, outside of a call. */
  emitDue(start: number, end: number, accumulator: unknown, latest: number): void {
    this.emit(start, end, accumulator, latest, this.#context.out)
  }

  /** The record at hand comes too late for all of its windows. */
  late(value: unknown, out: Collector): void {
    this.#context.countDropped()
    if (this.#late !== undefined) out.collectTo(this.#late, value)
  }

  #give(start: number, end: number, value: any, out: Collector): void {
    const key = ownKey(this.#context.scope.key)
    if (this.#process !== undefined) {
      if (isPromise(this.#process(key, { start, end }, value, out)))
        throw promiseReturned('window process')
      return
    }
    if (value === null || value === undefined) return
    const own = this.#retains && !this.#contents.keepsRecords ? keptRecord(value) : value
    const result: WindowResult<unknown, unknown> = { key, start, end, value: own }
    out.collect(result)
  }
}

/** A key that is an array is kept here too: the consumer gets one of its own. */
function ownKey(key: unknown): unknown {
  return typeof key === 'object' ? cloneValue(key) : key
}
