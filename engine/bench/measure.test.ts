import { expect, it } from 'vitest'
import {
  type BenchResult,
  type Contender,
  expectSum,
  latencyAt,
  measure,
  milliseconds,
  nanoseconds,
  perSecond,
  resultTable,
  timed,
} from './measure.ts'
import type { LatencyMeasurement } from './open-loop.ts'

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
    {
      bench: 'b',
      name: 'ours',
      unit: 'op/s',
      better: 'more',
      value: 500_000,
      min: 250_000,
      max: 1_000_000,
    },
    {
      bench: 'b',
      name: 'theirs',
      unit: 'op/s',
      better: 'more',
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

it('prints a table that is Markdown', () => {
  const results: BenchResult[] = [
    { bench: 'b', name: 'ours', unit: 'op/s', better: 'more', value: 5e6, min: 4e6, max: 6e6 },
    {
      bench: 'b',
      name: 'theirs',
      unit: 'op/s',
      better: 'more',
      value: 50,
      ratio: 'ours is 100000x this',
    },
  ]
  expect(resultTable(results)).toBe(
    [
      '| what   |      median |       min - max | compared             |',
      '| ------ | ----------: | --------------: | -------------------- |',
      '| ours   | 5.00 M op/s | 4.00 M - 6.00 M |                      |',
      '| theirs |   50.0 op/s |                 | ours is 100000x this |',
    ].join('\n'),
  )
})

it('takes several units from the same runs, each a topic of its own', async () => {
  const runs: string[] = []
  const loaded = (name: string, p50: number, p99: number): Contender => ({
    name,
    run: () => {
      runs.push(name)
      const latency = { ms: { p50, p99 } } as LatencyMeasurement
      return { operations: 1, ms: 1, latency }
    },
  })
  const results = await measure({
    bench: 'b',
    unit: [latencyAt('p50'), latencyAt('p99')],
    rounds: 1,
    warmup: 0,
    contenders: [loaded('ours', 1, 2), loaded('theirs', 3, 3)],
  })
  expect(runs).toEqual(['ours', 'theirs'])
  expect(results.map(({ bench, name, value, ratio }) => [bench, name, value, ratio])).toEqual([
    ['b, p50', 'ours', 1, undefined],
    ['b, p50', 'theirs', 3, 'ours is 3.00x this'],
    ['b, p99', 'ours', 2, undefined],
    ['b, p99', 'theirs', 3, 'ours is 1.50x this'],
  ])
})

it('tells how far it is, warm-up included', async () => {
  const told: string[] = []
  await measure({
    bench: 'b',
    unit: milliseconds,
    rounds: 2,
    contenders: [scripted('ours', [1, 1, 1])],
    onProgress: ({ name, phase, done, total }) => told.push(`${name} ${phase} ${done}/${total}`),
  })
  expect(told).toEqual(['b rounds 0/3', 'b rounds 1/3', 'b rounds 2/3', 'b rounds 3/3'])
})

it.each([
  [{ rounds: 0 }, 'measure: rounds: expected a whole number from 1 on, got 0'],
  [{ rounds: 1.5 }, 'measure: rounds: expected a whole number from 1 on, got 1.5'],
  [{ warmup: -1 }, 'measure: warmup: expected a whole number from 0 on, got -1'],
  [{ contenders: [] }, 'measure: contenders: expected at least one, got []'],
])('refuses %j', async (wrong, message) => {
  const options = { bench: 'b', unit: milliseconds, contenders: [scripted('ours', [1])], ...wrong }
  await expect(measure(options)).rejects.toMatchObject({ code: 'SAGE_OPTION', message })
})

it('refuses a percentile of a run without latencies', async () => {
  const options = { bench: 'b', unit: latencyAt('p99'), contenders: [scripted('ours', [1, 1])] }
  await expect(measure({ ...options, rounds: 1 })).rejects.toMatchObject({ code: 'SAGE_OPTION' })
})
