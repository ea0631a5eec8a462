import type { OpenWindow } from './window-state.ts'
import type { Windower, WindowsOfKey } from './windower.ts'

/**
 * Sliding windows, and tumbling ones: those with `offset` = `length`. Window i is
 * [alignTo + i * offset, alignTo + i * offset + length); i may be negative.
 */
export class AlignedWindower implements Windower {
  readonly overlaps: boolean
  readonly keepsKeys = false
  readonly strict = false
  readonly #length: number
  readonly #offset: number
  readonly #alignTo: number
  readonly #found: (OpenWindow | undefined)[] = []
  /** The first id of those found. */
  #first = 0

  constructor(length: number, offset: number, alignTo: number) {
    this.#length = length
    this.#offset = offset
    this.#alignTo = alignTo
    this.overlaps = offset < length
  }

  lateIds(timestamp: number): readonly number[] {
    const first = this.#firstId(timestamp)
    return Array.from({ length: this.#lastId(timestamp) - first + 1 }, (_, i) => first + i)
  }

  find({ windows }: WindowsOfKey, timestamp: number): (OpenWindow | undefined)[] {
    const found = this.#found
    const first = this.#firstId(timestamp)
    const count = this.#lastId(timestamp) - first + 1
    this.#first = first
    if (found.length !== count) found.length = count
    // Where they lie as a rule: the latest ones, side by side.
    let at = Math.max(0, windows.length - count)
    for (let i = 0; i < count; i++) {
      if (at >= windows.length || windows[at].id !== first + i) at = lastIndex(windows, first + i)
      found[i] = at === -1 ? undefined : windows[at]
      at++
    }
    return found
  }

  commit({ windows }: WindowsOfKey, _: number, values: readonly unknown[]): readonly OpenWindow[] {
    const found = this.#found
    for (let i = 0; i < found.length; i++) {
      const window = found[i]
      if (window === undefined) windows.push((found[i] = this.#window(this.#first + i, values[i])))
      else window.value = values[i]
    }
    return found as readonly OpenWindow[]
  }

  dueAt({ close }: OpenWindow): number {
    return close
  }

  firstDueOf(timestamp: number): number {
    return this.#openOf(this.#firstId(timestamp)) + this.#length
  }

  #window(id: number, value: unknown): OpenWindow {
    const open = this.#openOf(id)
    return { id, open, close: open + this.#length, merged: [], value }
  }

  #openOf(id: number): number {
    return this.#alignTo + id * this.#offset
  }

  #firstId(timestamp: number): number {
    return Math.floor((timestamp - this.#alignTo - this.#length) / this.#offset) + 1
  }

  #lastId(timestamp: number): number {
    return Math.floor((timestamp - this.#alignTo) / this.#offset)
  }
}

function lastIndex(windows: readonly OpenWindow[], id: number): number {
  let at = windows.length - 1
  while (at >= 0 && windows[at].id !== id) at--
  return at
}
