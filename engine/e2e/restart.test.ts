import { readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EnvironmentConfig, JobHandle, JobStatus, StreamError } from '../index.ts'
import { settled } from '../testing/index.ts'
import { modes, NEVER } from './fixtures/checkpointed.ts'
import { threadsOf } from './fixtures/failures-threads.ts'
import { ownFolder } from './fixtures/own-folder.ts'
import { type Crash, counted, pushed } from './fixtures/restart-job.ts'
import { silent } from './fixtures/silent.ts'

let dir: string
let burnt: string
beforeEach(() => {
  dir = ownFolder()
  burnt = ownFolder()
})

const atOnce = (attempts: number) => ({ fixedDelay: { delay: 0, attempts } })
const fuse = (times: number, crash: Crash = 'throw') => ({ dir: burnt, times, crash })

/** What a job tells while it lives, in order. */
function heard(job: JobHandle<any>): string[] {
  const events: string[] = []
  job.on('status', (status) => events.push(status))
  job.on('restart', ({ code }) => events.push(code))
  return events
}

/** All counts of the keys of `counted`. */
const all = (count: number) =>
  Array.from({ length: 5 }, (_, k) =>
    Array.from({ length: (2 * count) / 5 }, (_, n) => `k${k} ${n + 1}`),
  )
    .flat()
    .sort()

