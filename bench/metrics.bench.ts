/**
 * What metrics cost: the user's at every record, the engine's at every step and frame, and reading them.
 *
 * ```
 *   counter.inc      one addition in shared memory       looked up: by its name, each time, as a lambda does
 *   a step           two readings of the clock and four stores, for up to a millisecond of work
 *   job.metrics()    reads all operators of a job; no worker is asked
 * ```
 */

import {
  type BenchResult,
  type Contender,
  expectSum,
  measure,
  nanoseconds,
  perSecond,
  timed,
} from 'sage-stream/bench'
import { TaskTimes } from '../engine/metrics/task-times.ts'
import { UserMetricsMemory } from '../engine/metrics/user-metrics-memory.ts'
import { MetricRegistry } from '../operators/contract/metric-registry.ts'
import { readUserMetrics } from '../operators/contract/user-metrics.ts'
import { counted } from './metrics-job.ts'

export const title = 'Metrics: what counting costs'
export const targets = "the engine's own <= 2 % of throughput"

const COUNT = 4_000_000
const STEPS = 1_000_000
const RECORDS = 4096 * 1024
const READS = 2_000

/** Runs the tables. */
export async function run(): Promise<BenchResult[]> {
  return [
    ...(await measure({ bench: 'a record', unit: nanoseconds, contenders: perRecord() })),
    ...(await measure({ bench: 'a step of a subtask', unit: nanoseconds, contenders: perStep() })),
    ...(await measure({
      bench: 'a source, a map and a sink, inline',
      unit: perSecond('records'),
      contenders: (['nothing', 'counter', 'histogram', 'looked up'] as const).map(inJob),
    })),
    ...(await measure({ bench: 'reading', unit: nanoseconds, contenders: [await reading()] })),
  ]
}

/** Metrics as an operator of a job has them, and what they hold. */
function registry() {
  const memory = UserMetricsMemory.allocate(1 << 16)
  const place = { node: 0, subtask: 0, operator: 'bench' }
  const silent = () => {}
  const logger = { debug: silent, info: silent, warning: silent, error: silent }
  const metrics = new MetricRegistry('bench', (kind, name) => memory.add(kind, name, place), logger)
  return { metrics, read: () => readUserMetrics(memory.read()) }
}

function perRecord(): Contender[] {
  const { metrics, read } = registry()
  const counter = metrics.counter('counter')
  const gauge = metrics.gauge('gauge')
  const histogram = metrics.histogram('histogram')
  // What a run adds is what it is checked by: the metrics go on counting from run to run.
  const grown = (name: string, value: () => number, body: (i: number) => void): Contender => ({
    name,
    run: () =>
      timed(COUNT, () => {
        const before = value()
        for (let i = 0; i < COUNT; i++) body(i)
        return value() - before
      }),
    check: expectSum(COUNT),
  })
  const plain = { count: 0 }
  return [
    grown(
      'counter.inc',
      () => counter.value,
      () => counter.inc(),
    ),
    grown(
      "metrics.counter('…').inc",
      () => read().counters['looked up'] ?? 0,
      () => metrics.counter('looked up').inc(),
    ),
    grown(
      'histogram.record',
      () => read().histograms.histogram.count,
      (i) => histogram.record(i & 1023),
    ),
    {
      name: 'gauge.set',
      run: () =>
        timed(COUNT, () => {
          for (let i = 1; i <= COUNT; i++) gauge.set(i)
          return gauge.value
        }),
      check: expectSum(COUNT),
    },
    grown(
      'a field of an object',
      () => plain.count,
      () => {
        plain.count++
      },
    ),
  ]
}

function perStep(): Contender[] {
  const times = new TaskTimes(new Float64Array(new SharedArrayBuffer(64)))
  times.start(performance.now())
  return [
    {
      name: 'times of a subtask',
      run: () =>
        timed(STEPS, () => {
          for (let i = 0; i < STEPS; i++) {
            times.begin(performance.now())
            times.worked(performance.now())
          }
        }),
    },
    {
      name: 'two readings of the clock alone',
      run: () =>
        timed(STEPS, () => {
          let ascending = true
          for (let i = 0; i < STEPS; i++) {
            const begun = performance.now()
            if (performance.now() < begun) ascending = false
          }
          return ascending
        }),
      check: expectSum(true),
    },
  ]
}

function inJob(what: 'nothing' | 'counter' | 'histogram' | 'looked up'): Contender {
  return {
    name: what,
    run: () =>
      timed(RECORDS, async () => {
        const { operators } = await counted.run(
          { count: RECORDS, what },
          { mode: 'inline', parallelism: 1, strict: false },
        )
        const { counters, histograms, recordsOut } = operators[1]
        return counters.seen ?? histograms.seen?.count ?? recordsOut
      }),
    check: expectSum(RECORDS),
  }
}

/** Three operators on four subtasks each. */
async function reading(): Promise<Contender> {
  const config = { mode: 'inline', parallelism: 4 } as const
  const job = await counted.submit({ count: 4096, what: 'histogram' }, config)
  await job.finished
  return {
    name: 'job.metrics() of 3 operators, one with a histogram',
    run: () =>
      timed(READS, () => {
        let count = 0
        for (let i = 0; i < READS; i++) count += job.metrics()[1].histograms.seen.count
        return count
      }),
    check: expectSum(READS * 4096),
  }
}
