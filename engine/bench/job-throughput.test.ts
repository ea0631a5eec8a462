import { expect, it } from 'vitest'
import { counting, nothing, orders, twofold } from './fixtures/measured-jobs.ts'
import { jobThroughput, measureThroughput } from './job-throughput.ts'

const inline = { mode: 'inline' } as const
const record = (i: number) => ({ id: i, user: `user-${i % 10}` })

it('counts what is pushed, and checks every run, on threads', async () => {
  const runs: number[] = []
  const told: string[] = []
  const result = await measureThroughput(orders, {
    config: { parallelism: 2 },
    push: { count: 3000, record },
    check: ({ results }, { status }) => {
      expect(status).toBe('finished')
      expect(results.map(({ id }) => id).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 3000 }, (_, i) => i),
      )
      runs.push(results.length)
    },
    rounds: 2,
    onProgress: ({ done, total }) => told.push(`${done}/${total}`),
  })
  expect(runs).toEqual([3000, 3000, 3000])
  expect(told).toEqual(['0/3', '1/3', '2/3', '3/3'])
  expect(result).toMatchObject({
    bench: 'throughput',
    name: 'orders',
    unit: 'records/s',
    better: 'more',
  })
  expect(result.value).toBeGreaterThan(0)
})

it('counts what the sources read', async () => {
  const contender = jobThroughput(counting, { params: 1000, config: inline, name: 'sums' })
  expect(contender.name).toBe('sums')
  expect(await contender.run()).toMatchObject({ operations: 1000 })
})

it('counts what it is told', async () => {
  const contender = jobThroughput(counting, { params: 10, config: inline, records: 7 })
  expect(await contender.run()).toMatchObject({ operations: 7 })
})

it('pushes into the stream that is named; the others end', async () => {
  const contender = jobThroughput(twofold, {
    config: inline,
    push: { into: 'words', count: 5, record: (i) => 'x'.repeat(i) },
    check: ({ lengths, doubles }) => {
      expect(lengths).toEqual([0, 1, 2, 3, 4].map((seq) => ({ seq })))
      expect(doubles).toEqual([])
    },
  })
  expect(await contender.run()).toMatchObject({ operations: 5 })
})

it('fails with the check, and with the job', async () => {
  const wrong = measureThroughput(counting, {
    params: 10,
    config: inline,
    check: () => {
      throw new Error('not what it should be')
    },
  })
  await expect(wrong).rejects.toThrow('not what it should be')
  const failing = measureThroughput(orders, {
    config: inline,
    params: { failAt: 10 },
    push: { count: 5000, record },
  })
  await expect(failing).rejects.toMatchObject({ code: 'SAGE_USER_ERROR' })
})

it.each([
  [
    { push: { count: 0, record } },
    'throughput: push.count: expected a whole number from 1 on, got 0',
  ],
  [
    { push: { count: 1, record: 1 } },
    'throughput: push.record: expected a function that makes record i, got 1',
  ],
  [{ records: -1 }, 'throughput: records: expected a whole number from 1 on, got -1'],
  [
    { check: true },
    'throughput: check: expected a function that throws for a wrong result, got true',
  ],
])('refuses %j', (wrong, message) => {
  expect(() => jobThroughput(orders, wrong as never)).toThrow(
    expect.objectContaining({ code: 'SAGE_OPTION', message }),
  )
})

it('refuses a stream that is not there, and a job that reads nothing', async () => {
  const misnamed = jobThroughput(twofold, {
    config: inline,
    push: { count: 1, into: 'doubles' as never, record: (i) => i as never },
  })
  await expect(misnamed.run()).rejects.toMatchObject({
    code: 'SAGE_OPTION',
    message: `throughput: push.into: expected a name that the job's definition returned ('numbers', 'words'), got "doubles"`,
  })
  await expect(jobThroughput(nothing, { config: inline }).run()).rejects.toMatchObject({
    code: 'SAGE_OPTION',
    message:
      'throughput: records: expected a job whose sources read records, or their number, got 0',
  })
})
