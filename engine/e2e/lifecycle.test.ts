import { expect, test } from 'vitest'
import { type EnvironmentConfig, type JobStatus, LocalEnvironment, type Logger } from '../index.ts'
import { threadsOf } from './fixtures/failures-threads.ts'
import { doubling, endless, slowStart, wide } from './fixtures/lifecycle-job.ts'
import * as script from './fixtures/lifecycle-script.ts'

const small: EnvironmentConfig = { parallelism: 1, maxThreads: 1 }

/** A logger that keeps the lines of one level. */
function listeningLogger(lines: string[]): Logger {
  const silent = () => {}
  return { debug: silent, info: (line) => void lines.push(line), warning: silent, error: silent }
}

test('stop() drains: everything accepted is processed and emitted, and nothing after it', async () => {
  const job = await doubling.submit(undefined, small)
  const { numbers, doubles } = job.io
  const read = doubles.toArray()
  const accepted = Array.from({ length: 5000 }, (_, i) => i)
  const pushed = numbers.pushMany(accepted)
  const [first, second] = [job.stop(), job.stop()]
  await expect(numbers.push(1)).rejects.toMatchObject({ code: 'SAGE_STREAM_ENDED' })
  await pushed
  const result = await first
  expect(result.status).toBe('stopped')
  expect(await second).toBe(result)
  expect(await job.stop()).toBe(result)
  expect(await job.cancel()).toBe(result)
  expect(await job.finished).toBe(result)
  expect(job.status).toBe('stopped')
  expect(await read).toEqual(accepted.map((n) => n * 2))
  expect(
    result.operators.map(({ name, recordsIn, recordsOut }) => [name, recordsIn, recordsOut]),
  ).toEqual([
    ['numbers', 0, 5000],
    ['map', 5000, 5000],
    ['doubles', 5000, 5000],
  ])
})

test.each(['threads', 'inline'] as const)(
  'stop() of an endless source runs its end of input (%s)',
  async (mode) => {
    const lines: string[] = []
    const job = await endless.submit(1, { ...small, mode, logger: listeningLogger(lines) })
    const statuses: JobStatus[] = []
    job.on('status', (status) => statuses.push(status))
    const read = job.io.all.toArray()
    // Something has been counted before it is stopped.
    while (job.metrics()[0].recordsOut === 0) await new Promise(setImmediate)
    const { operators, durationMs } = await job.stop()
    const n = operators[0].recordsOut
    expect(lines).toEqual([`sum ${(n * (n + 1)) / 2}`])
    const all = (await read) as unknown as [number, number][]
    expect(all.reduce((sum, [, part]) => sum + part, 0)).toBe((n * (n + 1)) / 2)
    expect(statuses).toEqual(['stopped'])
    expect(durationMs).toBeGreaterThan(0)
  },
)

test('cancel() ends at once, also twice and behind a stop()', async () => {
  const job = await endless.submit(1, { ...small, mode: 'inline', logLevel: 'ERROR' })
  const [a, b] = await Promise.all([job.cancel(), job.cancel()])
  expect(a).toBe(b)
  expect([a.status, job.status]).toEqual(['cancelled', 'cancelled'])
  expect(await job.stop()).toBe(a)
})

test('stop() while the job starts', async () => {
  const submitted = script.env.submit()
  const closed = script.env.close()
  const job = await submitted
  await closed
  expect((await job.finished).status).toBe('stopped')
  for (const one of await script.ones.toArray()) expect(one).toBe(1)
})

test('cancel() while an operator opens', async () => {
  const gate = new SharedArrayBuffer(8)
  const word = new Int32Array(gate)
  const settled = slowStart.submit(gate, { ...small, mode: 'inline' })
  await Atomics.waitAsync(word, 1, 0).value
  Atomics.store(word, 0, 1)
  Atomics.notify(word, 0)
  const job = await settled
  expect((await job.cancel()).status).toBe('cancelled')
})

