import { EndOrdered } from './end-ordered.ts'
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
  /** Those that merge lie apart from each other, so that the order of their ends is that of their starts too. */
  readonly windows: EndOrdered<OpenWindow>
  /** How many records have come. */
  arrivals = 0
  /** When the key wants to be called in event time, and by the job's clock: the times it is registered at. */
  eventDue = Number.NaN
  clockDue = Number.NaN

  constructor(windows?: readonly OpenWindow[]) {
    this.windows = new EndOrdered(windows)
  }

  find({ start, end }: Window): OpenWindow | undefined {
    const { windows } = this
    for (let i = windows.firstEnding(end); i < windows.to && windows.at(i).end === end; i++)
      if (windows.at(i).start === start) return windows.at(i)
    return undefined
  }

  /** Takes out a window that is there. */
  remove(window: OpenWindow): void {
    const { windows } = this
    let at = windows.firstEnding(window.end)
    while (windows.at(at) !== window) at++
    windows.remove(at)
  }

  /** What a checkpoint holds. */
  save(): unknown {
    const windows = this.windows
      .toArray()
      .map(({ accumulator, ...window }) =>
        accumulator === EMPTY ? window : { ...window, accumulator },
      )
    return { windows, arrivals: this.arrivals }
  }

  static load(data: any): KeyWindows {
    const windows: OpenWindow[] = data.windows.map((window: object) => ({
      accumulator: EMPTY,
      ...window,
    }))
    const state = new KeyWindows(windows.sort((a, b) => a.end - b.end))
    state.arrivals = data.arrivals
    return state
  }
}
