import { describe, expect, it } from 'vitest'
import type { EnvironmentConfig, ErrorPolicy } from '../index.ts'
import { ManualClock, settled } from '../testing/index.ts'
import { type Failing, failing, refused, timed } from './fixtures/stateful-job.ts'

const inline: EnvironmentConfig = { mode: 'inline', parallelism: 1 }

/** What a job of failing logics has emitted when its clock has gone on and its input has ended. */
async function run(errors: ErrorPolicy, records: Failing[], config: EnvironmentConfig) {
  const clock = new ManualClock(0)
  const job = await failing.submit({ errors }, { ...config, clock })
  const reading = Promise.all([job.io.sums.toArray(), job.io.dead.toArray()])
  reading.catch(() => {})
  await job.io.batches.push(records)
  await settled(job)
  clock.advance(100)
  await settled(job)
  const { operators } = await job.stop()
  const [sums, dead] = await reading
  const { errors: failed, retries } = operators.find(({ name }) => name === 'sums')!
  return { sums: sums.toSorted(), dead, failed, retries }
}

const records = (throws?: string, times?: number): Failing[] => [
  { key: 'a', value: 1 },
  { key: 'b', value: 1 },
  { key: 'b', value: 2, ...(throws && { throws }), ...(times && { times }) },
  { key: 'b', value: 3 },
  { key: 'c', value: 1 },
]
const whole = [
  ...['a 1', 'a notified', 'a eof'],
  ...['b 1', 'b 3', 'b 6', 'b notified', 'b eof'],
  ...['c 1', 'c notified', 'c eof'],
].toSorted()
const without = (...missing: string[]) => whole.filter((line) => !missing.includes(line))

describe('a logic that throws', () => {
  it.each<[string, string[], number]>([
    // The second record of b, and those behind it.
    ['onItem', without('b 3', 'b 6'), 2],
    ['onNotify', without('b notified'), 1],
    ['onEof', without('b eof'), 1],
    ['notifyAt', without('b notified'), 1],
    // At the end of both activations that leave it there.
    ['snapshot', whole, 2],
  ])('in %s under skip: its step is left out', async (method, expected, failures) => {
    const { sums, failed } = await run('skip', records(method), inline)
    expect([sums, failed]).toEqual([expected, failures])
  })

  it.each(['onItem', 'onNotify', 'onEof', 'notifyAt', 'snapshot'])(
    'in %s under retry: it is called again',
    async (method) => {
      const retried = await run({ retry: 2, then: 'fail' }, records(method, 2), inline)
      expect(retried).toEqual({ sums: whole, dead: [], failed: 0, retries: 2 })
    },
  )

  it.each(['onItem', 'onNotify', 'onEof', 'notifyAt', 'snapshot'])(
    'in %s fails the job',
    async (method) => {
      await expect(run('fail', records(method), inline)).rejects.toMatchObject({
        code: 'SAGE_USER_ERROR',
        operator: 'sums',
        message: expect.stringContaining(`Error: ${method} of b`),
      })
    },
  )
})

describe.each([
  ['inline', inline],
  ['threads', { parallelism: 3, maxThreads: 2 }],
] satisfies [string, EnvironmentConfig][])('%s', (_, config) => {
  it('a retry after a backoff keeps the order of its key', async () => {
    const policy: ErrorPolicy = { retry: 2, backoff: 1, then: 'fail' }
    expect(await run(policy, records('onItem', 2), config)).toEqual({
      sums: whole,
      dead: [],
      failed: 0,
      retries: 2,
    })
    const late = await run(policy, records('onNotify', 2), config)
    expect(late).toEqual({ sums: whole, dead: [], failed: 0, retries: 2 })
  })

  it('dead letters are the records themselves', async () => {
    const value = { key: 'unbuildable', value: 9 }
    const { sums, dead } = await run({ deadLetter: true }, [...records(), value], config)
    const letter = { key: 'unbuildable', operator: 'sums', attempts: 1, code: 'SAGE_USER_ERROR' }
    expect([sums, dead]).toEqual([whole, [{ value, ...letter }]])
  })

  it('what becomes of records is not behind the watermark that they have brought', async () => {
    const times = Array.from({ length: 200 }, (_, i) => 1000 + i * 3 - (i % 4))
    const { outputs } = await timed.run(times, config)
    expect(outputs.spans.filter(([last, at, onTime]: any[]) => last !== at || !onTime)).toEqual([])
    expect(outputs.spans.length).toBeGreaterThan(1)
  })
})

it.each([
  ['null key', 'SAGE_KEY', 'got null'],
  ['state that is no data', 'SAGE_CODEC_UNSUPPORTED', 'function'],
  ['an accumulator that is no data', 'SAGE_CODEC_UNSUPPORTED', 'URL'],
  ['no logic', 'SAGE_OPTION', 'expected the builder to return a StatefulLogic'],
  ['an asynchronous mapper', 'SAGE_PROMISE', 'statefulMap'],
])('refuses %s: %s', async (what, code, message) => {
  await expect(refused.run(what, { mode: 'inline' })).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  })
})
