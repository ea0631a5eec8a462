import { keptRecord } from '../final/accumulator.ts'

type Merge = (a: any, b: any) => unknown

const NONE: unique symbol = Symbol('none')

/** The fractional parts of its multiples are spread evenly, however many there are. */
const GOLDEN = 0.618033988749895

/** How many memories this thread has made. */
let made = 0

/**
 * The merge of a key's panes as windows slide over them, for about two merges a window however many panes it has: the
 * queue of two stacks (Tangwongsan, Hirzel, Schneider, "Low-Latency Sliding-Window Aggregation in Worst-Case Constant
 * Time", DEBS 2017, section 2). The older panes lie as merges of each with all behind it, the newer ones as one merge; when
 * the older are used up, the newer become the older.
 *
 * ```
 *   panes      a      b      c      d   e
 *   older      a+b+c  b+c    c
 *   newer                           d+e
 *   a window from b: (b+c) + (d+e)
 * ```
 *
 * When the newer become the older, all panes of a window are merged at once. Keys that begin together would all do so at the same
 * window, and hold its results up; so each does it once before it has to, at a place in its cycle that is its own.
 *
 * Derived of the panes: whatever changes one that was taken in must `reset` it.
 */
export class RunningMerge {
  /** From the last pane to the first: what is used up is popped. */
  readonly #olderPanes: number[] = []
  readonly #older: unknown[] = []
  #newer: unknown = NONE
  /** Panes below have been taken in. */
  #taken = Number.NEGATIVE_INFINITY
  /** A window that ends at this pane or later lets the newer become the older before they have to; NaN: not known yet. */
  #early = Number.NaN
  readonly #phase = (made++ * GOLDEN) % 1

  /** Pane `pane` has changed. */
  changed(pane: number): void {
    if (pane < this.#taken) this.reset()
  }

  reset(): void {
    this.#olderPanes.length = 0
    this.#older.length = 0
    this.#newer = NONE
    this.#taken = Number.NEGATIVE_INFINITY
  }

  /**
   * The merge of the panes `from` (included) to `to`; later calls ask for later ones. At least one of them is there. What
   * it gives may be the accumulator of a pane itself.
   *
   * @param panes - the numbers of those that are there, ascending
   */
  over(
    panes: readonly number[],
    accumulators: readonly unknown[],
    from: number,
    to: number,
    merge: Merge,
  ): unknown {
    const older = this.#older
    const olderPanes = this.#olderPanes
    while (olderPanes.length > 0 && olderPanes[olderPanes.length - 1] < from) {
      olderPanes.pop()
      older.pop()
    }
    const early = to >= this.#early
    if (early || older.length === 0) {
      if (early) this.#early = Number.POSITIVE_INFINITY
      else if (Number.isNaN(this.#early)) this.#early = to + Math.floor(this.#phase * (to - from))
      this.#turnOver(panes, accumulators, from, to, merge)
      return older[older.length - 1]
    }
    this.#takeIn(panes, accumulators, to, merge)
    const first = older[older.length - 1]
    return this.#newer === NONE ? first : merge(keptRecord(first), this.#newer)
  }

  #takeIn(
    panes: readonly number[],
    accumulators: readonly unknown[],
    to: number,
    merge: Merge,
  ): void {
    let i = panes.length
    while (i > 0 && panes[i - 1] >= this.#taken) i--
    for (; i < panes.length && panes[i] < to; i++) {
      this.#newer =
        this.#newer === NONE ? accumulators[i] : merge(keptRecord(this.#newer), accumulators[i])
    }
    this.#taken = to
  }

  #turnOver(
    panes: readonly number[],
    accumulators: readonly unknown[],
    from: number,
    to: number,
    merge: Merge,
  ): void {
    this.reset()
    let i = panes.length - 1
    while (panes[i] >= to) i--
    let merged: unknown = NONE
    for (; i >= 0 && panes[i] >= from; i--) {
      merged = merged === NONE ? accumulators[i] : merge(keptRecord(accumulators[i]), merged)
      this.#older.push(merged)
      this.#olderPanes.push(panes[i])
    }
    this.#taken = to
  }
}
