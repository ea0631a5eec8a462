import type { AlignedWindows } from './window-assigner.ts'

/**
 * Panes: the pieces of time between the beginnings and ends of aligned windows. A record is added to its one pane, and a
 * window is the merge of its panes. Where the slide does not divide the size there are two panes a slide ("paired
 * windows": Krishnamurthy, Wu, Franklin, "On-the-Fly Sharing for Streamed Aggregation", SIGMOD 2006).
 *
 * ```
 *   size 10, slide 4     pane    0 1  2 3  4 5  6 7
 *                        from    0 2  4 6  8 10 12 14
 *                 window 0      [0 . . . . . )            panes 0 to 4
 *                 window 1           [4 . . . . . )       panes 2 to 6
 * ```
 *
 * Panes and windows are counted from the one that begins at the offset; times before it have negative numbers.
 */
export class PaneLayout {
  readonly size: number
  readonly slide: number
  readonly offset: number
  /** Panes a slide. */
  readonly perSlide: 1 | 2
  /** Panes a window. */
  readonly perWindow: number
  /** Where the second pane of a slide begins. */
  readonly #second: number

  constructor({ size, slide, offset }: Pick<AlignedWindows, 'size' | 'slide' | 'offset'>) {
    this.size = size
    this.slide = slide
    this.offset = offset
    this.#second = size % slide
    this.perSlide = this.#second === 0 ? 1 : 2
    const slides = Math.floor(size / slide)
    this.perWindow = this.perSlide === 1 ? slides : 2 * slides + 1
  }

  /** The pane of a time. */
  paneAt(time: number): number {
    const { offset, slide } = this
    const n = Math.floor((time - offset) / slide)
    if (this.perSlide === 1) return n
    return 2 * n + (time - offset - n * slide >= this.#second ? 1 : 0)
  }

  paneStart(pane: number): number {
    if (this.perSlide === 1) return this.offset + pane * this.slide
    const n = Math.floor(pane / 2)
    return this.offset + n * this.slide + (pane === 2 * n ? 0 : this.#second)
  }

  windowStart(window: number): number {
    return this.offset + window * this.slide
  }

  windowEnd(window: number): number {
    return this.offset + window * this.slide + this.size
  }

  /** The first pane of a window. */
  firstPane(window: number): number {
    return window * this.perSlide
  }

  /** The first window that a pane belongs to. */
  firstWindow(pane: number): number {
    return Math.floor((pane - this.perWindow) / this.perSlide) + 1
  }

  /** The last one. */
  lastWindow(pane: number): number {
    return this.perSlide === 1 ? pane : Math.floor(pane / 2)
  }

  /** The first window that ends behind a time. */
  firstWindowEndingAfter(time: number): number {
    return Math.floor((time - this.size - this.offset) / this.slide) + 1
  }
}