describe.each(modes)('%s', (_, settings) => {
  const config = (more: EnvironmentConfig = {}): EnvironmentConfig => ({
    ...settings,
    parallelism: 2,
    logger: silent,
    restart: atOnce(5),
    checkpoint: { dir, interval: NEVER },
    ...more,
  })

  it('goes on from its last checkpoint after each failure: nothing lost, nothing counted twice', async () => {
    const count = 1_000
    const job = await counted.submit(
      { count, at: ['k3', 250], fuse: fuse(3) },
      config({ checkpoint: { dir, interval: 5 } }),
    )
    const events = heard(job)
    const rows = await job.io.counts.toArray()
    const result = await job.finished
    expect([...new Set(rows.map(([key, n]) => `${key} ${n}`))].sort()).toEqual(all(count))
    expect([result.status, result.restarts]).toEqual(['finished', 3])
    const again = ['restarting', 'SAGE_USER_ERROR', 'running']
    expect(events).toEqual([...again, ...again, ...again, 'finished'])
    expect(readdirSync(burnt)).toHaveLength(3)
  })

  it('without checkpoints, from the beginning', async () => {
    const { restarts, outputs } = await counted.run({ count: 50, at: ['k0', 20], fuse: fuse(2) }, {
      ...config(),
      checkpoint: undefined,
    } as EnvironmentConfig)
    expect(restarts).toBe(2)
    expect([...new Set(outputs.counts.map(([key, n]) => `${key} ${n}`))].sort()).toEqual(all(50))
  })

  it('fails with the last cause when its attempts are spent; completed checkpoints bring them back', async () => {
    const job = await pushed.submit({ fuse: fuse(100) }, config({ restart: atOnce(2) }))
    const events = heard(job)
    const reading = job.io.counts.toArray().catch((error: unknown) => error)
    const running = () => new Promise<void>((resolve) => heardOnce(job, 'running', resolve))
    for (let i = 0; i < 2; i++) {
      const next = running()
      await job.io.words.push('crash')
      await next
    }
    await job.checkpoint()
    for (let i = 0; i < 2; i++) {
      const next = running()
      await job.io.words.push('crash')
      await next
    }
    await job.io.words.push('crash')
    const error: StreamError = await job.finished.then(
      () => undefined as never,
      (e) => e,
    )
    expect([error.code, (error.cause as Error).message]).toEqual([
      'SAGE_USER_ERROR',
      'the crash of the test',
    ])
    expect(await reading).toBe(error)
    expect(events.filter((event) => event === 'restarting')).toHaveLength(4)
    expect(events.at(-1)).toBe('failed')
    await expect(job.io.words.push('late')).rejects.toBe(error)
  })

  it('a pushed record is kept by a checkpoint, or lost and counted; what waits for room goes on waiting', async () => {
    const job = await pushed.submit({ fuse: fuse(1) }, config())
    const { words, counts } = job.io
    const reader = counts[Symbol.asyncIterator]()
    await words.pushMany(['a', 'a', 'b'])
    await settled(job)
    await job.checkpoint()
    await words.push('a')
    await settled(job)
    expect(
      [await reader.next(), await reader.next(), await reader.next(), await reader.next()].map(
        ({ value }) => value,
      ),
    ).toHaveLength(4)
    const restarting = new Promise<StreamError>((resolve) => job.on('restart', resolve))
    const asked = words
      .ask('crash', { reply: counts, timeout: '1h' })
      .catch((error: unknown) => error)
    const error = await restarting
    // Its records found no life of the job to take them.
    expect([job.status, words.tryPush('x')]).toEqual(['restarting', false])
    const waiting = words.pushMany(['a', 'b'])
    const question = words.ask('c', { reply: counts, timeout: '1h' })
    expect(await asked).toBe(error)
    await waiting
    expect(await question).toEqual(['c', 1])
    const more = [await reader.next(), await reader.next()].map(({ value }) => value)
    // The third 'a' is counted again: the one before was lost.
    expect(more.sort()).toEqual([
      ['a', 3],
      ['b', 2],
    ])
    const of = (name: string) => job.metrics().find((one) => one.name === name)!
    expect([of('words').dropped, of('counts').dropped]).toEqual([2, 0])
    words.end()
    const result = await job.finished
    expect([result.status, result.restarts]).toEqual(['finished', 1])
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })

  it('with replay what no checkpoint holds is fed again, in its order: nothing lost, nothing counted twice', async () => {
    const job = await pushed.submit(
      { fuse: fuse(4), replay: true },
      config({ checkpoint: { dir, interval: 5 } }),
    )
    const { words, counts } = job.io
    const reading = counts.toArray()
    for (let i = 0; i < 1_000; i++) {
      await words.push(`k${i % 7}`)
      if (i % 230 === 229) await words.push('crash')
    }
    words.end()
    const rows = await reading
    const { restarts } = await job.finished
    expect(restarts).toBe(4)
    const per = (key: string) => new Set(rows.filter(([of]) => of === key).map(([, n]) => n))
    const upTo = (n: number) => new Set(Array.from({ length: n }, (_, i) => i + 1))
    for (let k = 0; k < 7; k++) expect(per(`k${k}`)).toEqual(upTo(Math.ceil((1_000 - k) / 7)))
    expect(per('crash')).toEqual(upTo(4))
    expect(job.metrics().find(({ name }) => name === 'words')!.dropped).toBe(0)
  })

  it('with replay an ask in flight rejects; its record is fed again, for nobody', async () => {
    const job = await pushed.submit({ fuse: fuse(1), replay: true }, config())
    const { words, counts } = job.io
    const reader = counts[Symbol.asyncIterator]()
    await words.push('a')
    await settled(job)
    await job.checkpoint()
    await words.push('a')
    const asked = words.ask('crash', { reply: counts, timeout: '1h' })
    await expect(asked).rejects.toMatchObject({ code: 'SAGE_USER_ERROR' })
    expect(await words.ask('crash', { reply: counts, timeout: '1h' })).toEqual(['crash', 2])
    await words.push('a')
    words.end()
    const rows: unknown[] = []
    for (let next = await reader.next(); next.done !== true; next = await reader.next())
      rows.push(next.value)
    await job.finished
    expect(rows.at(-1)).toEqual(['a', 3])
    expect(rows.filter(([word]: any) => word === 'crash')).toEqual([])
    const of = (name: string) => job.metrics().find((one) => one.name === name)!
    expect([of('words').dropped, of('counts').dropped]).toEqual([0, 1])
  })

  it.each(['stop', 'cancel'] as const)('%s() during the delay ends it', async (call) => {
    const job = await pushed.submit(
      { fuse: fuse(1) },
      config({ restart: { fixedDelay: { delay: '1h', attempts: 1 } } }),
    )
    const events = heard(job)
    const restarting = new Promise((resolve) => job.on('restart', resolve))
    await job.io.words.push('crash')
    await restarting
    const waiting = job.io.words.push('a').catch((error: unknown) => error)
    const result = await job[call]()
    const status = call === 'stop' ? 'stopped' : 'cancelled'
    expect([result.status, result.restarts, job.status]).toEqual([status, 1, status])
    expect(await waiting).toMatchObject({ code: 'SAGE_STREAM_ENDED' })
    expect(events).toEqual(['restarting', 'SAGE_USER_ERROR', status])
    expect(await job.io.counts.toArray()).toEqual([])
  })

  it('checkpoint() of a life that fails rejects with the failure, when the job starts again', async () => {
    const job = await pushed.submit({ fuse: fuse(1) }, config())
    await job.io.words.push('crash')
    const answers: string[] = []
    // In vain until the life is over: a loop like this must not keep it from ending.
    while (answers.at(-1) !== 'taken')
      answers.push(
        await job.checkpoint().then(
          () => 'taken',
          (error: StreamError) => error.code,
        ),
      )
    expect(answers).toEqual(['SAGE_USER_ERROR', 'taken'])
    await job.cancel()
    await expect(job.checkpoint()).rejects.toMatchObject({ code: 'SAGE_CANCELLED' })
  })

  it('checkpoint() and stop({ savepoint }) wait for the next life', async () => {
    const job = await pushed.submit({ fuse: fuse(2) }, config())
    for (const call of [
      () => job.checkpoint(),
      () => job.stop({ savepoint: join(dir, 'savepoint') }),
    ]) {
      const restarting = new Promise((resolve) => job.on('restart', resolve))
      await job.io.words.push('crash')
      await restarting
      await call()
    }
    const result = await job.finished
    expect([result.status, result.restarts]).toEqual(['stopped', 2])
  })

  it('checkpoint() waits for the next life that runs, though one fails before that', async () => {
    const shut = join(ownFolder(), 'shut')
    const job = await pushed.submit({ fuse: fuse(1), shut }, config())
    const events = heard(job)
    const restarting = new Promise((resolve) => job.on('restart', resolve))
    writeFileSync(shut, '')
    await job.io.words.push('crash')
    await restarting
    const { id } = await job.checkpoint()
    expect(id).toBe(1)
    const again = ['restarting', 'SAGE_USER_ERROR']
    expect(events).toEqual([...again, ...again, 'running'])
    await job.cancel()
  })

  it.each(['damaged', 'removed'])(
    'never goes on from a checkpoint that another run has left, nor from nothing: its own is %s',
    async (how) => {
      const before = await pushed.submit({ fuse: fuse(0) }, config())
      await before.io.words.pushMany(['a', 'a'])
      await before.checkpoint()
      await before.cancel()
      const job = await pushed.submit(
        { fuse: fuse(1) },
        config({ checkpoint: { dir, interval: NEVER, resume: 'never' } }),
      )
      await job.io.words.push('a')
      const own = await job.checkpoint()
      if (how === 'damaged') truncateSync(own.path, 20)
      else rmSync(own.path)
      await job.io.words.push('crash')
      job.io.words.end()
      await expect(job.finished).rejects.toMatchObject({
        code: 'SAGE_CHECKPOINT_CORRUPT',
        message: expect.stringContaining(how === 'damaged' ? 'checkpoint 2 (' : 'got none'),
      })
    },
  )

  it('a job that has never run is not started again', async () => {
    await expect(
      counted.submit(
        { count: 5, at: ['k0', 1], fuse: fuse(0) },
        config({ checkpoint: { dir: '/dev/null/x' } }),
      ),
    ).rejects.toMatchObject({ code: 'SAGE_FILE' })
  })
})

