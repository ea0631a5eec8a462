/** How a figure went over time. */
export interface Trend {
  /** The mean. */
  readonly mean: number
  /** What the line of least squares gains from the first sample to the last. */
  readonly growth: number
}

/** The line of least squares through samples at equal distances. */
export function trendOf(values: readonly number[]): Trend {
  const n = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / n
  const middle = (n - 1) / 2
  let above = 0
  let below = 0
  for (const [i, value] of values.entries()) {
    above += (i - middle) * (value - mean)
    below += (i - middle) ** 2
  }
  return { mean, growth: below === 0 ? 0 : (above / below) * (n - 1) }
}

/** Flat: it grows by no more than a twentieth, or by no more than `slack`. */
export function isFlat({ mean, growth }: Trend, slack: number): boolean {
  return growth <= Math.max(slack, mean / 20)
}
