import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

/** The percentiles that are reported. */
export const PERCENTILES = ['p50', 'p90', 'p99', 'p99.9', 'p99.99', 'max'] as const

/** A percentile, or the greatest value. */
export type Percentile = (typeof PERCENTILES)[number]

/** Milliseconds by percentile, to three significant digits. */
export type Percentiles = Readonly<Record<Percentile, number>>

/** Points of a curve: a percentile from 0 to 100, and the milliseconds that it stays within. */
export type LatencyCurve = readonly (readonly [percentile: number, ms: number])[]

const NS_PER_MS = 1e6
const POINTS_PER_DECADE = 20

/**
 * Times in an HdrHistogram: Node's own `createHistogram` of `node:perf_hooks`, which is HdrHistogram_c. It counts
 * whole nanoseconds in buckets of four significant digits, whatever their magnitude, in memory of a
 * fixed size (about 5 MiB), so that no sample is left out and none is averaged away.
 */
export class LatencyHistogram {
  readonly #histogram: RecordableHistogram = createHistogram({ lowest: 1, figures: 4 })

  /** Counts one time. Times below a nanosecond count as one. */
  record(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * NS_PER_MS)))
  }

  get count(): number {
    return this.#histogram.count
  }

  /** The reported percentiles. `NaN` where nothing was counted. */
  percentiles(): Percentiles {
    const of = (name: Percentile) => this.#at(name === 'max' ? 100 : Number(name.slice(1)))
    return Object.fromEntries(PERCENTILES.map((name) => [name, of(name)])) as Record<
      Percentile,
      number
    >
  }

  /** The whole distribution: points evenly spaced towards 100 %, as HdrHistogram plots them. */
  curve(): LatencyCurve {
    if (this.count === 0) return []
    const points = Math.floor(Math.log10(this.count) * POINTS_PER_DECADE)
    const within = Array.from({ length: points + 1 }, (_, i) => 1 - 10 ** (-i / POINTS_PER_DECADE))
    return [...within, 1].map((share) => [share * 100, this.#at(share * 100)] as const)
  }

  #at(percentile: number): number {
    if (this.count === 0) return Number.NaN
    const ns = percentile === 0 ? this.#histogram.min : this.#histogram.percentile(percentile)
    // The last digit is the edge of a bucket, not a measurement.
    return Number((ns / NS_PER_MS).toPrecision(3))
  }
}
