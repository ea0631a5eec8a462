import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LatencyHistogram } from './histogram.ts'

function of(...times: number[]): LatencyHistogram {
  const histogram = new LatencyHistogram()
  for (const ms of times) histogram.record(ms)
  return histogram
}

it('gives percentiles in milliseconds', () => {
  const thousand = of(...Array.from({ length: 1000 }, (_, i) => i + 1))
  expect(thousand.percentiles()).toEqual({
    p50: 500,
    p90: 900,
    p99: 990,
    'p99.9': 999,
    'p99.99': 1000,
    max: 1000,
  })
})

it.each([1e-6, 0.00205, 0.5, 5, 1000, 3_600_000, 86_400_000])('keeps %d ms as it is', (ms) => {
  expect(of(ms).percentiles()).toMatchObject({ p50: ms, max: ms })
})

it('counts what is no time at all as a nanosecond', () => {
  expect(of(0, -0.1).percentiles().max).toBe(1e-6)
})

it('has a curve from the least to the greatest, denser towards the end', () => {
  const times = Array.from({ length: 100 }, (_, i) => i + 1)
  const curve = of(...times).curve()
  expect(curve[0]).toEqual([0, 1])
  expect(curve[20][0]).toBeCloseTo(90, 9)
  expect(curve[20][1]).toBe(90)
  expect(curve.at(-1)).toEqual([100, 100])
  expect(curve).toHaveLength(42)
  expect(of().curve()).toEqual([])
})

it('is within the bucket of three digits of the exact percentile', () => {
  const time = fc.double({ min: 1e-6, max: 1e6, noNaN: true })
  fc.assert(
    fc.property(fc.array(time, { minLength: 1, maxLength: 200 }), (times) => {
      const sorted = times.toSorted((a, b) => a - b)
      const { p50, max } = of(...times).percentiles()
      const exact = sorted[Math.max(0, Math.floor(times.length * 0.5 + 0.5) - 1)]
      expect(Math.abs(p50 - exact)).toBeLessThanOrEqual(exact * 0.006 + 1e-6)
      expect(Math.abs(max - sorted.at(-1)!)).toBeLessThanOrEqual(sorted.at(-1)! * 0.006 + 1e-6)
    }),
  )
})
