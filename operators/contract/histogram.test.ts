import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { HISTOGRAM_SLOTS, HistogramCell, HistogramSnapshot } from './histogram.ts'

function recorded(values: readonly number[]): Float64Array {
  const cells = new Float64Array(HISTOGRAM_SLOTS)
  const histogram = new HistogramCell(cells)
  for (const value of values) histogram.record(value)
  return cells
}

/** The value at the nearest rank. */
function exact(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(1, Math.ceil((p / 100) * sorted.length)) - 1]
}

const value = fc.oneof(
  fc.double({ min: 2 ** -20, max: 2 ** 44 - 1, noNaN: true }),
  fc.integer({ min: 1, max: 1000 }),
)

describe('a histogram', () => {
  it('of nothing is all zeroes', () => {
    expect(new HistogramSnapshot([recorded([]), recorded([])])).toMatchObject({
      count: 0,
      sum: 0,
      min: 0,
      max: 0,
      mean: 0,
      p50: 0,
      p90: 0,
      p99: 0,
    })
  })

  it('tells percentiles within 1.6 % of a recorded value, wherever the values were recorded', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(value, { maxLength: 30 }), { minLength: 1, maxLength: 4 }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        (parts, p) => {
          const all = parts.flat()
          fc.pre(all.length > 0)
          const snapshot = new HistogramSnapshot(parts.map(recorded))
          const wanted = exact(all, p)
          expect(Math.abs(snapshot.percentile(p) - wanted)).toBeLessThanOrEqual(wanted / 64)
          expect([snapshot.count, snapshot.min, snapshot.max]).toEqual([
            all.length,
            Math.min(...all),
            Math.max(...all),
          ])
          expect(snapshot.p99).toBe(snapshot.percentile(99))
        },
      ),
    )
  })

  it('adds up sums and means exactly', () => {
    const snapshot = new HistogramSnapshot([recorded([1, 2.5]), recorded([10])])
    expect([snapshot.sum, snapshot.mean]).toEqual([13.5, 4.5])
  })

  it('keeps extremes, also those without a bucket of their own', () => {
    const tiny = new HistogramSnapshot([recorded([0, -0, Number.MIN_VALUE, 5])])
    expect([tiny.min, tiny.p50, tiny.max]).toEqual([0, 0, 5])
    const huge = new HistogramSnapshot([recorded([1, Number.MAX_VALUE, 2 ** 50])])
    expect([huge.min, huge.p99, huge.max]).toEqual([1, Number.MAX_VALUE, Number.MAX_VALUE])
  })

  it('one value is itself at every percentile', () => {
    const { p50, p90, p99 } = new HistogramSnapshot([recorded([123.456])])
    expect([p50, p90, p99]).toEqual([123.456, 123.456, 123.456])
  })

  it('is plain numbers for who prints or sends it', () => {
    const snapshot = new HistogramSnapshot([recorded([2, 2])])
    const plain = { count: 2, sum: 4, min: 2, max: 2, mean: 2, p50: 2, p90: 2, p99: 2 }
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(plain)
    expect(structuredClone(snapshot)).toEqual(plain)
  })

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '3', 3n, undefined])(
    'refuses %s and has recorded nothing',
    (wrong) => {
      const cells = recorded([])
      expect(() => new HistogramCell(cells).record(wrong as number)).toThrow(
        expect.objectContaining({
          code: 'SAGE_USER_ERROR',
          message: expect.stringContaining('histogram.record: expected a finite number >= 0, got '),
        }),
      )
      expect(new HistogramSnapshot([cells]).count).toBe(0)
    },
  )

  test.each([-1, 101, Number.NaN])('has no percentile %d', (p) => {
    expect(() => new HistogramSnapshot([recorded([1])]).percentile(p)).toThrow(
      expect.objectContaining({ code: 'SAGE_OPTION' }),
    )
  })
})
