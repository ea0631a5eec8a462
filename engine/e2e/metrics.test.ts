import { describe, expect, it, test } from 'vitest'
import type { EnvironmentConfig, JobHandle, Logger, OperatorMetrics } from '../index.ts'
import { settled } from '../testing/index.ts'
import * as jobs from './fixtures/metrics-job.ts'
import { ENTERED, GATE } from './fixtures/metrics-job.ts'

const setups: [string, EnvironmentConfig][] = [
  ['inline, 1 subtask', { mode: 'inline', parallelism: 1 }],
  ['inline, 2 subtasks', { mode: 'inline', parallelism: 2 }],
  ['threads, 1 subtask', { parallelism: 1, maxThreads: 1 }],
  ['threads, 2 subtasks', { parallelism: 2, maxThreads: 2 }],
]

const turn = () => new Promise((resolve) => setImmediate(resolve))

function find(operators: readonly OperatorMetrics[], name: string): OperatorMetrics {
  return operators.find((operator) => operator.name === name)!
}

/** The metrics of a live job once they are as a test wants them. */
async function when(
  job: JobHandle<any>,
  holds: (of: (name: string) => OperatorMetrics) => boolean,
): Promise<(name: string) => OperatorMetrics> {
  for (;;) {
    const operators = job.metrics()
    const of = (name: string) => find(operators, name)
    if (holds(of)) return of
    await turn()
  }
}

function gate(): { memory: SharedArrayBuffer; entered(): number; open(): void } {
  const memory = new SharedArrayBuffer(8)
  const words = new Int32Array(memory)
  return {
    memory,
    entered: () => Atomics.load(words, ENTERED),
    open: () => {
      Atomics.store(words, GATE, 1)
      Atomics.notify(words, GATE)
    },
  }
}

const timesOf = ({ busyMs, idleMs, backpressuredMs, runnableMs }: OperatorMetrics) =>
  busyMs + idleMs + backpressuredMs + runnableMs

describe.each(setups)('%s', (_, config) => {
  const parallelism = config.parallelism!

  it('counts records and bytes; what is sent is what arrives', async () => {
    const result = await jobs.flow.run({ count: 1000 }, config)
    const of = (name: string) => find(result.operators, name)
    const counts = ({
      recordsIn,
      recordsOut,
      events_processed,
      events_failed,
    }: OperatorMetrics) => [recordsIn, recordsOut, events_processed, events_failed]
    expect(result.operators.map((operator) => [operator.name, ...counts(operator)])).toEqual([
      ['source', 0, 1000, 1000, 0],
      ['even', 1000, 500, 1000, 0],
      ['key', 500, 500, 500, 0],
      ['triple', 500, 500, 500, 0],
      ['out', 500, 500, 500, 0],
    ])
    expect([of('source').bytesOut, of('even').bytesIn, of('even').bytesOut]).toEqual([0, 0, 0])
    expect(of('triple').bytesIn).toBe(of('key').bytesOut)
    expect(of('out').bytesIn).toBe(of('triple').bytesOut)
    expect(of('out').bytesOut).toBeGreaterThan(500)
    expect(of('key').bytesOut > 0).toBe(parallelism > 1)
    expect(of('triple').subtasks.map(({ bytesIn }) => bytesIn > 0)).toEqual(
      Array.from({ length: parallelism }, () => parallelism > 1),
    )
    for (const one of result.operators) {
      expect(one).toMatchObject({ ringFill: none, pending: 0 })
      // What the job has handed over may still wait for its reader.
      expect(one.queue_sizes.input + (one.kind === 'output' ? 0 : one.queue_sizes.output)).toBe(0)
      expect(one.processing_time_ms).toBe(one.busyMs)
      const sum = one.subtasks.reduce((bytes, { bytesIn }) => bytes + bytesIn, 0)
      expect(sum).toBe(one.bytesIn)
    }
    // Operators of one chain share their times, and no subtask is in two states at once.
    expect(of('even')).toMatchObject({ chain: of('source').chain, busyMs: of('source').busyMs })
    for (const one of result.operators)
      expect(timesOf(one)).toBeLessThanOrEqual(result.durationMs * one.parallelism)
  })

  it('tells errors apart by what became of them', async () => {
    const { operators } = await jobs.policies.run(100, config)
    const rows = ['skip', 'dead', 'retried', 'flaky', 'waits'].map((name) => {
      const { errors, failed, skipped, deadLettered, retries, pending } = find(operators, name)
      return [name, errors, failed, skipped, deadLettered, retries, pending]
    })
    expect(rows).toEqual([
      ['skip', 25, 0, 25, 0, 0, 0],
      ['dead', 25, 0, 0, 25, 0, 0],
      ['retried', 25, 0, 25, 0, 50, 0],
      ['flaky', 0, 0, 0, 0, 25, 0],
      ['waits', 25, 0, 25, 0, 25, 0],
    ])
    expect(find(operators, 'dead')).toMatchObject({ events_processed: 75, events_failed: 25 })
  })

  it('counts what is queued in a full output, until it is read', async () => {
    const job = await jobs.flow.submit({ count: 1000 }, config)
    // The worker counts what it has sent, this thread what it has taken out of the ring: neither waits for the other.
    const bothHave = (out: OperatorMetrics) =>
      out.recordsOut >= 500 && out.queue_sizes.output >= 500
    const full = await when(job, (of) => bothHave(of('out')))
    expect(full('out')).toMatchObject({ recordsOut: 500, queue_sizes: { input: 0, output: 500 } })
    expect(await job.io.out.toArray()).toHaveLength(500)
    expect(find(job.metrics(), 'out').queue_sizes).toEqual(none)
  })
})

