import type { Key } from '../../codec/key.ts'
import { assertEncodable } from '../../codec/value.ts'
import type { Collector } from '../contract/function.ts'
import type { StateColumn } from '../contract/keyed-store.ts'
import type { Operator, OperatorContext, Room } from '../contract/operator.ts'
import { DueIndex } from './due-index.ts'
import { KeyPanes, NO_WINDOW } from './key-panes.ts'
import type { PaneLayout } from './pane-layout.ts'
import { RunningMerge } from './running-merge.ts'
import type { Window } from './window.ts'
import type { WindowContents } from './window-contents.ts'
import { windowOperator } from './window-operator.ts'
import type { WindowOutput } from './window-output.ts'

/** What comes from the combiner: the partial result of a pane, or a record behind its watermark as it is. */
export type PartialResult =
  | readonly [pane: number, accumulator: unknown]
  | readonly [record: unknown]

const CHECKED_ACCUMULATORS = 100

/**
 * Tumbling and sliding windows that fire at their end: each record is added to one pane, and each firing merges the panes
 * of its window. A key waits in the index for its next window only.
 */
export class PaneWindows {
  readonly #context: OperatorContext
  readonly #layout: PaneLayout
  readonly #contents: WindowContents
  readonly #output: WindowOutput
  readonly #latenessMs: number
  readonly #event: boolean
  readonly #column: StateColumn<KeyPanes>
  readonly #due = new DueIndex()
  readonly #overlapping: boolean
  #watermark = Number.NEGATIVE_INFINITY
  /** Records of panes below come too late: none of their windows fires any more. */
  #lateBelow = Number.NEGATIVE_INFINITY
  #unchecked = CHECKED_ACCUMULATORS

  /** @param event - whether windows are of event time, else of the job's clock */
  constructor(
    context: OperatorContext,
    layout: PaneLayout,
    contents: WindowContents,
    output: WindowOutput,
    time: { readonly event: boolean; readonly latenessMs: number },
  ) {
    this.#context = context
    this.#layout = layout
    this.#contents = contents
    this.#output = output
    this.#event = time.event
    this.#latenessMs = time.latenessMs
    this.#overlapping = layout.perWindow > 1
    this.#column = context.keyed.store.column('panes', KeyPanes.column(this.#overlapping))
  }

  operator(): Operator {
    const clock = this.#context.ctx.clock
    const record = this.#event
      ? (value: unknown, out: Collector) => this.#add(value, this.#context.scope.timestamp, out)
      : (value: unknown, out: Collector) => this.#add(value, clock.now(), out)
    return windowOperator(
      {
        event: this.#event,
        due: this.#due,
        call: this.#context.combined
          ? (partial: PartialResult, _, out) =>
              partial.length === 1 ? record(partial[0], out) : this.#addPartial(partial, out)
          : (value, _, out) => record(value, out),
        reopen: () => this.#reopen(),
        advance: (watermark) => {
          this.#watermark = watermark
          this.#lateBelow = this.#firstNeeded(watermark)
        },
        fire: (now, room) => this.#fire(now, room),
        output: this.#output,
      },
      this.#context,
    )
  }

