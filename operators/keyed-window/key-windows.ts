import { keptRecord } from '../final/accumulator.ts'
import { dequeue, enqueue, firstTimestamp, isQueueEmpty } from './item-queue.ts'
import type { KeyClock } from './key-clock.ts'
import type { WindowLogic } from './window-logic.ts'
import { newWindowState, type OpenWindow, type WindowState } from './window-state.ts'
import type { Windower } from './windower.ts'

/** When a window was open, and which sessions were merged into it. */
export interface WindowMeta {
  /** Its first millisecond (ms since the epoch); of a session the timestamp of its first record. */
  readonly open: number
  /** The millisecond behind its last one; of a session the timestamp of its last record. */
  readonly close: number
  /** The ids of the sessions that it has taken in, in the order of the merges. */
  readonly mergedIds: readonly number[]
}

/** Where the results of a key go. */
export interface KeyWindowsOutput {
  down(id: number, value: unknown): void
  late(id: number, record: unknown): void
  meta(id: number, meta: WindowMeta): void
  /** User code threw on something other than the record at hand, which has been given up. */
  failed(error: unknown, given: unknown): void
}

/**
 * Windows over the records of each key, by the key's own time: all that Bytewax's window operators have in common. It keeps
 * nothing of a key itself.
 *
 * In ordered mode records wait until the watermark has reached them, and go in by timestamp, then by arrival; else they
 * go in as they come. What throws for the record at hand throws here, and the record has not happened; what throws for
 * one that has waited, or for a merge, goes to `failed`.
 *
 * As in Bytewax: a key without open windows is forgotten with its watermark, except by sessions; the end of input closes
 * all windows and leaves the watermark as it was. Unlike it: a key is called when the job's clock has brought its watermark
 * to the end of a window (Bytewax takes the end in event time for a time of the clock), also by the earliest record that
 * waits, and not by the first to arrive; merges are done at the record that causes them, and not behind a batch; a window's
 * `mergedIds` also name what had been merged into those that it took in; and of joins that are merged `first` means the
 * values of the earlier session and `last` those of the later one.
 */
export class KeyWindows {
  readonly #clock: KeyClock
  readonly #windower: Windower
  readonly #logic: WindowLogic
  readonly #ordered: boolean
  readonly #values: unknown[] = []

  constructor(clock: KeyClock, windower: Windower, logic: WindowLogic, ordered: boolean) {
    this.#clock = clock
    this.#windower = windower
    this.#logic = logic
    this.#ordered = ordered
  }

  /** The state of a key that has none. */
  createState(): WindowState {
    return newWindowState()
  }

  /**
   * Whether the key may be forgotten, its time included, as in Bytewax: a record that comes later than its window closed may
   * then open it again.
   */
  isEmpty({ windows, queue }: WindowState): boolean {
    return windows.length === 0 && isQueueEmpty(queue) && !this.#windower.keepsKeys
  }

  /** Takes a record. False: it is late, behind the key's watermark, whether its windows are open or not. */
  onRecord(
    state: WindowState,
    record: unknown,
    { side, timestamp, now }: { side: number; timestamp: number; now: number },
    output: KeyWindowsOutput,
  ): boolean {
    const onTime = timestamp >= this.#clock.watermark(state, now)
    if (!onTime) this.#tellLate(record, timestamp, output)
    else if (!this.#ordered || this.#isNext(state, timestamp, now)) {
      this.#insert(state, record, side, timestamp, output)
    } else enqueue(state.queue, timestamp, record, side)
    this.#pass(state, this.#clock.advance(state, timestamp, now), output)
    return onTime
  }

  /** The job's clock shows `now`. */
  onTime(state: WindowState, now: number, output: KeyWindowsOutput): void {
    this.#pass(state, this.#clock.watermark(state, now), output)
  }

  /** End of input: all windows close. */
  onEof(state: WindowState, output: KeyWindowsOutput): void {
    this.#pass(state, Number.POSITIVE_INFINITY, output)
  }

