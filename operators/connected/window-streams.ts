import type { OutputTag } from '../contract/function.ts'
import { requireLambda } from '../contract/function-form.ts'
import type { StateColumn, TimeDomain } from '../contract/keyed-store.ts'
import type {
  Operator,
  OperatorCall,
  OperatorContext,
  OperatorFactory,
  Room,
} from '../contract/operator.ts'
import { isPromise, promiseReturned } from '../contract/result-checks.ts'
import type { StreamState } from '../contract/stream-state.ts'
import { TimerService } from '../state/timer-service.ts'
import { RecordTime } from './record-time.ts'
import { emitHeld, StatePlace } from './state-place.ts'
import { FiredWindow } from './window-data.ts'
import {
  type Frame,
  type Framing,
  framingOf,
  type TimerChanges,
  type WindowSpec,
} from './window-frames.ts'

/** What windows over connected streams are. */
export interface WindowStreamsSpec {
  readonly window: WindowSpec
  readonly fn: unknown
  readonly inputs: number
  /** Whether the inputs are dealt by key: each key then has windows of its own. */
  readonly keyed: boolean
  /** Where late records go, beside being counted. */
  readonly late?: OutputTag<unknown> | undefined
}

type Process = (window: FiredWindow, state: StreamState) => unknown

/**
 * Windows over all inputs together: `fn(windowData, state)` once a window is over, in event time where the records have
 * timestamps (the watermark, the least of all inputs, has reached its end), else in processing time. At the end of
 * input all windows are over. Late records, whose windows all are, are counted as dropped.
 */
export function windowStreamsFactory(spec: WindowStreamsSpec): OperatorFactory {
  requireLambda(spec.fn, 'window.process')
  return {
    shape: 'process',
    serial: !spec.keyed,
    functions: [spec.fn],
    redistribute: RecordTime.redistribute,
    create: (context) => new WindowStreams(spec, context),
  }
}

class WindowStreams implements Operator {
  readonly call: readonly OperatorCall[]
  readonly #context: OperatorContext
  readonly #process: Process
  readonly #framing: Framing
  readonly #late: OutputTag<unknown> | undefined
  readonly #place: StatePlace
  readonly #time: RecordTime
  readonly #timers: TimerService
  readonly #column: StateColumn<Frame[]>
  readonly #timerChanges: TimerChanges
  /** The slot of the record at hand, for its timers. */
  #slot = -1
  #state: StreamState | undefined
  /** The record at hand: one object for all, as each needs one. */
  readonly #arrived = { input: 0, value: undefined as unknown, time: 0, passed: 0 }
  /** The window on which the function threw last. */
  #failed: { readonly window: FiredWindow; readonly domain: TimeDomain } | undefined

  constructor(spec: WindowStreamsSpec, context: OperatorContext) {
    this.#context = context
    this.#process = spec.fn as Process
    this.#framing = framingOf(spec.window, spec.inputs)
    this.#late = spec.late
    this.#place = new StatePlace(context, spec.keyed)
    this.#time = new RecordTime('window', context)
    this.#timers = new TimerService(context, (at, domain) => this.#onTimer(at, domain))
    this.#column = context.keyed.store.column<Frame[]>('frames')
    this.#timerChanges = {
      register: (at) => this.#time.timers.register(this.#slot, at),
      delete: (at) => void this.#time.timers.delete(this.#slot, at),
    }
    this.call = Array.from(
      { length: spec.inputs },
      (_, input): OperatorCall =>
        (value) =>
          this.#take(input, value),
    )
  }

  onWatermark(watermark: number, room: Room): boolean {
    if (!this.#timers.onWatermark(watermark, room)) return false
    // The end of input is the end of all time.
    return watermark < Number.POSITIVE_INFINITY || this.#timers.onProcessingTime(watermark, room)
  }

  onProcessingTime(now: number, room: Room): boolean {
    return this.#timers.onProcessingTime(now, room)
  }

  get dueAt(): number {
    return this.#timers.dueAt
  }

  snapshot(): unknown {
    return this.#time.snapshot()
  }

  restore(state: unknown): void {
    this.#time.restore(state)
  }

  again(): Iterable<unknown> {
    if (this.#failed === undefined) this.#take(this.#arrived.input, this.#arrived.value)
    else {
      this.#context.scope.key = this.#failed.window.key
      this.#fire(this.#failed.window, this.#failed.domain)
    }
    return []
  }

  gathered(): unknown {
    return this.#failed === undefined ? this.#arrived.value : this.#failed.window.inputs
  }

  #take(input: number, value: unknown): void {
    const { countDropped, out } = this.#context
    const arrived = this.#arrived
    arrived.input = input
    arrived.value = value
    this.#failed = undefined
    arrived.time = this.#time.ofRecord()
    const { passed, domain } = this.#time
    const slot = (this.#slot = this.#place.slot())
    const known = this.#column.get(slot)
    const frames = known ?? []
    // Processing time has passed `now` only when the clock shows more.
    arrived.passed = domain === 'event' ? passed : Number.NEGATIVE_INFINITY
    if (this.#framing.add(frames, arrived, this.#timerChanges)) {
      if (known === undefined) this.#column.set(slot, frames)
      else this.#column.touch(slot)
      return
    }
    if (known === undefined) this.#release(slot)
    countDropped()
    if (this.#late !== undefined) out.collectTo(this.#late, value)
  }

  #onTimer(at: number, domain: TimeDomain): void {
    const slot = this.#place.find()
    const frames = this.#column.get(slot) ?? []
    const window = this.#framing.take(frames, at)
    if (frames.length > 0) this.#column.touch(slot)
    else this.#column.clear(slot)
    this.#place.enter(slot)
    if (window === undefined) return
    const { start, end, inputs } = window
    this.#fire(new FiredWindow(start, end, this.#context.scope.key, inputs), domain)
  }

  #fire(window: FiredWindow, domain: TimeDomain): void {
    const { ctx } = this.#context
    this.#failed = { window, domain }
    this.#state ??= ctx.shared()
    const result = this.#process(window, this.#state)
    if (isPromise(result)) throw promiseReturned('window.process')
    this.#failed = undefined
    emitHeld(this.#context, domain === 'event' ? window.endTime - 1 : Number.NaN, result)
  }

  #release(slot: number): void {
    if (this.#place.keyed) this.#place.store.release(slot)
  }
}
