import type { Key } from '../../codec/key.ts'
import type { Collector } from '../contract/function.ts'
import type { StateColumn } from '../contract/keyed-store.ts'
import type { Operator, OperatorContext, OperatorFactory, Room } from '../contract/operator.ts'
import { MAX_COMBINER_KEYS } from '../final/aggregation.ts'
import { DueIndex } from './due-index.ts'
import { KeyPanes } from './key-panes.ts'
import type { PaneLayout } from './pane-layout.ts'
import type { PartialResult } from './pane-windows.ts'
import type { WindowContents } from './window-contents.ts'

/** After so many partial results it is looked at what they were worth. */
const TRIAL = 1024
/** A partial result of fewer records than this, in the mean, costs more than it saves. */
const RECORDS_MIN = 1.25
/** So many records then go as they are, before the next trial. */
const PASSED = 32 * TRIAL

/**
 * Pre-reduces on the sending side of `PaneWindows`: one partial result per key and pane crosses threads in place of its
 * records, so that a hot key costs its receiver no more than others. Bounded: with `maxPanes` panes held, all are sent.
 *
 * A partial result is sent before the watermark that reaches the end of its pane, thus before any window of it fires, and
 * under the watermark that held before: its records are not later for having waited. A record that comes
 * behind the watermark is sent as it is, at once: whether it is late is for the receiver to say, who counts it. So
 * are all for a while where there is next to nothing to reduce: keys that come once a pane. And so are all once this
 * subtask has been idle: those downstream have not waited for its time, so any of its records may be late there.
 */
export function combinePanes(
  layout: PaneLayout,
  contents: WindowContents,
  maxPanes = MAX_COMBINER_KEYS,
): OperatorFactory {
  return {
    shape: 'process',
    functions: contents.functions,
    create: (context) => new PaneCombiner(context, layout, contents, maxPanes).operator(),
  }
}

class PaneCombiner {
  readonly #context: OperatorContext
  readonly #layout: PaneLayout
  readonly #contents: WindowContents
  readonly #maxPanes: number
  readonly #column: StateColumn<KeyPanes>
  /** Slots by the end of their panes, one entry a pane. */
  readonly #due = new DueIndex()
  #held = 0
  /** Of the trial at hand: records taken, and panes begun for them. */
  #taken = 0
  #begun = 0
  /** So many records still go as they are; Infinity: all. */
  #passing = 0
  #watermark = Number.NEGATIVE_INFINITY

  constructor(
    context: OperatorContext,
    layout: PaneLayout,
    contents: WindowContents,
    maxPanes: number,
  ) {
    this.#context = context
    this.#layout = layout
    this.#contents = contents
    this.#maxPanes = maxPanes
    this.#column = context.keyed.store.column('partials', KeyPanes.column(false))
  }

  operator(): Operator {
    return {
      call: (value, _, out) => this.#add(value, out),
      onWatermark: (watermark, room) => this.#onWatermark(watermark, room),
      endOfBatch: () => this.#endOfBatch(),
      onIdle: () => {
        this.#passing = Number.POSITIVE_INFINITY
      },
    }
  }

  #add(value: unknown, out: Collector): void {
    const { scope, keyed } = this.#context
    if (this.#passing > 0 || scope.timestamp < this.#watermark) {
      if (this.#passing > 0) this.#passing--
      out.collect([value] satisfies PartialResult)
      return
    }
    this.#taken++
    const pane = this.#layout.paneAt(scope.timestamp)
    const slot = keyed.find()
    const state = slot === -1 ? undefined : this.#column.get(slot)
    const found = state === undefined ? -1 : state.find(pane)
    if (found >= 0) {
      state!.set(found, this.#contents.next(state!.accumulators[found], value, 0))
      return
    }
    // The record comes first: if user code fails on it, nothing has been sent.
    const first = this.#contents.first(value, 0)
    if (this.#held >= this.#maxPanes) this.#sendAll(out)
    this.#hold(pane, found, first)
  }

  #hold(pane: number, found: number, first: unknown): void {
    const slot = this.#context.keyed.slot()
    let state = this.#column.get(slot)
    if (state === undefined) {
      state = new KeyPanes(false)
      this.#column.set(slot, state)
    }
    state.insert(state.isEmpty ? -1 : found, pane, first)
    this.#held++
    this.#due.register(slot, this.#layout.paneStart(pane + 1))
    if (++this.#begun === TRIAL) this.#judge()
  }

  #judge(): void {
    if (this.#taken < RECORDS_MIN * this.#begun) this.#passing = PASSED
    this.#taken = 0
    this.#begun = 0
  }

  #onWatermark(watermark: number, room: Room): boolean {
    while (this.#due.next <= watermark) {
      if (!room()) return false
      this.#sendNext(this.#context.out)
    }
    this.#watermark = watermark
    return true
  }

  /** Nothing is held while there are no records: a checkpoint finds nothing here. */
  #endOfBatch(): [] {
    if (this.#held > 0) this.#sendAll(this.#context.out)
    return []
  }

  #sendAll(out: Collector): void {
    const { scope } = this.#context
    const { key, timestamp, watermark, ask } = scope
    scope.watermark = this.#watermark
    while (this.#held > 0) this.#sendNext(out)
    scope.key = key
    scope.timestamp = timestamp
    scope.watermark = watermark
    scope.ask = ask
  }

  /** Sends the first pane of the key whose pane ends next. */
  #sendNext(out: Collector): void {
    const { scope, keyed } = this.#context
    const slot = this.#due.first()
    this.#due.pop()
    const state = this.#column.get(slot)!
    const pane = state.first!
    const partial: PartialResult = [pane, state.accumulators[state.from]]
    scope.key = keyed.store.keyAt(slot) as Key
    scope.timestamp = this.#layout.paneStart(pane)
    scope.ask = 0
    state.drop(pane + 1)
    this.#held--
    if (state.isEmpty) {
      this.#column.clear(slot)
      keyed.store.release(slot)
    }
    out.collect(partial)
  }
}
