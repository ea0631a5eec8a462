/** Measures the scoring job: its latency under a steady load, and its throughput on one worker and on two. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { duration } from 'sage-stream'
import {
  compareReports,
  comparisonTable,
  jobThroughput,
  latencyPlot,
  latencyTable,
  machine,
  measure,
  measureLatency,
  perSecond,
  readReport,
  resultTable,
  throughputPlot,
  writeReport,
} from 'sage-stream/bench'
import { type Order, scoring } from './scoring-job.ts'

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '10000' },
    duration: { type: 'string', default: '10s' },
    orders: { type: 'string', default: '200000' },
    out: { type: 'string', default: 'measurements/scoring.json' },
    before: { type: 'string' },
  },
})

const order = (i: number): Order => ({ id: i, user: `user-${i % 1000}`, amount: 10 + (i % 7) })
const params = { threshold: 0 }

const latency = await measureLatency(scoring, {
  params,
  config: { parallelism: 2 },
  name: `scoring, ${values.rate} orders/s`,
  rate: Number(values.rate),
  duration: duration(values.duration),
  record: order,
  idOf: (alert) => alert.id,
})
console.log(`${latencyTable([latency])}\n`)

const count = Number(values.orders)
const onWorkers = (workers: number) =>
  jobThroughput(scoring, {
    params,
    config: { parallelism: workers, maxThreads: workers },
    name: `scoring, ${workers} worker${workers === 1 ? '' : 's'}`,
    push: { count, record: order },
    check: ({ alerts }) => assert.equal(alerts.length, count),
  })
const results = await measure({
  bench: 'orders pushed, scored and read',
  unit: perSecond('orders'),
  contenders: [onWorkers(2), onWorkers(1)],
  rounds: 3,
})
console.log(`${resultTable(results)}\n`)

const report = { name: 'scoring', machine: machine(), results, latencies: [latency] }
const { json, markdown } = writeReport(values.out, report)
console.log(`wrote ${json} and ${markdown}`)

const before = values.before === undefined ? undefined : readReport(values.before)
if (before !== undefined) console.log(`\n${comparisonTable(compareReports(before, report))}`)

const latencies = [...(before?.latencies ?? []), latency]
writeFileSync(json.replace(/json$/, 'latency.svg'), latencyPlot(latencies))
writeFileSync(json.replace(/json$/, 'throughput.svg'), throughputPlot(results))
