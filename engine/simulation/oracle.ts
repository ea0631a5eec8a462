import type { Expected } from './interpreter.ts'
import type { Row } from './ledger.ts'

/** Something that must never be. */
export class Finding extends Error {}

/** Holds what is visible against what has to be. */
export class Oracle {
  readonly #expected: Expected
  readonly #visible = new Map<string, number>()

  constructor(expected: Expected) {
    this.#expected = expected
  }

  /** Rows have become visible, or were taken back: at no time is anything there that should not be, or twice. */
  changed(rows: readonly Row[], by: 1 | -1): void {
    for (const { what } of rows) {
      const count = (this.#visible.get(what) ?? 0) + by
      this.#visible.set(what, count)
      const most = this.#expected.counts.get(what) ?? 0
      if (count > most)
        throw new Finding(
          most === 0 ? `'${what}' is visible, and wrong` : `'${what}' is visible ${count} times`,
        )
    }
  }

  /** Rows of a lane are in their order, in the order of epochs. */
  checkOrder(visible: readonly Row[]): void {
    const last = new Map<string, number>()
    for (const { what, lane, index } of visible) {
      if (lane === undefined || index === undefined) continue
      if (!this.#expected.ordered && !lane.startsWith('counts')) continue
      const before = last.get(lane) ?? Number.NEGATIVE_INFINITY
      if (index <= before)
        throw new Finding(`'${what}' is out of order: index ${index} behind ${before} of ${lane}`)
      last.set(lane, index)
    }
  }

  /** All that was expected is visible. More than that never is: see `changed`. */
  checkAll({ counts }: Expected = this.#expected): void {
    for (const [what, count] of counts) {
      const found = this.#visible.get(what) ?? 0
      if (found < count) throw new Finding(`'${what}' is visible ${found} times of ${count}`)
    }
  }
}
