import { shapeOf } from '../../codec/shape.ts'
import type { ValueSink } from '../../codec/value-io.ts'
import type { ColumnOptions } from '../contract/keyed-store.ts'
import { keptRecord } from '../final/accumulator.ts'
import { RunningMerge } from './running-merge.ts'
import { mergedParts, type WindowContents } from './window-contents.ts'

/** So many panes of numbers are merged anew for each window: to remember merges costs more. */
const FEW = 8

/** So many panes that were passed over are kept at least, before they are let go of. */
const PASSED_MAX = 16

/** No window is to fire. */
export const NO_WINDOW = Number.POSITIVE_INFINITY

const SAVED = shapeOf(['panes', 'accumulators', 'arrivals', 'window'])!

/** The panes of one key that have records. */
export class KeyPanes {
  /** Their numbers, ascending. Those before `from` are passed over, and let go of together: it is cheap to take the first. */
  readonly panes: number[] = []
  readonly accumulators: unknown[] = []
  /** The index of the first. */
  from = 0
  /** How many records have come. */
  arrivals = 0
  /** The window that fires next; NO_WINDOW. */
  window = NO_WINDOW
  /** When the key wants to be called: the time it is registered at. */
  due = Number.NaN
  /** Whether windows have several panes. */
  readonly #overlapping: boolean
  /** Of the windows before; made when it is of use. */
  #running: RunningMerge | undefined

  constructor(overlapping: boolean) {
    this.#overlapping = overlapping
  }

  /** The index of a pane, or -1 - the index that it would have. */
  find(pane: number): number {
    const { panes } = this
    let high = panes.length - 1
    if (high < this.from || panes[high] < pane) return -2 - high
    if (panes[high] === pane) return high
    let low = this.from
    while (low < high) {
      const middle = (low + high) >> 1
      if (panes[middle] < pane) low = middle + 1
      else high = middle
    }
    return panes[low] === pane ? low : -1 - low
  }

  /** Adds a pane at what `find` gave. */
  insert(found: number, pane: number, accumulator: unknown): void {
    const index = -1 - found
    if (index === this.panes.length) {
      this.panes.push(pane)
      this.accumulators.push(accumulator)
    } else {
      this.panes.splice(index, 0, pane)
      this.accumulators.splice(index, 0, accumulator)
    }
    this.#running?.changed(pane)
  }

  set(index: number, accumulator: unknown): void {
    this.accumulators[index] = accumulator
    this.#running?.changed(this.panes[index])
  }

  get isEmpty(): boolean {
    return this.from === this.panes.length
  }

  /** The first pane; undefined: there is none. */
  get first(): number | undefined {
    return this.panes[this.from]
  }

  /** Removes the panes below `limit`. */
  drop(limit: number): void {
    const { panes, accumulators } = this
    const before = this.from
    let { from } = this
    while (from < panes.length && panes[from] < limit) accumulators[from++] = undefined
    if (from === before) return
    this.from = from
    if (from < panes.length && (from < PASSED_MAX || 2 * from < panes.length)) return
    if (from === panes.length) panes.length = accumulators.length = 0
    else {
      panes.splice(0, from)
      accumulators.splice(0, from)
    }
    this.from = 0
  }

  /** The first pane from `from` on that has records; Infinity: there is none. */
  firstFrom(from: number): number {
    const { panes } = this
    if (!this.isEmpty && this.first! >= from) return this.first!
    return panes[this.#indexOf(from)] ?? Number.POSITIVE_INFINITY
  }

  /**
   * The accumulator of the panes `from` to `to`, of which one has records at least. It may be that of a pane.
   *
   * @param memory - for windows that are behind those of before: one of their own
   */
  merged(from: number, to: number, contents: WindowContents, memory?: RunningMerge): any {
    const { panes, accumulators } = this
    if (!this.#overlapping) return accumulators[this.find(from)]
    if (contents.keepsRecords) return mergedParts(contents, this.parts(from, to))
    const first = this.#indexOf(from)
    if (panes.length - first <= FEW && typeof accumulators[first] !== 'object')
      return this.#mergedFew(first, to, contents.merge!)
    const running = memory ?? (this.#running ??= new RunningMerge())
    try {
      return running.over(panes, accumulators, from, to, contents.merge!)
    } catch (error) {
      running.reset()
      throw error
    }
  }

  #mergedFew(first: number, to: number, merge: (a: any, b: any) => unknown): unknown {
    const { panes, accumulators } = this
    let merged = accumulators[first]
    for (let i = first + 1; i < panes.length && panes[i] < to; i++)
      merged = merge(keptRecord(merged), accumulators[i])
    return merged
  }

  /** The accumulators of the panes `from` to `to`. */
  parts(from: number, to: number): unknown[] {
    return this.accumulators.slice(this.#indexOf(from), this.#indexOf(to))
  }

  /** The index of the first pane from `from` on. */
  #indexOf(from: number): number {
    const found = this.find(from)
    return found < 0 ? -1 - found : found
  }

  /** How a column of them is kept. */
  static column(overlapping: boolean): ColumnOptions {
    return {
      encode: (state: KeyPanes) => state.#save(),
      put: (state: KeyPanes, sink) => state.#put(sink),
      decode: (data) => KeyPanes.#load(data, overlapping),
    }
  }

  /** What a checkpoint holds. */
  #save(): unknown {
    const { panes, accumulators, from, arrivals, window } = this
    return { panes: panes.slice(from), accumulators: accumulators.slice(from), arrivals, window }
  }

  #put(sink: ValueSink): void {
    const { panes, accumulators, from } = this
    const { length } = panes
    sink.beginObject(SAVED)
    sink.beginArray(length - from)
    for (let i = from; i < length; i++) sink.putNumber(panes[i])
    sink.beginArray(length - from)
    for (let i = from; i < length; i++) sink.put(accumulators[i])
    sink.putNumber(this.arrivals)
    sink.putNumber(this.window)
  }

  static #load(data: any, overlapping: boolean): KeyPanes {
    const state = new KeyPanes(overlapping)
    // One by one: they may be more than a call takes.
    for (const pane of data.panes) state.panes.push(pane)
    for (const accumulator of data.accumulators) state.accumulators.push(accumulator)
    state.arrivals = data.arrivals
    state.window = data.window
    return state
  }
}
