import type { OpenWindow } from './window-state.ts'
import type { Windower, WindowsOfKey } from './windower.ts'

/** In the place of the session of a late record. */
const LATE_SESSION = -1

/**
 * Sessions of records that are at most `gap` apart, with ids 0, 1, 2, … per key. A session's `open` and `close` are the
 * timestamps of its first and last record, and it closes when the watermark is *more* than `gap` behind its close, since a
 * record exactly `gap` later still belongs to it. A key is never forgotten, or its ids would begin anew.
 */
export class SessionWindower implements Windower {
  readonly overlaps = false
  readonly keepsKeys = true
  readonly strict = true
  readonly #gap: number
  readonly #found: (OpenWindow | undefined)[] = [undefined]
  #extended = false

  constructor(gap: number) {
    this.#gap = gap
  }

  lateIds(): readonly number[] {
    return [LATE_SESSION]
  }

  /** The first session, by id, within the gap. */
  find({ windows }: WindowsOfKey, timestamp: number): (OpenWindow | undefined)[] {
    const gap = this.#gap
    this.#found[0] = windows.find(
      ({ open, close }) => timestamp >= open - gap && timestamp <= close + gap,
    )
    return this.#found
  }

  commit(
    state: WindowsOfKey,
    timestamp: number,
    values: readonly unknown[],
  ): readonly OpenWindow[] {
    const [session] = this.#found
    this.#extended = session !== undefined
    if (session === undefined) {
      const id = state.nextId++
      const opened = { id, open: timestamp, close: timestamp, merged: [], value: values[0] }
      state.windows.push(opened)
      this.#found[0] = opened
    } else {
      session.value = values[0]
      if (timestamp < session.open) session.open = timestamp
      if (timestamp > session.close) session.close = timestamp
    }
    return this.#found as readonly OpenWindow[]
  }

  /** Of sessions within the gap the one that opens first survives, whatever its id. */
  merge(state: WindowsOfKey): readonly { readonly from: OpenWindow; readonly into: OpenWindow }[] {
    const { windows } = state
    // A session that was just opened was not within the gap of any other.
    if (!this.#extended || windows.length < 2) return []
    const merges: { from: OpenWindow; into: OpenWindow }[] = []
    const [first, ...rest] = windows.toSorted((a, b) => a.open - b.open)
    let into = first
    for (const from of rest) {
      if (from.open - into.close > this.#gap) {
        into = from
        continue
      }
      into.close = Math.max(into.close, from.close)
      into.merged.push(from.id, ...from.merged)
      windows.splice(windows.indexOf(from), 1)
      merges.push({ from, into })
    }
    return merges
  }

  dueAt({ close }: OpenWindow): number {
    return close + this.#gap
  }

  firstDueOf(timestamp: number): number {
    return timestamp + this.#gap
  }
}
