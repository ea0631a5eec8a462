import { describe, StreamError } from '../../codec/errors.ts'
import type { Key } from '../../codec/key.ts'
import { assertEncodable } from '../../codec/value.ts'
import type { Collector } from '../contract/function.ts'
import type { StateColumn } from '../contract/keyed-store.ts'
import type { Operator, OperatorCall, OperatorContext, Room } from '../contract/operator.ts'
import { keptRecord } from '../final/accumulator.ts'
import { DueIndex, dueAt } from './due-index.ts'
import { EMPTY, KeyWindows, type OpenWindow, openWindow } from './key-windows.ts'
import type { Trigger } from './trigger.ts'
import type { Window } from './window.ts'
import { AlignedWindows, SessionWindows, type WindowAssigner } from './window-assigner.ts'
import type { WindowContents } from './window-contents.ts'
import type { WindowOutput } from './window-output.ts'

/** In which time windows are, and how much later records may come. */
export interface WindowTime {
  /** Whether windows are of event time, else of the job's clock. */
  readonly event: boolean
  readonly latenessMs: number
}

const CHECKED_ACCUMULATORS = 100

/**
 * Windows of any kind, each with an accumulator of its own: sessions, those of assigners of one's own, and all windows
 * that fire otherwise than once at their end. The rules are those of Flink's `WindowOperator`.
 */
export class OpenWindows {
  readonly #context: OperatorContext
  readonly #assigner: WindowAssigner
  readonly #gap: number
  readonly #merges: boolean
  readonly #aligned: boolean
  readonly #trigger: Trigger
  /** Whether the trigger looks at the job's clock. */
  readonly #byClock: boolean
  readonly #contents: WindowContents
  readonly #output: WindowOutput
  readonly #event: boolean
  readonly #latenessMs: number
  readonly #column: StateColumn<KeyWindows>
  readonly #eventDue = new DueIndex()
  readonly #clockDue = new DueIndex()
  #watermark = Number.NEGATIVE_INFINITY
  #unchecked = CHECKED_ACCUMULATORS
  #ended = false

