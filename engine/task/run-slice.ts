const SLICE_MS = 0.5
const RECORDS_MAX = 4096

/**
 * How many records to run before looking at the clock again: few where a record takes long, many where it
 * does not, so that looking costs nothing and a thread still gets back to its loop in time.
 */
export class RunSlice {
  readonly #now: () => number
  #records = 16
  #begun = 0

  constructor(now: () => number) {
    this.#now = now
  }

  get records(): number {
    return this.#records
  }

  begin(): void {
    this.#begun = this.#now()
  }

  end(): void {
    const tookMs = this.#now() - this.#begun
    if (tookMs > SLICE_MS)
      this.#records = Math.max(1, Math.floor((this.#records * SLICE_MS) / tookMs))
    else if (tookMs < SLICE_MS / 2) this.#records = Math.min(RECORDS_MAX, this.#records * 2)
  }
}
