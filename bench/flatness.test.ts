import { expect, it } from 'vitest'
import { isFlat, trendOf } from './flatness.ts'

it.each([
  [[5, 5, 5], 5, 0],
  [[1, 2, 3, 4], 2.5, 3],
  [[4, 3, 2, 1], 2.5, -3],
  [[0, 2, 0, 2, 0], 0.8, 0],
  [[7], 7, 0],
])('the trend of %j is a mean of %d and a growth of %d', (values, mean, growth) => {
  const trend = trendOf(values)
  expect(trend.mean).toBeCloseTo(mean, 12)
  expect(trend.growth).toBeCloseTo(growth, 12)
})

it('is flat up to a twentieth, or to the slack', () => {
  expect(isFlat({ mean: 100, growth: 5 }, 0)).toBe(true)
  expect(isFlat({ mean: 100, growth: 5.1 }, 0)).toBe(false)
  expect(isFlat({ mean: 10, growth: 4 }, 4)).toBe(true)
  expect(isFlat({ mean: 100, growth: -50 }, 0)).toBe(true)
})