  constructor(
    context: OperatorContext,
    assigner: WindowAssigner,
    trigger: Trigger,
    contents: WindowContents,
    output: WindowOutput,
    time: WindowTime,
  ) {
    this.#context = context
    this.#assigner = assigner
    this.#gap = assigner instanceof SessionWindows ? assigner.gap : Number.NaN
    this.#merges = assigner.merges === true
    this.#aligned = assigner instanceof AlignedWindows
    this.#trigger = trigger
    this.#byClock =
      trigger.type === 'processingTime' || (trigger.type === 'every' && time.event === false)
    this.#contents = contents
    this.#output = output
    this.#event = time.event
    this.#latenessMs = time.latenessMs
    this.#column = context.keyed.store.column('windows', {
      encode: (state: KeyWindows) => state.save(),
      decode: (data) => KeyWindows.load(data),
    })
  }

  operator(): Operator {
    const call: OperatorCall = (value, _, out) => this.#add(value, out)
    const operator: Operator = {
      call,
      ...this.#output.failed.handling(call, this.#context),
      open: () => this.#reopen(),
      onWatermark: (watermark, room) => this.#onWatermark(watermark, room),
    }
    if (this.#event && !this.#byClock) return operator
    const due = this.#clockDue
    return {
      ...operator,
      onProcessingTime: (now, room) => this.#fireClock(now, room),
      get dueAt() {
        return dueAt(due)
      },
    }
  }

  /** The indices are not part of the state: what was restored is entered again. */
  #reopen(): void {
    for (const slot of this.#context.keyed.store.slots()) {
      const state = this.#column.get(slot)!
      this.#expect(slot, state, state.windows.toArray())
    }
  }

  // --- a record comes ------------------------------------------------------------------------

  #add(value: unknown, out: Collector): void {
    const { scope, ctx, keyed } = this.#context
    const time = this.#event ? scope.timestamp : ctx.clock.now()
    const known = keyed.find()
    const state = (known === -1 ? undefined : this.#column.get(known)) ?? new KeyWindows()
    const order = state.arrivals
    let taken: OpenWindow[]
    if (this.#gap > 0) {
      const window = this.#merge(state, time, time + this.#gap, value, order)
      taken = window === undefined ? [] : [window]
    } else taken = this.#assign(state, value, time, order)
    if (taken.length === 0) {
      this.#output.late(value, out)
      return
    }
    state.arrivals++
    const slot = known === -1 ? keyed.slot() : known
    if (order === 0) this.#column.set(slot, state)
    else this.#column.touch(slot)
    for (const window of taken) this.#arrive(window, time)
    let fires = false
    for (const window of taken) if (this.#firesNow(window)) fires = true
    if (fires) this.#fireNow(slot, state, taken, out)
    else this.#expect(slot, state, taken)
  }

  /** Adds the record to its windows that are not too late; gives these. */
  #assign(state: KeyWindows, value: unknown, time: number, order: number): OpenWindow[] {
    if (this.#merges) return this.#assignMerging(state, value, time, order)
    const taken: OpenWindow[] = []
    const added: unknown[] = []
    for (const window of this.#assigner.assign(value, time)) {
      checkWindow(window)
      if (this.#isLate(window.end)) continue
      const found = state.find(window)
      // Windows of the package's own assigners are each another.
      if (!this.#aligned && taken.includes((found ?? taken.find((one) => isSame(one, window)))!))
        continue
      const open = found ?? openWindow(window)
      added.push(this.#including(open.accumulator, value, order))
      taken.push(open)
    }
    // Together: where user code fails for one of them, none has the record.
    for (let i = 0; i < taken.length; i++) {
      const open = taken[i]
      open.accumulator = added[i]
      if (state.find(open) === undefined) state.windows.insert(open)
    }
    return taken
  }

  #assignMerging(state: KeyWindows, value: unknown, time: number, order: number): OpenWindow[] {
    let taken: OpenWindow[] = []
    for (const window of this.#assigner.assign(value, time)) {
      checkWindow(window)
      const merged = this.#merge(state, window.start, window.end, value, order)
      if (merged !== undefined && !taken.includes(merged)) taken.push(merged)
      // Windows of this record may have become one.
      taken = taken.filter((one) => state.find(one) === one)
    }
    return taken
  }

  /** Adds the record to the window that `start` to `end` and all windows that it meets become; undefined: too late. */
  #merge(
    state: KeyWindows,
    start: number,
    end: number,
    value: unknown,
    order: number,
  ): OpenWindow | undefined {
    const { windows } = state
    const from = windows.firstEnding(start)
    let to = from
    while (to < windows.to && windows.at(to).start <= end) to++
    if (to - from > 1) return this.#mergeAll(state, from, to, { start, end }, value, order)
    if (to === from) {
      if (this.#isLate(end)) return undefined
      const opened = openWindow({ start, end })
      opened.accumulator = this.#including(EMPTY, value, order)
      windows.insert(opened)
      return opened
    }
    const met = windows.at(from)
    met.accumulator = this.#including(met.accumulator, value, order)
    if (start < met.start) met.start = start
    if (end > met.end) {
      met.end = end
      met.fired = false
    }
    return met
  }

  /** The windows from index `from` to `to` become one, with the record. */
  #mergeAll(
    state: KeyWindows,
    from: number,
    to: number,
    own: Window,
    value: unknown,
    order: number,
  ): OpenWindow {
    const met: OpenWindow[] = []
    for (let i = from; i < to; i++) met.push(state.windows.at(i))
    const merged = openWindow({
      start: Math.min(own.start, met[0].start),
      end: Math.max(own.end, met[met.length - 1].end),
    })
    let accumulator: unknown = EMPTY
    for (const window of met) {
      merged.latest = Math.max(merged.latest, window.latest)
      merged.count += window.count
      if (!(window.fireAt >= merged.fireAt)) merged.fireAt = window.fireAt
      accumulator = this.#joined(accumulator, window.accumulator)
    }
    merged.accumulator = this.#including(accumulator, value, order)
    state.windows.replace(from, to, merged)
    return merged
  }

  /** Where user code throws, the windows that were to become one stay as they are: theirs is not changed in place. */
  #joined(a: unknown, b: unknown): unknown {
    if (a === EMPTY) return this.#contents.keepsRecords ? b : keptRecord(b)
    return b === EMPTY ? a : this.#contents.merge!(a, b)
  }

  #including(accumulator: unknown, value: unknown, order: number): unknown {
    if (accumulator !== EMPTY) return this.#contents.next(accumulator, value, order)
    const first = this.#contents.first(value, order)
    if (this.#unchecked > 0) {
      this.#unchecked--
      assertEncodable(first)
    }
    return first
  }

  #isLate(end: number): boolean {
    return this.#event && end + this.#latenessMs <= this.#watermark
  }

  // --- when windows fire ---------------------------------------------------------------------

  /** What a record means to the trigger. */
  #arrive(window: OpenWindow, time: number): void {
    if (time > window.latest) window.latest = time
    const { type, n } = this.#trigger
    if (type === 'count') window.count++
    else if (type === 'processingTime') window.fired = false
    else if (type === 'every' && Number.isNaN(window.fireAt)) {
      const now = this.#event ? Math.max(time, this.#watermark) : time
      window.fireAt = Math.floor(now / n) * n + n
    }
  }

  /** Whether the record at hand makes the window fire at once. */
  #firesNow({ end, count }: OpenWindow): boolean {
    const { type, n } = this.#trigger
    if (type === 'count') return count >= n
    return type !== 'processingTime' && this.#event && end <= this.#watermark
  }

  #fireNow(slot: number, state: KeyWindows, taken: readonly OpenWindow[], out: Collector): void {
    const firing: OpenWindow[] = []
    for (const window of taken) {
      if (!this.#firesNow(window)) continue
      firing.push({ ...window })
      this.#passOver(state, window, this.#watermark)
    }
    if (state.windows.size === 0) this.#forget(slot)
    else this.#expect(slot, state, taken)
    for (const window of firing) this.#output.emit(window, window.accumulator, window.latest, out)
  }

  /** The window has fired at `now`. */
  #passOver(state: KeyWindows, window: OpenWindow, now: number): void {
    window.count = 0
    window.fireAt = Number.NaN
    if (now >= window.end) window.fired = true
    if (!this.#trigger.purges) return
    window.accumulator = EMPTY
    // Nothing but its records makes a window that has no end.
    if (window.end === Number.POSITIVE_INFINITY) state.remove(window)
  }

  /** Whether the trigger fires the window when its time comes to `at`. */
  #fires(window: OpenWindow, at: number): boolean {
    if (this.#trigger.type === 'count' || window.accumulator === EMPTY) return false
    // No comparison with NaN holds.
    return window.fireAt <= at || (!window.fired && window.end <= at)
  }

  /** When the window's trigger looks at time next; Infinity: not before the end of input. */
  #fireTime({ accumulator, fired, end, fireAt }: OpenWindow): number {
    if (this.#trigger.type === 'count' || accumulator === EMPTY) return Number.POSITIVE_INFINITY
    const atEnd = fired ? Number.POSITIVE_INFINITY : end
    return fireAt < atEnd ? fireAt : atEnd
  }

  /** When the window goes: in event time, or by the job's clock. */
  #expiry({ end }: OpenWindow): number {
    return this.#event ? end + this.#latenessMs : end
  }

  #dueOf(window: OpenWindow, clock: boolean): number {
    const fireTime = clock === this.#byClock ? this.#fireTime(window) : Number.POSITIVE_INFINITY
    return clock === this.#event ? fireTime : Math.min(fireTime, this.#expiry(window))
  }

  #isDue(window: OpenWindow, at: number, clock: boolean): boolean {
    if (clock === this.#byClock && this.#fires(window, at)) return true
    return clock !== this.#event && this.#expiry(window) <= at
  }

  /** These windows of a key have other dates than before. */
  #expect(slot: number, state: KeyWindows, changed: readonly OpenWindow[]): void {
    if (this.#event) this.#register(slot, state, this.#earliest(changed, false), false)
    if (this.#byClock || !this.#event)
      this.#register(slot, state, this.#earliest(changed, true), true)
  }

  /** A key waits for the earliest date of its windows. One that has become later is found when the earlier comes. */
  #register(slot: number, state: KeyWindows, due: number, clock: boolean): void {
    if ((clock ? state.clockDue : state.eventDue) <= due || due === Number.POSITIVE_INFINITY) return
    if (clock) state.clockDue = due
    else state.eventDue = due
    const index = clock ? this.#clockDue : this.#eventDue
    index.register(slot, due)
  }

  #earliest(windows: readonly OpenWindow[], clock: boolean): number {
    let due = Number.POSITIVE_INFINITY
    for (let i = 0; i < windows.length; i++) {
      const of = this.#dueOf(windows[i], clock)
      if (of < due) due = of
    }
    return due
  }

  /** The earliest date of a key for which all has been done that was due at `at`. */
  #next(state: KeyWindows, at: number, clock: boolean): number {
    const { windows } = state
    // A late record lets a window wait again, whose end the clock has passed.
    if (clock && this.#event) return this.#earliest(windows.toArray(), clock)
    let due = windows.size === 0 ? Number.POSITIVE_INFINITY : this.#expiry(windows.at(windows.from))
    for (let i = windows.firstEnding(at); i < windows.to; i++) {
      // Further ones end later, and fire at their ends.
      if (windows.at(i).end >= due && this.#trigger.type !== 'every') break
      const of = this.#dueOf(windows.at(i), clock)
      if (of < due) due = of
    }
    return due
  }

  #forget(slot: number): void {
    this.#column.clear(slot)
    this.#context.keyed.store.release(slot)
  }

  #onWatermark(watermark: number, room: Room): boolean {
    this.#output.failed.raise()
    this.#watermark = watermark
    if (watermark < Number.POSITIVE_INFINITY)
      return this.#fire(this.#eventDue, watermark, false, room)
    // At the end of input the clock has come to its end too.
    if (!this.#fireClock(watermark, room)) return false
    if (!this.#ended) this.#end()
    return this.#fire(this.#event ? this.#eventDue : this.#clockDue, watermark, !this.#event, room)
  }

  /** What waits for the end of input does so without an entry, until it comes: in the order in which keys came. */
  #end(): void {
    this.#ended = true
    const index = this.#event ? this.#eventDue : this.#clockDue
    const slots = [...this.#context.keyed.store.slots()].sort((a, b) => a - b)
    for (const slot of slots) {
      const state = this.#column.get(slot)!
      const due = this.#event ? state.eventDue : state.clockDue
      if (due < Number.POSITIVE_INFINITY) continue
      if (this.#event) state.eventDue = Number.POSITIVE_INFINITY
      else state.clockDue = Number.POSITIVE_INFINITY
      index.register(slot, Number.POSITIVE_INFINITY)
    }
  }

  #fireClock(now: number, room: Room): boolean {
    return this.#fire(this.#clockDue, now, true, room)
  }

  #fire(index: DueIndex, now: number, clock: boolean, room: Room): boolean {
    while (index.next <= now) {
      if (!room()) return false
      const at = index.next
      const slot = index.first()
      const state = this.#column.get(slot)
      const waits = state !== undefined && (clock ? state.clockDue === at : state.eventDue === at)
      if (!waits || !this.#callNext(slot, state, at, clock)) {
        index.pop()
        if (waits) this.#rest(slot, state, at, clock)
      }
    }
    return true
  }

  /** All that was due at `at` has been done. */
  #rest(slot: number, state: KeyWindows, at: number, clock: boolean): void {
    if (clock) state.clockDue = Number.NaN
    else state.eventDue = Number.NaN
    if (state.windows.size === 0) this.#forget(slot)
    else this.#register(slot, state, this.#next(state, at, clock), clock)
  }

  /** The first window of a key that is due at `at` fires, goes, or both. False: there is none. */
  #callNext(slot: number, state: KeyWindows, at: number, clock: boolean): boolean {
    const window = this.#firstDue(state, at, clock)
    if (window === undefined) return false
    const fires = clock === this.#byClock && this.#fires(window, at)
    const { start, end, accumulator, latest } = window
    const expires = clock !== this.#event && this.#expiry(window) <= at
    // First: where user code throws, the window has been given up.
    if (fires) this.#passOver(state, window, at)
    if (expires && state.find(window) === window) state.remove(window)
    this.#column.touch(slot)
    const { scope, keyed } = this.#context
    scope.key = keyed.store.keyAt(slot) as Key
    if (fires && accumulator !== EMPTY) this.#output.emitDue({ start, end }, accumulator, latest)
    return true
  }

  /** Of a key that was registered at `at`, so that nothing is due earlier. */
  #firstDue(state: KeyWindows, at: number, clock: boolean): OpenWindow | undefined {
    const { windows } = state
    if (windows.size === 0) return undefined
    // The first expires first.
    const first = windows.at(windows.from)
    if (this.#isDue(first, at, clock)) return first
    for (let i = windows.firstEnding(at); i < windows.to; i++) {
      const window = windows.at(i)
      if (this.#isDue(window, at, clock)) return window
      if (window.end > at && this.#trigger.type !== 'every') break
    }
    return undefined
  }
}

function isSame(a: Window, b: Window): boolean {
  return a.start === b.start && a.end === b.end
}

function checkWindow(window: unknown): asserts window is Window {
  const { start, end } = (window ?? {}) as Partial<Window>
  if (typeof start === 'number' && typeof end === 'number' && start < end) return
  throw new StreamError(
    'SAGE_USER_ERROR',
    `window assigner: expected windows { start, end } with start < end, got ${describe(window)}`,
  )
}
