import type { Window } from './window.ts'

/** What a window holds whose records have been purged. */
export const EMPTY: unique symbol = Symbol('empty')

/** A window of one key. */
export interface OpenWindow {
  start: number
  end: number
  /** EMPTY: no records since they were purged. */
  accumulator: unknown
  /** The latest timestamp of its records. */
  latest: number
  /** Records since the last result, for `triggers.count`. */
  count: number
  /** When `triggers.every` is to fire next; NaN: nothing is new. */
  fireAt: number
  /** Whether it has fired at its end. */
  fired: boolean
}

/** A window without records. */
export function openWindow({ start, end }: Window): OpenWindow {
  const latest = Number.NEGATIVE_INFINITY
  return { start, end, accumulator: EMPTY, latest, count: 0, fireAt: Number.NaN, fired: false }
}

/** The windows of one key. */
export class KeyWindows {
  /** In the order of their ends. Those that merge lie apart from each other, so that it is the order of their starts too. */
  readonly windows: OpenWindow[] = []
  /** How many records have come. */
  arrivals = 0
  /** When the key wants to be called in event time, and by the job's clock: the times it is registered at. */
  eventDue = Number.NaN
  clockDue = Number.NaN

  find({ start, end }: Window): OpenWindow | undefined {
    const { windows } = this
    for (let i = this.firstEnding(end); i < windows.length && windows[i].end === end; i++)
      if (windows[i].start === start) return windows[i]
    return undefined
  }

  /** The index of the first window that ends at `end` or later. */
  firstEnding(end: number): number {
    const { windows } = this
    let low = 0
    let high = windows.length
    if (high > 0 && windows[high - 1].end < end) return high
    while (low < high) {
      const middle = (low + high) >> 1
      if (windows[middle].end < end) low = middle + 1
      else high = middle
    }
    return low
  }

  insert(window: OpenWindow): void {
    const { windows } = this
    let at = windows.length
    if (at > 0 && windows[at - 1].end > window.end) {
      at = this.firstEnding(window.end)
      while (windows[at].end === window.end) at++
    }
    if (at === windows.length) windows.push(window)
    else windows.splice(at, 0, window)
  }

  /** Takes out a window that is there. */
  remove(window: OpenWindow): void {
    const { windows } = this
    let at = this.firstEnding(window.end)
    while (windows[at] !== window) at++
    // Much cheaper than splice, where there are many.
    if (at === 0) windows.shift()
    else windows.splice(at, 1)
  }

  /** What a checkpoint holds. */
  save(): unknown {
    const windows = this.windows.map(({ accumulator, ...window }) =>
      accumulator === EMPTY ? window : { ...window, accumulator },
    )
    return { windows, arrivals: this.arrivals }
  }

  static load(data: any): KeyWindows {
    const state = new KeyWindows()
    for (const window of data.windows) state.windows.push({ accumulator: EMPTY, ...window })
    state.arrivals = data.arrivals
    return state
  }
}
