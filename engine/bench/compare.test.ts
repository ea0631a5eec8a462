import { expect, it } from 'vitest'
import { compareReports, comparisonMarkdown, comparisonTable } from './compare.ts'
import { latency, machineOf, report, result } from './fixtures/reports.ts'

const before = report('before', {
  results: [
    result('throughput', 'job', 100, { min: 90, max: 110 }),
    result('throughput', 'noisy', 100, { min: 50, max: 150 }),
    result('start', 'job', 20, { unit: 'ms', better: 'less' }),
    result('old', 'gone', 1),
  ],
  latencies: [latency('at 1 k/s', [0.5, 1, 2, 4, 8, 10])],
})
const after = report('after', {
  machine: machineOf({ node: 'v26.0.0' }),
  results: [
    result('throughput', 'job', 150, { min: 111, max: 160 }),
    result('throughput', 'noisy', 90, { min: 80, max: 100 }),
    result('start', 'job', 40, { unit: 'ms', better: 'less' }),
    result('fresh', 'new', 1),
  ],
  latencies: [latency('at 1 k/s', [0.25, 1, 4, 4, 8, 10])],
})

it('gives a ratio above 1 to what is better, and says whether the runs are apart', () => {
  const { metrics } = compareReports(before, after)
  const lines = metrics.map((m) => [m.bench, m.name, m.before, m.after, m.ratio, m.apart])
  expect(lines).toEqual([
    ['throughput', 'job', 100, 150, 1.5, true],
    ['throughput', 'noisy', 100, 90, 0.9, false],
    ['start', 'job', 20, 40, 0.5, undefined],
    ['old', 'gone', 1, undefined, undefined, undefined],
    ['latency: at 1 k/s', 'p50', 0.5, 0.25, 2, undefined],
    ['latency: at 1 k/s', 'p90', 1, 1, 1, undefined],
    ['latency: at 1 k/s', 'p99', 2, 4, 0.5, undefined],
    ['latency: at 1 k/s', 'p99.9', 4, 4, 1, undefined],
    ['latency: at 1 k/s', 'p99.99', 8, 8, 1, undefined],
    ['latency: at 1 k/s', 'max', 10, 10, 1, undefined],
    ['latency: at 1 k/s', 'achieved', 1000, 1000, 1, undefined],
    ['fresh', 'new', undefined, 1, undefined, undefined],
  ])
})

it('does not take figures of different units for the same', () => {
  const seconds = report('s', { results: [result('start', 'job', 1, { unit: 's' })] })
  const ms = report('ms', { results: [result('start', 'job', 1, { unit: 'ms' })] })
  expect(compareReports(seconds, ms).metrics.map((m) => [m.unit, m.ratio])).toEqual([
    ['s', undefined],
    ['ms', undefined],
  ])
})

it('is a table', () => {
  const comparison = compareReports(before, after)
  const metrics = comparison.metrics.slice(0, 4)
  expect(comparisonTable({ ...comparison, metrics }).split('\n')).toEqual([
    '| topic      | what  | before: before |   after: after | ratio |                               |',
    '| ---------- | ----- | -------------: | -------------: | ----: | ----------------------------- |',
    '| throughput | job   |  100 records/s |  150 records/s | 1.50x | better                        |',
    '| throughput | noisy |  100 records/s | 90.0 records/s | 0.90x | within the spread of the runs |',
    '| start      | job   |        20.0 ms |        40.0 ms | 0.50x | worse                         |',
    '| old        | gone  | 1.00 records/s |              - |       | gone                          |',
  ])
})

it('names both machines, and in what they differ', () => {
  const [title, was, is, differing] = comparisonMarkdown(compareReports(before, after)).split(
    '\n\n',
  )
  expect(title).toBe('## before and after')
  expect(was).toContain('Node v24.21.0')
  expect(is).toContain('Node v26.0.0')
  expect(differing).toBe('**Measured on different machines** (node): ratios are of both together.')
  expect(comparisonMarkdown(compareReports(before, before))).not.toContain('different machines')
})
