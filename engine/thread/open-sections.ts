import type { Cut, Slice } from '../../operators/contract/keyed-store.ts'
import type { SectionWriter } from '../checkpoint/contract.ts'

interface OpenSection {
  readonly section: Pick<SectionWriter<never>, 'end'>
  /** Those that are not over. */
  readonly cuts: Cut[]
}

/** The sections of a part that are still being written: what they hold is fixed, and comes out of cuts slice by slice. */
export class OpenSections {
  readonly #open: OpenSection[] = []

  get none(): boolean {
    return this.#open.length === 0
  }

  /** A section ends when all its cuts are over. */
  add(section: OpenSection['section'], cuts: readonly Cut[]): void {
    this.#open.push({ section, cuts: [...cuts] })
  }

  /** Writes on until the slice is spent, or all have ended. Throws what a cut throws. */
  advance(slice: Slice): void {
    while (this.#open.length > 0) {
      const { section, cuts } = this.#open[0]
      while (cuts.length > 0) {
        if (!cuts[0].advance(slice)) return
        cuts.shift()
      }
      section.end()
      this.#open.shift()
    }
  }

  /** Nobody is told of changes any more. */
  abandon(): void {
    for (const { cuts } of this.#open) for (const cut of cuts) cut.abandon()
    this.#open.length = 0
  }
}