/** Calls back at the next change to `wanted`. */
function heardOnce(job: JobHandle<any>, wanted: JobStatus, then: () => void): void {
  let over = false
  job.on('status', (status) => {
    if (over || status !== wanted) return
    over = true
    then()
  })
}

describe('threads', () => {
  let inThreads: EnvironmentConfig
  beforeEach(() => {
    const checkpoint = { dir, interval: NEVER }
    inThreads = { maxThreads: 2, parallelism: 2, logger: silent, restart: atOnce(20), checkpoint }
  })

  it.each<[Crash, string]>([
    ['exit', 'SAGE_WORKER_EXIT'],
    ['rejection', 'SAGE_UNHANDLED_REJECTION'],
  ])('%s in user code', async (crash, code) => {
    const job = await counted.submit(
      { count: 200, at: ['k1', 60], fuse: fuse(2, crash) },
      { ...inThreads, checkpoint: { dir, interval: 5 } },
    )
    const events = heard(job)
    const rows = await job.io.counts.toArray()
    const { restarts } = await job.finished
    expect([...new Set(rows.map(([key, n]) => `${key} ${n}`))].sort()).toEqual(all(200))
    expect(restarts).toBe(2)
    expect(events.filter((event) => event.startsWith('SAGE_'))).toEqual([code, code])
  })

  it('with replay, what a checkpoint holds of which nobody could tell is not fed again', async () => {
    const dies = { behind: 2, mark: join(burnt, 'coordinator') }
    const job = await pushed.submit({ fuse: fuse(0), replay: true, dies }, inThreads)
    const { words, counts } = job.io
    const reading = counts.toArray()
    await words.pushMany(['a', 'b', 'a'])
    await job.checkpoint()
    await words.pushMany(['a', 'b', 'c'])
    await expect(job.checkpoint()).rejects.toMatchObject({ code: 'SAGE_WORKER_EXIT' })
    await words.pushMany(['a', 'c'])
    words.end()
    const rows = await reading
    expect(await job.finished).toMatchObject({ status: 'finished', restarts: 1 })
    const last = (key: string) => Math.max(...rows.flatMap(([of, n]) => (of === key ? [n] : [])))
    expect(['a', 'b', 'c'].map(last)).toEqual([4, 2, 2])
  })

  it('with replay, what waits for the next life and the end are taken, though nothing is fed again', async () => {
    const settings = { ...inThreads, maxThreads: 1 }
    const { value: job } = await threadsOf(async (threads) => {
      const job = await pushed.submit({ fuse: fuse(0), replay: true }, settings)
      await job.io.words.push('a')
      await job.checkpoint()
      const restarting = new Promise((resolve) => job.on('restart', resolve))
      await threads[0].terminate()
      await restarting
      return job
    })
    const waiting = job.io.words.push('b')
    job.io.words.end()
    await waiting
    expect(await job.io.counts.toArray()).toEqual([
      ['a', 1],
      ['b', 1],
    ])
    expect(await job.finished).toMatchObject({ status: 'finished', restarts: 1 })
  })

  it.each([
    ['a worker', 0],
    ['the coordinator', 1],
  ])(
    '%s that is terminated from outside, again and again: no thread is left',
    async (_, victim) => {
      const lives = 4
      const { value: job, threads } = await threadsOf(async (threads) => {
        const job = await pushed.submit({ fuse: fuse(0) }, { ...inThreads, maxThreads: 1 })
        for (let life = 0; life < lives; life++) {
          await job.io.words.push('a')
          await job.checkpoint()
          const next = new Promise<void>((resolve) => heardOnce(job, 'running', resolve))
          // Those of earlier lives have no id any more.
          await threads.filter(({ threadId }) => threadId !== -1)[victim].terminate()
          await next
        }
        return job
      })
      await job.io.words.push('a')
      job.io.words.end()
      const rows = await job.io.counts.toArray()
      const { restarts } = await job.finished
      expect(restarts).toBe(lives)
      expect(rows.at(-1)).toEqual(['a', lives + 1])
      expect(threads.filter(({ threadId }) => threadId !== -1)).toEqual([])
    },
  )

  it('a coordinator that is terminated, and not started again, leaves no lock behind', async () => {
    const settings: EnvironmentConfig = { ...inThreads, maxThreads: 1, restart: 'none' }
    await threadsOf(async (threads) => {
      const job = await pushed.submit({ fuse: fuse(0) }, settings)
      await job.checkpoint()
      await threads[1].terminate()
      await expect(job.finished).rejects.toMatchObject({ code: 'SAGE_WORKER_EXIT' })
    })
    expect(readdirSync(dir)).not.toContainEqual(expect.stringMatching('lock'))
    const next = await pushed.submit({ fuse: fuse(0) }, settings)
    await next.cancel()
  })
})

