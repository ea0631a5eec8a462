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
  readonly windows: OpenWindow[] = []
  /** How many records have come. */
  arrivals = 0
  /** When the key wants to be called in event time, and by the job's clock: the times it is registered at. */
  eventDue = Number.NaN
  clockDue = Number.NaN

  find({ start, end }: Window): OpenWindow | undefined {
    for (let i = this.windows.length - 1; i >= 0; i--) {
      const window = this.windows[i]
      if (window.start === start && window.end === end) return window
    }
    return undefined
  }

  remove(window: OpenWindow): void {
    this.windows.splice(this.windows.indexOf(window), 1)
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
