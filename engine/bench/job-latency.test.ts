import { describe, expect, it } from 'vitest'
import { LocalEnvironment } from '../index.ts'
import { orders, twofold } from './fixtures/measured-jobs.ts'
import { jobLatency, measureLatency } from './job-latency.ts'
import { streamTarget } from './job-streams.ts'
import { expectSum, latencyAt, measure } from './measure.ts'
import { openLoop } from './open-loop.ts'

const load = {
  rate: 2000,
  duration: '500ms',
  warmup: '100ms',
  record: (i: number) => ({ id: i, user: `user-${i % 10}` }),
  idOf: ({ id }: { id: number }) => id,
} as const
const inline = { mode: 'inline' } as const

it('measures a job on threads', async () => {
  const measured = await measureLatency(orders, { ...load, config: { parallelism: 2 } })
  expect(measured).toMatchObject({
    name: 'orders',
    rate: 2000,
    durationMs: 500,
    sent: 1000,
    count: 1000,
    missing: 0,
  })
  expect(measured.achieved).toBeGreaterThan(0)
  const { p50, p90, p99, max } = measured.ms
  expect([p50, p90, p99, max]).toEqual([p50, p90, p99, max].toSorted((a, b) => a - b))
  expect(p50).toBeGreaterThan(0)
  expect(measured.curve[0][0]).toBe(0)
  expect(measured.curve.at(-1)).toEqual([100, max])
})

it('counts records without a result', async () => {
  const params = { keepEvery: 4 }
  const measured = await measureLatency(orders, { ...load, params, config: inline })
  expect(measured).toMatchObject({ sent: 1000, count: 250, missing: 750 })
})

it('takes the streams that are named, and lets no other output stall the job', async () => {
  const measured = await measureLatency(twofold, {
    ...{ rate: 5000, duration: '200ms', warmup: 0, config: inline, name: 'numbers alone' },
    into: 'numbers',
    from: 'doubles',
    record: (i) => i,
    idOf: (double) => double / 2,
  })
  expect(measured).toMatchObject({ name: 'numbers alone', sent: 1000, count: 1000 })
})

it('runs under load as a contender, its missing records as the sum', async () => {
  const quick = { ...load, duration: '50ms', warmup: 0, config: inline } as const
  const bench = { bench: 'b', unit: latencyAt('p50'), rounds: 1, warmup: 0 }
  const contender = { ...jobLatency(orders, { ...quick, name: 'two hops' }), check: expectSum(0) }
  const [result] = await measure({ ...bench, contenders: [contender] })
  expect(result).toMatchObject({ bench: 'b, p50', name: 'two hops', unit: 'ms', better: 'less' })
  const leaky = {
    ...jobLatency(orders, { ...quick, params: { keepEvery: 2 } }),
    check: expectSum(0),
  }
  await expect(measure({ ...bench, contenders: [leaky] })).rejects.toThrow(
    'expected the sum 0, got 50',
  )
})

it('puts the streams of any running job under load', async () => {
  const env = new LocalEnvironment('script', { mode: 'inline' })
  const numbers = env.createStream<number>('numbers')
  const results = numbers.map((n) => ({ seq: n })).output('results')
  const job = await env.submit()
  const measured = await openLoop(streamTarget(numbers, results), {
    ...{ rate: 10_000, duration: '50ms', warmup: 0 },
    record: (i) => i,
  })
  expect(measured).toMatchObject({ name: 'load', sent: 500, count: 500 })
  expect((await job.finished).status).toBe('finished')
})

describe('refuses', () => {
  const option = (message: string) => ({ code: 'SAGE_OPTION', message })

  it('what is no job', async () => {
    await expect(measureLatency({} as never, load as never)).rejects.toMatchObject(
      option('measureLatency: expected a job of defineJob, got {}'),
    )
  })

  it('a bad load before any thread starts', async () => {
    await expect(measureLatency(orders, { ...load, rate: -1 })).rejects.toMatchObject(
      option('load: rate: expected a finite number above 0, got -1'),
    )
  })

  it.each([
    [{ into: 'nambers' }, 'into', "'numbers', 'words'", '"nambers"'],
    [{ into: 'doubles' }, 'into', "'numbers', 'words'", '"doubles"'],
    [{ into: 'numbers', from: 'numbers' }, 'from', "'doubles', 'lengths'", '"numbers"'],
    [{}, 'into', "'numbers', 'words'", 'undefined'],
  ])('streams that are not there, or a choice: %j', async (wrong, where, names, got) => {
    const measuring = measureLatency(twofold, {
      ...{ rate: 1000, duration: '50ms', config: inline, record: (i: number) => i },
      ...(wrong as object),
    })
    const expected = `expected a name that the job's definition returned (${names}), got ${got}`
    await expect(measuring).rejects.toMatchObject(option(`measureLatency: ${where}: ${expected}`))
  })
})

describe('fails', () => {
  it('with the failure of the job', async () => {
    const params = { failAt: 300 }
    const measuring = measureLatency(orders, { ...load, params, config: { parallelism: 2 } })
    await expect(measuring).rejects.toMatchObject({ code: 'SAGE_USER_ERROR', operator: 'map' })
  })

  it('with what the making of a record throws', async () => {
    const record = (i: number) => {
      if (i === 5) throw new RangeError('no five')
      return load.record(i)
    }
    await expect(measureLatency(orders, { ...load, config: inline, record })).rejects.toThrow(
      'no five',
    )
  })

  it('for a record that is none', async () => {
    const record = () => null as never
    await expect(measureLatency(orders, { ...load, config: inline, record })).rejects.toMatchObject(
      {
        code: 'SAGE_NULL_RECORD',
      },
    )
  })
})