it.each([
  ['always', 'restart'],
  [{}, 'restart'],
  [{ often: {} }, 'restart'],
  [{ fixedDelay: { delay: 0, attempts: 1 }, exponential: {} }, 'restart'],
  [{ fixedDelay: null }, 'restart.fixedDelay'],
  [{ fixedDelay: { attempts: 1 } }, 'restart.fixedDelay.delay'],
  [{ fixedDelay: { delay: 0 } }, 'restart.fixedDelay.attempts'],
  [{ fixedDelay: { delay: NEVER, attempts: 1 } }, 'restart.fixedDelay.delay'],
  [{ exponential: { initial: 0 } }, 'restart.exponential.initial'],
  [{ exponential: { max: '1ms' } }, 'restart.exponential.max'],
  [{ exponential: { factor: 0.5 } }, 'restart.exponential.factor'],
  [{ exponential: { attempts: 0 } }, 'restart.exponential.attempts'],
  [{ exponential: { tries: 1 } }, 'restart.exponential.tries'],
  [{ failureRate: { failures: 0, interval: '1m', delay: 0 } }, 'restart.failureRate.failures'],
  [{ failureRate: { failures: 1, interval: 0, delay: 0 } }, 'restart.failureRate.interval'],
])('refuses %o', async (restart, field) => {
  const refused = pushed.submit({ fuse: fuse(0) }, { mode: 'inline', restart } as any)
  await expect(refused).rejects.toMatchObject({
    code: 'SAGE_CONFIG',
    message: expect.stringContaining(`${field}: expected`),
  })
})