test('a disposed job is stopped', async () => {
  const job = await doubling.submit(undefined, small)
  const doubled = job.io.doubles.toArray()
  await job.io.numbers.push(4)
  await job[Symbol.asyncDispose]()
  expect(job.status).toBe('stopped')
  expect(await doubled).toEqual([8])
})

test('a job that has ended by itself is finished, and stays so', async () => {
  const job = await doubling.submit(undefined, { ...small, mode: 'inline' })
  job.io.numbers.end()
  expect(await job.io.doubles.toArray()).toEqual([])
  const result = await job.finished
  expect(result.status).toBe('finished')
  expect(await job.stop()).toBe(result)
  expect(await job.cancel()).toBe(result)
  expect(job.status).toBe('finished')
  await expect(job.io.numbers.push(1)).rejects.toMatchObject({ code: 'SAGE_STREAM_ENDED' })
})

test('several jobs at once, of one definition too', async () => {
  const jobs = await Promise.all([1, 2, 3].map(() => doubling.submit(undefined, small)))
  expect(new Set(jobs.map(({ id }) => id)).size).toBe(3)
  const results = await Promise.all(
    jobs.map(async (job, i) => {
      const read = job.io.doubles.toArray()
      await job.io.numbers.pushMany([i, i + 10])
      await job.stop()
      return read
    }),
  )
  expect(results).toEqual([
    [0, 20],
    [2, 22],
    [4, 24],
  ])
})

test('one failing job leaves its neighbour alone', async () => {
  const [steady, other] = await Promise.all([
    doubling.submit(undefined, small),
    doubling.submit(undefined, small),
  ])
  await other.cancel()
  const read = steady.io.doubles.toArray()
  await steady.io.numbers.push(21)
  expect((await steady.stop()).status).toBe('stopped')
  expect(await read).toEqual([42])
})

const totals = (outputs: { totals: readonly (readonly [number, number])[] }) =>
  [...outputs.totals].sort(([a], [b]) => a - b)

test('many subtasks share one thread, and inline, threads and any parallelism agree', async () => {
  const count = 20_000
  const word = (i: number) => `w${i % 17}`
  const sums = new Map<number, number>()
  for (let i = 0; i < count; i++) {
    const { length } = word(i)
    if (word(i) !== 'w3') sums.set(length, (sums.get(length) ?? 0) + length)
  }
  const expected = [...sums].sort(([a], [b]) => a - b)
  const configs: EnvironmentConfig[] = [
    { parallelism: 6, maxThreads: 1 },
    { parallelism: 3, maxThreads: 2 },
    { parallelism: 4, mode: 'inline' },
    { parallelism: 1, mode: 'inline' },
  ]
  for (const config of configs) {
    const { value, threads } = await threadsOf(() => wide.run(count, config))
    expect(threads.length).toBe(config.mode === 'inline' ? 0 : config.maxThreads! + 1)
    expect(totals(value.outputs as never)).toEqual(expected)
    expect(value.operators.map(({ name, recordsIn }) => [name, recordsIn]).slice(0, 2)).toEqual([
      ['words', 0],
      ['by word', count],
    ])
  }
})

test('a graph is submitted once and not changed afterwards', async () => {
  const env = new LocalEnvironment('once', { ...small, mode: 'inline', signals: false })
  const numbers = env.fromCollection([1, 2, 3])
  const seen = numbers.output('seen')
  const job = await env.submit()
  const submitted = expect.objectContaining({ code: 'SAGE_SUBMITTED' })
  await expect(env.submit()).rejects.toEqual(submitted)
  const changes = [
    () => numbers.map((n) => n),
    () => env.fromCollection([1]),
    () => env.setMemory({ ringBytes: 8192 }),
    () => env.registerService('late', class {}),
    () => env.setConsoleLogLevel('DEBUG'),
    () => numbers.sink(() => {}),
  ]
  for (const change of changes) expect(change).toThrow(submitted)
  expect(await seen.toArray()).toEqual([1, 2, 3])
  await job.finished
  await expect(env.submit()).rejects.toEqual(submitted)
  await env.close()
})

