import { describe, StreamError } from '../../codec/errors.ts'
import type { Histogram } from './metrics.ts'

/**
 * The memory of a histogram, in doubles: what is known exactly, then the buckets.
 *
 * ```
 *   0 sum   1 min   2 max   3 … 2050  how many values fell into each bucket
 * ```
 *
 * A bucket is an exponent of two, from -20 to 43, and the next five bits of the number: what lies in it differs by at
 * most 1/32, its middle from any of it by 1/64. Smaller numbers, 0 among them, are in the first bucket, larger ones in
 * the last: for these, `min` and `max` stand.
 */
const SUM = 0
const MIN = 1
const MAX = 2
const BUCKETS = 3

const LEAST_EXPONENT = -20
const OCTAVES = 64
const STEPS = 32
const COUNT = OCTAVES * STEPS
/** Shifts away all of a double's upper word but sign, exponent and five bits. */
const SHIFT = 15
/** What is then left of the least number with a bucket of its own. */
const FIRST = (1023 + LEAST_EXPONENT) * STEPS

/** Doubles that a histogram takes. */
export const HISTOGRAM_SLOTS = BUCKETS + COUNT

const double = new Float64Array(1)
/** Node runs on little-endian platforms: the second word is the upper one. */
const words = new Uint32Array(double.buffer)

function bucketOf(value: number): number {
  // A negative zero has a sign in its upper word; the sum has none.
  double[0] = value + 0
  const index = (words[1] >>> SHIFT) - FIRST
  return index < 0 ? 0 : index < COUNT ? index : COUNT - 1
}

/** Writes a histogram. Only the thread of its subtask calls. */
export class HistogramCell implements Histogram {
  readonly #cells: Float64Array

  /** @param cells - `HISTOGRAM_SLOTS` zeroes */
  constructor(cells: Float64Array) {
    this.#cells = cells
    cells[MIN] = Number.POSITIVE_INFINITY
    cells[MAX] = Number.NEGATIVE_INFINITY
  }

  record(value: number): void {
    if (typeof value !== 'number' || !(value >= 0 && value < Number.POSITIVE_INFINITY)) {
      throw new StreamError(
        'SAGE_USER_ERROR',
        `histogram.record: expected a finite number >= 0, got ${describe(value)}`,
      )
    }
    const cells = this.#cells
    cells[BUCKETS + bucketOf(value)]++
    cells[SUM] += value
    if (value < cells[MIN]) cells[MIN] = value
    if (value > cells[MAX]) cells[MAX] = value
  }
}

/** What a histogram held when it was read, of one subtask or of several together. */
export class HistogramSnapshot {
  /** Values recorded. */
  readonly count: number
  readonly sum: number
  /** Exact; 0 while nothing has been recorded. */
  readonly min: number
  /** Exact; 0 while nothing has been recorded. */
  readonly max: number
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly #buckets: Float64Array

  /** @param cells - the memory of the histograms to add up */
  constructor(cells: readonly Float64Array[]) {
    const buckets = new Float64Array(COUNT)
    let sum = 0
    let count = 0
    let min = Number.POSITIVE_INFINITY
    let max = Number.NEGATIVE_INFINITY
    for (const cell of cells) {
      for (let i = 0; i < COUNT; i++) {
        buckets[i] += cell[BUCKETS + i]
        count += cell[BUCKETS + i]
      }
      sum += cell[SUM]
      min = Math.min(min, cell[MIN])
      max = Math.max(max, cell[MAX])
    }
    this.#buckets = buckets
    this.count = count
    this.sum = sum
    this.min = count === 0 ? 0 : min
    this.max = count === 0 ? 0 : max
    this.mean = count === 0 ? 0 : sum / count
    this.p50 = this.percentile(50)
    this.p90 = this.percentile(90)
    this.p99 = this.percentile(99)
  }

  /**
   * The value below or at which `p` percent of the values lie (nearest rank), within 1.6 %; 0 while nothing has
   * been recorded. Throws `SAGE_OPTION` for a `p` that is not from 0 to 100.
   */
  percentile(p: number): number {
    if (!(p >= 0 && p <= 100)) {
      throw new StreamError(
        'SAGE_OPTION',
        `percentile: expected a number from 0 to 100, got ${describe(p)}`,
      )
    }
    const rank = Math.max(1, Math.ceil((p / 100) * this.count))
    let seen = 0
    for (let i = 0; i < COUNT; i++) {
      seen += this.#buckets[i]
      if (seen >= rank) return this.#valueOf(i)
    }
    return 0
  }

  #valueOf(bucket: number): number {
    if (bucket === 0) return this.min
    if (bucket === COUNT - 1) return this.max
    const power = 2 ** (LEAST_EXPONENT + Math.floor(bucket / STEPS))
    const middle = power * (1 + ((bucket % STEPS) + 0.5) / STEPS)
    return Math.min(this.max, Math.max(this.min, middle))
  }
}
