/** After spinning in vain this often in a row, at most 2^6 - 1 times of waiting are not spun. */
const WASTED_MAX = 6

/**
 * Whether to spin before a wait, by what earlier spinning has brought. To spin is the quickest way to notice what comes
 * at once; but where nothing does, or a processor is missing, the spinner takes the time of the very thread that it
 * waits for, and the scheduler then lets it wait, too. So each time in vain doubles the number of waits that are not
 * spun, and one that paid resets it.
 */
export class AdaptiveSpin {
  readonly #ms: number
  #wasted = 0
  #skips = 0

  /** @param ms - how long to spin; 0: never */
  constructor(ms: number) {
    this.#ms = ms
  }

  /** A wait begins: how long to spin, in ms. */
  begin(): number {
    if (this.#skips === 0) return this.#ms
    this.#skips--
    return 0
  }

  /** What was waited for came while it was spun. */
  paid(): void {
    this.#wasted = 0
  }

  /** It was spun in vain. */
  failed(): void {
    if (this.#wasted < WASTED_MAX) this.#wasted++
    this.#skips = 2 ** this.#wasted - 1
  }
}