const refused: readonly (readonly [string, unknown, string, RegExp])[] = [
  [
    'parallelism 0',
    { parallelism: 0 },
    'SAGE_PARALLELISM',
    /^parallelism: expected an integer from 1 .*got 0$/,
  ],
  ['parallelism -1', { parallelism: -1 }, 'SAGE_PARALLELISM', /got -1$/],
  ['parallelism 1.5', { parallelism: 1.5 }, 'SAGE_PARALLELISM', /got 1.5$/],
  ["parallelism '2'", { parallelism: '2' }, 'SAGE_PARALLELISM', /got "2"$/],
  ['maxParallelism 0', { maxParallelism: 0 }, 'SAGE_PARALLELISM', /maxParallelism/],
  [
    'an unknown field',
    { paralelism: 2 },
    'SAGE_CONFIG',
    /paralelism.*expected one of parallelism,/,
  ],
  ['an unknown memory field', { memory: { ringbytes: 4096 } }, 'SAGE_CONFIG', /memory\.ringbytes/],
  ['maxThreads 0', { maxThreads: 0 }, 'SAGE_CONFIG', /maxThreads: expected an integer from 1/],
  [
    'a ring of 5000 bytes',
    { memory: { ringBytes: 5000 } },
    'SAGE_CONFIG',
    /ringBytes: expected a power of two, got 5000/,
  ],
  [
    'a ring of 2 KiB',
    { memory: { ringBytes: 2048 } },
    'SAGE_CONFIG',
    /ringBytes: expected an integer from 4096/,
  ],
  [
    'mode',
    { mode: 'process' },
    'SAGE_CONFIG',
    /mode: expected 'threads' or 'inline', got "process"/,
  ],
  ['spin', { spin: '20us' }, 'SAGE_CONFIG', /spin/],
  ['logLevel', { logLevel: 'LOUD' }, 'SAGE_CONFIG', /Invalid log level/],
  ['logger', { logger: { info() {} } }, 'SAGE_CONFIG', /logger: expected an object with debug/],
  ['module', { module: './here.ts' }, 'SAGE_CONFIG', /module: expected a URL/],
  ['errors', { errors: 'ignore' }, 'SAGE_CONFIG', /errors/],
  ['strict', { strict: 1 }, 'SAGE_CONFIG', /strict: expected true or false, got 1/],
  ['signals', { signals: 'no' }, 'SAGE_CONFIG', /signals: expected true or false/],
  ['workerHeapMb', { memory: { workerHeapMb: 0 } }, 'SAGE_CONFIG', /workerHeapMb/],
  ['sharedBytes', { memory: { sharedBytes: -5 } }, 'SAGE_CONFIG', /sharedBytes/],
  ['a clock in threads mode', { clock: { now: () => 0 } }, 'SAGE_CONFIG', /clock/],
  ['an array', [], 'SAGE_CONFIG', /config: expected an object/],
]

test.each(refused)('configuration: %s is refused', async (_, config, code, message) => {
  const refusal = expect.objectContaining({ code, message: expect.stringMatching(message) })
  expect(() => new LocalEnvironment('bad', config as EnvironmentConfig)).toThrow(refusal)
  await expect(doubling.submit(undefined, config as EnvironmentConfig)).rejects.toEqual(refusal)
})

test('rings that do not fit into totalRingBytes: SAGE_MEMORY before any thread starts', async () => {
  const config = { parallelism: 8, memory: { ringBytes: 65_536, totalRingBytes: 131_072 } }
  const { value, threads } = await threadsOf(() =>
    wide.run(10, config).catch((error: unknown) => error),
  )
  expect(value).toMatchObject({ code: 'SAGE_MEMORY' })
  expect((value as Error).message).toMatch(
    /^memory\.totalRingBytes: expected at least .*got 131072; /,
  )
  expect(threads).toEqual([])
})