  /** What the job's clock will show when `onTime` has something to do; Infinity: never. */
  wakeAt(state: WindowState): number {
    const { windows, queue, nextDue } = state
    let due = windows.length === 0 ? Number.POSITIVE_INFINITY : nextDue
    if (!isQueueEmpty(queue)) {
      const first = firstTimestamp(queue)
      const early = this.#logic.early !== undefined
      due = Math.min(due, early ? first : this.#windower.firstDueOf(first))
    }
    if (due === Number.POSITIVE_INFINITY) return due
    return this.#clock.reaches(state, this.#windower.strict ? due + 1 : due)
  }

  /** Whether a record need not wait: the watermark will be its own time, and nothing that waits comes before it. */
  #isNext(state: WindowState, timestamp: number, now: number): boolean {
    if (!isQueueEmpty(state.queue)) return false
    return this.#clock.peek(state, timestamp, now) >= timestamp
  }

  #tellLate(record: unknown, timestamp: number, output: KeyWindowsOutput): void {
    let own = record
    for (const id of this.#windower.lateIds(timestamp)) {
      output.late(id, own)
      own = keptRecord(record)
    }
  }

  #pass(state: WindowState, watermark: number, output: KeyWindowsOutput): void {
    const { queue } = state
    while (!isQueueEmpty(queue) && firstTimestamp(queue) <= watermark) {
      const { value, side, timestamp } = dequeue(queue)
      try {
        this.#insert(state, value, side, timestamp, output)
      } catch (error) {
        output.failed(error, value)
      }
    }
    if (watermark >= state.nextDue) this.#close(state, watermark, output)
  }

  #insert(
    state: WindowState,
    record: unknown,
    side: number,
    timestamp: number,
    output: KeyWindowsOutput,
  ): void {
    const windower = this.#windower
    this.#compute(windower.find(state, timestamp), record, side)
    const windows = windower.commit(state, timestamp, this.#values)
    for (let i = 0; i < windows.length; i++) {
      const due = windower.dueAt(windows[i])
      if (due < state.nextDue) state.nextDue = due
      if (this.#logic.early !== undefined) this.#tellEarly(windows[i], output)
    }
    if (windower.merge === undefined) return
    for (const { from, into } of windower.merge(state)) this.#merge(from, into, output)
  }

  /** The new values of windows, before any of these is changed. */
  #compute(windows: readonly (OpenWindow | undefined)[], record: unknown, side: number): void {
    const logic = this.#logic
    for (let i = 0; i < windows.length; i++) {
      const own = i > 0 && logic.keepsRecords ? keptRecord(record) : record
      const value = windows[i]?.value ?? null
      this.#values[i] = value === null ? logic.begin(own, side) : logic.add(value, own, side)
    }
  }

  #merge(from: OpenWindow, into: OpenWindow, output: KeyWindowsOutput): void {
    if (from.value === null) return
    try {
      into.value = into.value === null ? from.value : this.#logic.merge(into.value, from.value)
    } catch (error) {
      output.failed(error, from.value)
    }
    if (this.#logic.early !== undefined) this.#tellEarly(into, output)
  }

  #tellEarly({ id, value }: OpenWindow, output: KeyWindowsOutput): void {
    if (value === null) return
    for (const result of this.#logic.early!(value)) output.down(id, result)
  }

  /** Windows that are due together close in the order in which they were opened. */
  #close(state: WindowState, watermark: number, output: KeyWindowsOutput): void {
    const { windows } = state
    const due: OpenWindow[] = []
    let open = 0
    state.nextDue = Number.POSITIVE_INFINITY
    for (let i = 0; i < windows.length; i++) {
      const window = windows[i]
      const dueAt = this.#windower.dueAt(window)
      if (this.#isDue(dueAt, watermark)) due.push(window)
      else {
        windows[open++] = window
        if (dueAt < state.nextDue) state.nextDue = dueAt
      }
    }
    windows.length = open
    for (const window of due) this.#tellClosed(window, output)
  }

  #isDue(dueAt: number, watermark: number): boolean {
    if (watermark === Number.POSITIVE_INFINITY) return true
    return this.#windower.strict ? watermark > dueAt : watermark >= dueAt
  }

  #tellClosed({ id, open, close, merged, value }: OpenWindow, output: KeyWindowsOutput): void {
    if (value !== null) for (const result of this.#logic.results(value)) output.down(id, result)
    output.meta(id, { open, close, mergedIds: merged })
  }
}