const none = { input: 0, output: 0 }

test.each(['inline', 'threads'] as const)(
  'a sink that keeps its promises open is busy; its source is held back and says so (%s)',
  async (mode) => {
    const { memory, open } = gate()
    const count = 5000
    const config: EnvironmentConfig = { mode, maxThreads: 2, memory: { ringBytes: 4096 } }
    const job = await jobs.stalled.submit({ count, memory }, config)
    const of = await when(job, (at) => {
      const [source, slow] = [at('source'), at('slow')]
      return (
        slow.pending === 2 &&
        source.backpressuredMs > source.busyMs + source.idleMs + source.runnableMs &&
        slow.busyMs > slow.idleMs + slow.backpressuredMs + slow.runnableMs
      )
    })
    expect(of('slow').subtasks.map(({ ringFill }) => ringFill.input > 0.5)).toEqual([true, true])
    expect(of('slow').ringFill.input).toBe(
      Math.max(...of('slow').subtasks.map(({ ringFill }) => ringFill.input)),
    )
    expect(of('slow').queue_sizes.input).toBeGreaterThan(0)
    expect(of('slow')).toMatchObject({ pending: 2, backpressuredMs: 0 })
    expect(of('slow').bytesIn).toBeLessThan(of('source').bytesOut)
    open()
    const { operators, durationMs } = await job.finished
    const end = find(operators, 'slow')
    expect(end).toMatchObject({ recordsIn: count, ringFill: none, queue_sizes: none, pending: 0 })
    const source = find(operators, 'source')
    expect(source.bytesOut + end.bytesOut).toBe(end.bytesIn)
    expect(timesOf(source)).toBeLessThanOrEqual(durationMs)
    expect(timesOf(source)).toBeGreaterThan(of('source').backpressuredMs)
    // No state lasts beyond the end.
    await turn()
    expect(job.metrics()).toEqual(operators)
  },
)

test('a worker that hangs in user code can be read, and is busy', async () => {
  const { memory, entered, open } = gate()
  const job = await jobs.blocked.submit(memory, { parallelism: 1, maxThreads: 1 })
  await job.io.numbers.push(0)
  while (entered() === 0) await turn()
  const rest = Array.from({ length: 20 }, (_, i) => i)
  await job.io.numbers.pushMany(rest)
  await turn()
  const before = job.metrics()
  await turn()
  const after = job.metrics()
  const [first, second] = [find(before, 'blocks'), find(after, 'blocks')]
  expect(first.counters).toEqual({ entered: 1 })
  expect(second.busyMs).toBeGreaterThan(first.busyMs)
  expect([second.idleMs, second.runnableMs]).toEqual([first.idleMs, first.runnableMs])
  expect(find(after, 'numbers').queue_sizes).toEqual({ input: 20, output: 0 })
  expect(find(after, 'numbers')).toMatchObject({ recordsIn: 0, queue_sizes: { input: 20 } })
  open()
  job.io.numbers.end()
  const { operators } = await job.finished
  expect(find(operators, 'blocks').counters).toEqual({ entered: 21 })
  expect(find(operators, 'numbers').queue_sizes).toEqual(none)
})

test('the failure that ends a job is counted as such', async () => {
  const job = await jobs.failing.submit(undefined, { mode: 'inline' })
  await job.io.numbers.pushMany([1, 2, 3, 4])
  await expect(job.finished).rejects.toMatchObject({ code: 'SAGE_USER_ERROR' })
  expect(find(job.metrics(), 'fails')).toMatchObject({
    recordsIn: 3,
    errors: 1,
    failed: 1,
    skipped: 0,
    events_processed: 2,
    events_failed: 1,
  })
  const ended = job.metrics()
  await turn()
  expect(job.metrics()).toEqual(ended)
})