  #reopen(): void {
    const { store } = this.#context.keyed
    for (const slot of store.slots()) this.#register(slot, this.#column.get(slot)!)
  }

  #add(value: unknown, time: number, out: Collector): void {
    const layout = this.#layout
    const pane = layout.paneAt(time)
    if (pane < this.#lateBelow) {
      this.#output.late(value, out)
      return
    }
    const { keyed } = this.#context
    let slot = keyed.find()
    let state = slot === -1 ? undefined : this.#column.get(slot)
    const found = state === undefined ? -1 : state.find(pane)
    if (found >= 0) {
      const next = this.#contents.next(state!.accumulators[found], value, state!.arrivals++)
      state!.set(found, next)
      this.#column.touch(slot)
    } else {
      const first = this.#first(value, state === undefined ? 0 : state.arrivals)
      if (state === undefined) {
        slot = keyed.slot()
        state = new KeyPanes(this.#overlapping)
        this.#column.set(slot, state)
      } else this.#column.touch(slot)
      state.arrivals++
      state.insert(found, pane, first)
      this.#expect(slot, state, pane)
    }
    if (this.#latenessMs > 0 && time < this.#watermark) this.#fireAgain(state!, pane, out)
  }

  #addPartial([pane, partial]: readonly [number, unknown] | readonly [unknown], out: Collector) {
    // The combiner sends a partial before any watermark that ends one of its windows.
    if ((pane as number) < this.#lateBelow) {
      this.#output.late(partial, out)
      return
    }
    const slot = this.#context.keyed.slot()
    let state = this.#column.get(slot)
    if (state === undefined) {
      state = new KeyPanes(this.#overlapping)
      this.#column.set(slot, state)
    } else this.#column.touch(slot)
    const found = state.find(pane as number)
    if (found >= 0) {
      state.set(found, this.#contents.merge!(state.accumulators[found], partial))
      return
    }
    state.insert(found, pane as number, partial)
    this.#expect(slot, state, pane as number)
  }

  /** The first pane of a window that may still fire when time has come to `at`. */
  #firstNeeded(at: number): number {
    const layout = this.#layout
    if (!Number.isFinite(at)) return at
    return layout.firstPane(layout.firstWindowEndingAfter(at - this.#latenessMs))
  }

  /** The accumulator of a first record; as it is state, it must be data. */
  #first(value: unknown, order: number): unknown {
    const first = this.#contents.first(value, order)
    if (this.#unchecked > 0) {
      this.#unchecked--
      assertEncodable(first)
    }
    return first
  }

  /** A key has a pane more: it may have to fire earlier. */
  #expect(slot: number, state: KeyPanes, pane: number): void {
    const layout = this.#layout
    let window = layout.firstWindow(pane)
    if (layout.windowEnd(window) <= this.#watermark)
      window = layout.firstWindowEndingAfter(this.#watermark)
    if (window < state.window && window <= layout.lastWindow(pane)) state.window = window
    this.#register(slot, state)
  }

  #register(slot: number, state: KeyPanes): void {
    let due = Number.POSITIVE_INFINITY
    if (state.window !== NO_WINDOW) due = this.#layout.windowEnd(state.window)
    if (this.#latenessMs > 0) due = Math.min(due, this.#expiry(state))
    if (due === state.due) return
    state.due = due
    if (due < Number.POSITIVE_INFINITY) this.#due.register(slot, due)
  }

  /** When the first pane is of no use any more. */
  #expiry({ first }: KeyPanes): number {
    const layout = this.#layout
    return layout.windowEnd(layout.lastWindow(first!)) + this.#latenessMs
  }

  #fire(now: number, room: Room): boolean {
    const due = this.#due
    while (due.next <= now) {
      if (!room()) return false
      const at = due.next
      const slot = due.first()
      due.pop()
      const state = this.#column.get(slot)
      // A key that has moved its date, or a slot that was given away.
      if (state !== undefined && state.due === at) this.#call(slot, state, at)
    }
    return true
  }

  /** The key's date has come: its next window fires, its oldest panes go, or both. */
  #call(slot: number, state: KeyPanes, at: number): void {
    const { scope, keyed } = this.#context
    const layout = this.#layout
    const { window } = state
    scope.key = keyed.store.keyAt(slot) as Key
    if (window === NO_WINDOW || layout.windowEnd(window) > at) {
      this.#moveOn(slot, state, at)
      return
    }
    const from = layout.firstPane(window)
    const start = layout.windowStart(window)
    const of: Window = { start, end: start + layout.size }
    let accumulator: unknown
    try {
      accumulator = state.merged(from, from + layout.perWindow, this.#contents)
    } catch (error) {
      this.#output.tellUnmerged(of, state.parts(from, from + layout.perWindow))
      throw error
    } finally {
      // Also where a merge throws: the window has been given up by then.
      const next = state.firstFrom(layout.firstPane(window + 1))
      state.window =
        next === Number.POSITIVE_INFINITY
          ? NO_WINDOW
          : Math.max(window + 1, layout.firstWindow(next))
      this.#moveOn(slot, state, at)
    }
    this.#output.emitDue(of, accumulator, Number.NaN)
  }

  /** Lets go what no window needs at `at`, and waits for the next date. */
  #moveOn(slot: number, state: KeyPanes, at: number): void {
    state.drop(this.#firstNeeded(at))
    if (!state.isEmpty) {
      this.#column.touch(slot)
      this.#register(slot, state)
      return
    }
    state.due = Number.NaN
    this.#column.clear(slot)
    this.#context.keyed.store.release(slot)
  }

  /** A record within the allowed lateness: the windows that have fired fire again, with it. */
  #fireAgain(state: KeyPanes, pane: number, out: Collector): void {
    const layout = this.#layout
    const memory = new RunningMerge()
    for (let k = layout.firstWindow(pane); k <= layout.lastWindow(pane); k++) {
      const end = layout.windowEnd(k)
      if (end > this.#watermark) return
      if (end + this.#latenessMs <= this.#watermark) continue
      const window: Window = { start: layout.windowStart(k), end }
      const from = layout.firstPane(k)
      const to = from + layout.perWindow
      let accumulator: unknown
      try {
        accumulator = state.merged(from, to, this.#contents, memory)
      } catch (error) {
        this.#output.putUnmerged(error, window, state.parts(from, to), Number.NaN)
        continue
      }
      this.#output.emit(window, accumulator, Number.NaN, out)
    }
  }
}
