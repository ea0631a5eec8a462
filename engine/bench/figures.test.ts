import { expect, it } from 'vitest'
import { alignedTable, figure, median } from './figures.ts'

it.each([
  [[3], 3],
  [[10, 9, 1], 9],
  [[4, 1, 3, 2], 2.5],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected)
})

it.each([
  [0, '0'],
  [0.5, '0.50'],
  [0.0123, '0.012'],
  [1, '1.00'],
  [12.34, '12.3'],
  [9999, '9999'],
  [12_345, '12.3 k'],
  [88_640_000, '88.6 M'],
  [2.5e9, '2.50 G'],
])('writes %d as %s', (value, text) => {
  expect(figure(value)).toBe(text)
})

it('keeps the cells of a table apart', () => {
  expect(alignedTable(['a|b', 'n'], ['left', 'right'], [['x\n y', '1']])).toBe(
    ['| a\\|b |   n |', '| ---- | --: |', '| x y  |   1 |'].join('\n'),
  )
})
