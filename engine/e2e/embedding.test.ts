import { describe, expect, test } from 'vitest'
import { JobEnvironment } from '../api/define-job.ts'
import { submitGraph } from '../api/submit-graph.ts'
import type { EnvironmentConfig, JobStatus, Logger } from '../index.ts'
import { echo, words } from './fixtures/embedding-job.ts'
import { doubling } from './fixtures/lifecycle-job.ts'

const small: EnvironmentConfig = { parallelism: 1, maxThreads: 1, memory: { ringBytes: 4096 } }
const modes = ['threads', 'inline'] as const

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i)

/** Compares in one step what a matcher would walk through element by element. */
const same = (a: readonly unknown[], b: readonly unknown[]) =>
  a.length === b.length && a.every((value, i) => value === b[i])

describe.each(modes)('rings of 4 KiB, %s', (mode) => {
  const config = { ...small, mode }

  test('50,000 pushes in flight, read while they wait: all, in order', async () => {
    const job = await echo.submit({ capacity: 16 }, config)
    const read = job.io.echoed.toArray()
    const pushes = upTo(50_000).map((n) => job.io.records.push(n))
    await Promise.all(pushes)
    await job.stop()
    expect(same(await read, upTo(50_000))).toBe(true)
  })

  test('pushes of several kinds, interleaved, arrive in the order of the calls', async () => {
    const job = await echo.submit({}, config)
    const read = job.io.echoed.toArray()
    const { records } = job.io
    const pushes: Promise<void>[] = []
    let next = 0
    const expected: number[] = []
    while (next < 5_000) {
      const from = next
      const count = (from % 7) + 1
      next += count
      const many = upTo(count).map((n) => from + n)
      expected.push(...many)
      pushes.push(count > 1 ? records.pushMany(many) : records.push(from))
    }
    await Promise.all(pushes)
    await job.stop()
    expect(same(await read, expected)).toBe(true)
  })

  test('a slow reader holds the pushes back, and loses nothing', async () => {
    const job = await echo.submit({ capacity: 1 }, config)
    let accepted = 0
    const pushes = upTo(2_000).map((n) => job.io.records.push(`${n}`).then(() => accepted++))
    const reader = job.io.echoed[Symbol.asyncIterator]()
    expect((await reader.next()).value).toBe('0')
    // Nobody reads: what is accepted finds its bound.
    for (let still = 0, last = -1; still < 50; still = accepted === last ? still + 1 : 0) {
      last = accepted
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(accepted).toBeLessThan(2_000)
    for (let n = 1; n < 2_000; n++) expect((await reader.next()).value).toBe(`${n}`)
    await Promise.all(pushes)
    await job.stop()
  })

  test('an abort while waiting for room gives the place free', async () => {
    const job = await echo.submit({ capacity: 1 }, config)
    const { records, echoed } = job.io
    // Far more than all rings and frames between here and the reader hold.
    const pushes = upTo(1_000).map(() => records.push('x'.repeat(500)))
    const abort = new AbortController()
    const aborted = [1, 2, 3].map((n) => records.push(n, { signal: abort.signal }))
    const last = records.push('last')
    abort.abort(new Error('no time'))
    for (const push of aborted) await expect(push).rejects.toThrow('no time')
    const read = echoed.toArray()
    await Promise.all([...pushes, last])
    await job.stop()
    const all = await read
    expect([all.length, all.at(-1)]).toEqual([1_001, 'last'])
  })

  test('a reader that leaves its loop early: the job goes on, what follows is counted', async () => {
    const job = await words.submit(undefined, config)
    const { said, all, a } = job.io
    const read = a.toArray()
    void said.pushMany(upTo(500).map((n) => `a${n}`))
    for await (const word of all) if (word === 'a99') break
    await said.pushMany(upTo(500).map((n) => `b${n}`))
    const { operators, status } = await job.stop()
    expect(status).toBe('stopped')
    expect((await read).length).toBe(500)
    expect(operators.map(({ name, dropped }) => [name, dropped])).toEqual([
      ['said', 0],
      ['all', 900],
      ['filter', 0],
      ['a', 0],
    ])
  })

  test('an output that nobody reads stalls the job, and is named', async () => {
    const warned = Promise.withResolvers<string>()
    const silent = () => {}
    const logger: Logger = { debug: silent, info: silent, warning: warned.resolve, error: silent }
    const job = await words.submit(undefined, { ...config, logger })
    const read = job.io.all.toArray()
    const numbers = upTo(5_000).map((n) => `a${n}`)
    const pushed = job.io.said.pushMany(numbers)
    expect(await warned.promise).toBe(
      "job 'words': output 'a' is full and nobody reads it: the job waits",
    )
    const late = job.io.a.toArray()
    await pushed
    await job.stop()
    expect(same(await read, numbers)).toBe(true)
    expect(same(await late, numbers)).toBe(true)
  })
})

test('a record of 64 MiB through rings of 4 KiB: in by push, out by an output', async () => {
  const job = await echo.submit({}, small)
  const bytes = new Uint8Array(1 << 26)
  for (let i = 0; i < bytes.length; i += 4093) bytes[i] = i % 253
  const { records, echoed } = job.io
  const pushes = [records.push('before'), records.push(bytes), records.push('behind')]
  const reader = echoed[Symbol.asyncIterator]()
  expect((await reader.next()).value).toBe('before')
  const { value } = await reader.next()
  expect(Buffer.compare(value as Uint8Array, bytes)).toBe(0)
  expect((await reader.next()).value).toBe('behind')
  await Promise.all(pushes)
  await job.stop()
})

describe('a bad record in a push', () => {
  class Money {}

  test('is refused with its place; the job goes on', async () => {
    const job = await echo.submit({}, { ...small, mode: 'inline' })
    const { records, echoed } = job.io
    const refused = expect.objectContaining({
      code: 'SAGE_CODEC_UNSUPPORTED',
      message: expect.stringMatching(/^push to 'records': .*Money/),
      operator: 'records',
    })
    await records.push(1)
    await expect(records.push(new Money())).rejects.toEqual(refused)
    await expect(records.pushMany([2, new Money(), 3])).rejects.toMatchObject({
      message: expect.stringMatching(/^record 1 of 3 pushed to 'records': .*Money/),
    })
    await expect(records.pushMany([4, null])).rejects.toMatchObject({ code: 'SAGE_NULL_RECORD' })
    await expect(records.push(5, { signal: 'now' as never })).rejects.toMatchObject({
      code: 'SAGE_OPTION',
      message: 'push.signal: expected an AbortSignal, got "now"',
    })
    records.end()
    expect(await echoed.toArray()).toEqual([1, 2])
  })
})

test('many jobs at once, of one definition: each gets back its own', async () => {
  const jobs = await Promise.all(
    upTo(8).map((i) =>
      doubling.submit(undefined, { ...small, mode: i % 4 === 0 ? 'threads' : 'inline' }),
    ),
  )
  const results = jobs.map(async (job, i) => {
    const read = job.io.doubles.toArray()
    for (let n = 0; n < 500; n++) await job.io.numbers.push(i * 1_000 + n)
    await job.stop()
    return read
  })
  for (const [i, doubles] of (await Promise.all(results)).entries()) {
    expect(doubles).toEqual(upTo(500).map((n) => (i * 1_000 + n) * 2))
  }
})

describe('status', () => {
  /** A job from the moment of its submission, and what it says of itself. */
  function observed(build: (env: JobEnvironment) => void) {
    const env = new JobEnvironment('observed', { mode: 'inline' })
    build(env)
    const job = submitGraph({
      graph: env.graph,
      services: [],
      config: env.resolved(),
      spec: { form: 'module', url: '', name: 'observed', params: undefined, config: {} },
      io: {},
    })
    const seen: JobStatus[] = [job.status]
    job.on('status', (status) => {
      expect(job.status).toBe(status)
      seen.push(status)
    })
    return { job, seen }
  }

  const forever = (env: JobEnvironment) => void env.fromSource(() => 1).sink(() => {})

  test.each<[JobStatus, (job: ReturnType<typeof observed>['job']) => Promise<unknown>]>([
    ['stopped', (job) => job.stop()],
    ['cancelled', (job) => job.cancel()],
  ])('created, running, %s', async (status, end) => {
    const { job, seen } = observed(forever)
    await job.running
    expect(job.status).toBe('running')
    await end(job)
    await job.finished
    expect(seen).toEqual(['created', 'running', status])
  })

  test('created, running, finished', async () => {
    const { job, seen } = observed((env) => void env.fromCollection([1, 2]).sink(() => {}))
    await job.finished
    expect(seen).toEqual(['created', 'running', 'finished'])
  })

  test('created, running, failed', async () => {
    const { job, seen } = observed((env) => {
      env.fromCollection([1]).sink(() => {
        throw new Error('no')
      })
    })
    await expect(job.finished).rejects.toMatchObject({ code: 'SAGE_USER_ERROR' })
    expect(seen).toEqual(['created', 'running', 'failed'])
  })

  test('a job that cannot start: created, failed', async () => {
    const { job, seen } = observed((env) => {
      const source = { partitions: () => Promise.reject(new Error('no list')), open: () => [] }
      env.fromSource(source as never).sink(() => {})
    })
    await expect(job.running).rejects.toMatchObject({ code: 'SAGE_USER_ERROR' })
    expect(seen).toEqual(['created', 'failed'])
  })
})
