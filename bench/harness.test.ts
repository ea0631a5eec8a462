import { expect, it } from 'vitest'
import {
  type Contender,
  expectSum,
  figure,
  measure,
  median,
  milliseconds,
  nanoseconds,
  perSecond,
  table,
  timed,
} from './harness.ts'

/** A contender whose runs take the given times; the first is the warm-up. */
function scripted(name: string, times: number[], order: string[] = []): Contender {
  let next = 0
  return {
    name,
    run: () => {
      order.push(name)
      return { operations: 1000, ms: times[next++], sum: 7 }
    },
    check: expectSum(7),
  }
}

it('takes the median of the rounds, after a warm-up, and interleaves the contenders', async () => {
  const order: string[] = []
  const results = await measure({
    bench: 'b',
    unit: perSecond('op'),
    rounds: 3,
    contenders: [
      scripted('ours', [999, 1, 2, 4], order),
      scripted('theirs', [999, 4, 4, 4], order),
    ],
  })
  expect(order.join(' ')).toBe('ours theirs ours theirs ours theirs ours theirs')
  expect(results).toEqual([
    { bench: 'b', name: 'ours', unit: 'op/s', value: 500_000, min: 250_000, max: 1_000_000 },
    {
      bench: 'b',
      name: 'theirs',
      unit: 'op/s',
      value: 250_000,
      min: 250_000,
      max: 250_000,
      ratio: 'ours is 2.00x this',
    },
  ])
})

it('compares the other way round where less is better', async () => {
  const contenders = [scripted('ours', [1, 2]), scripted('theirs', [1, 6])]
  const [ours, theirs] = await measure({ bench: 'b', unit: nanoseconds, rounds: 1, contenders })
  expect([ours.value, theirs.value, theirs.ratio]).toEqual([2000, 6000, 'ours is 3.00x this'])
})

it('throws when a sum is wrong, in the warm-up already', async () => {
  const wrong: Contender = { ...scripted('ours', [1, 1]), check: expectSum(8) }
  const options = { bench: 'b', unit: milliseconds, contenders: [wrong] }
  await expect(measure(options)).rejects.toThrow('expected the sum 8, got 7')
})

it('times a body and keeps its sum', async () => {
  const sample = await timed(3, async () => 42)
  expect([sample.operations, sample.sum, sample.ms >= 0]).toEqual([3, 42, true])
})

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
  [12.34, '12.3'],
  [9999, '9999'],
  [12_345, '12.3 k'],
  [88_640_000, '88.6 M'],
  [2.5e9, '2.50 G'],
])('writes %d as %s', (value, text) => {
  expect(figure(value)).toBe(text)
})

it('prints a table that is Markdown', () => {
  const results = [
    { bench: 'b', name: 'ours', unit: 'op/s', value: 5e6, min: 4e6, max: 6e6 },
    { bench: 'b', name: 'theirs', unit: 'op/s', value: 50, ratio: 'ours is 100000x this' },
  ]
  expect(table(results)).toBe(
    [
      '| what   |      median |       min - max | compared             |',
      '| ------ | ----------: | --------------: | -------------------- |',
      '| ours   | 5.00 M op/s | 4.00 M - 6.00 M |                      |',
      '| theirs |   50.0 op/s |                 | ours is 100000x this |',
    ].join('\n'),
  )
})