test.each([
  ['inline', 1],
  ['inline', 4],
  ['threads', 1],
  ['threads', 4],
] as const)('metrics of the user are exact (%s, %d subtasks)', async (mode, parallelism) => {
  const count = 2000
  const { operators } = await jobs.own.run({ count }, { mode, parallelism, maxThreads: 2 })
  const measured = find(operators, 'Measured')
  expect(measured.counters).toEqual({ records: count })
  expect(measured.subtasks.map(({ counters }) => counters.records)).toEqual(
    measured.subtasks.map(({ recordsIn }) => recordsIn),
  )
  const seen = measured.subtasks.map(({ recordsIn }) => recordsIn)
  expect(measured.gauges).toEqual({
    seen: { sum: count, min: Math.min(...seen), max: Math.max(...seen) },
    subtask: { sum: (parallelism * (parallelism - 1)) / 2, min: 0, max: parallelism - 1 },
  })
  expect(measured.subtasks.map(({ gauges }) => gauges)).toEqual(
    seen.map((records, subtask) => ({ seen: records, subtask })),
  )
  const sum = (count * (count + 1)) / 2
  const { sizes } = measured.histograms
  expect(sizes).toMatchObject({ count, sum, min: 1, max: count, mean: (count + 1) / 2 })
  expect(Math.abs(sizes.percentile(25) / (count / 4) - 1)).toBeLessThan(0.016)
  expect(find(operators, 'lambda').counters).toEqual({ sum, odd: count / 2 })
  expect(find(operators, 'source')).toMatchObject({ counters: {}, gauges: {}, histograms: {} })
})

test('a gauge tells its value while the job rests, and at its end before close()', async () => {
  const warnings: string[] = []
  const silent = () => {}
  const logger: Logger = {
    debug: silent,
    info: silent,
    warning: (line) => void warnings.push(line),
    error: silent,
  }
  const job = await jobs.sampled.submit(undefined, { parallelism: 1, maxThreads: 1, logger })
  await job.io.numbers.pushMany([1, 2, 2, 3])
  await settled(job)
  const distinct = () => find(job.metrics(), 'Distinct').gauges
  expect(distinct()).toEqual({ distinct: { sum: 3, min: 3, max: 3 } })
  await job.io.numbers.pushMany([3, 4])
  // Nobody asks, and the thread parks: it wakes once more to ask its gauges.
  await when(job, (of) => of('Distinct').gauges.distinct.sum === 4)
  await job.io.numbers.push(5)
  job.io.numbers.end()
  await job.finished
  expect(distinct()).toEqual({ distinct: { sum: 5, min: 5, max: 5 } })
  expect(warnings).toEqual([
    "gauge 'broken' of operator 'Distinct' did not tell its value: no idea",
  ])
})

test.each([
  [
    'the same counter twice',
    'SAGE_DUPLICATE_NAME',
    "metrics.counter('orders'): expected a name that operator 'Mistaken' has not given yet, " +
      "but it has a counter of that name; its metrics: counter 'orders', gauge 'depth'",
  ],
  [
    'another kind',
    'SAGE_DUPLICATE_NAME',
    "metrics.histogram('orders'): expected a name that operator 'Mistaken' has not given yet, " +
      "but it has a counter of that name; its metrics: counter 'orders'",
  ],
  [
    'no name',
    'SAGE_OPTION',
    'metrics.counter: expected a name, a string that is not empty, got undefined',
  ],
  [
    'too many',
    'SAGE_MEMORY',
    "memory.metricsBytes: expected room for counter 'orders of user 7' (128 bytes), " +
      "but 960 of the job's 1024 bytes for user metrics are taken; " +
      'raise the limit, or keep names from growing with the records',
  ],
])('a mistake with metrics: %s', async (mistake, code, message) => {
  for (const mode of ['inline', 'threads'] as const) {
    const config = { mode, parallelism: 1, maxThreads: 1, memory: { metricsBytes: 1024 } }
    await expect(jobs.mistaken.run(mistake, config)).rejects.toMatchObject({
      code,
      operator: 'Mistaken',
      subtask: 0,
      message: expect.stringContaining(message),
    })
  }
})

test('a source has metrics of its own, and refuses a name twice', async () => {
  const { operators } = await jobs.counting.run(false, { mode: 'inline' })
  expect(find(operators, 'Counts')).toMatchObject({ recordsOut: 3, counters: { asked: 5 } })
  await expect(jobs.counting.run(true, { mode: 'inline' })).rejects.toMatchObject({
    code: 'SAGE_DUPLICATE_NAME',
    operator: 'Counts',
  })
})

test.each([-1, 63, 1.5, '1'])('memory.metricsBytes: %s is SAGE_CONFIG', async (metricsBytes) => {
  const config = { mode: 'inline', memory: { metricsBytes } } as EnvironmentConfig
  await expect(jobs.flow.submit({ count: 1 }, config)).rejects.toMatchObject({
    code: 'SAGE_CONFIG',
    message: expect.stringContaining('memory.metricsBytes: expected an integer from 64'),
  })
})
