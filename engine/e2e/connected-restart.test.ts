import { readdirSync } from 'node:fs'
import { beforeEach, expect, it } from 'vitest'
import type { EnvironmentConfig } from '../index.ts'
import { settled } from '../testing/index.ts'
import { connected, limited } from './fixtures/connected-restart-job.ts'
import { ownFolder } from './fixtures/own-folder.ts'
import { silent } from './fixtures/silent.ts'

let dir: string
let burnt: string
beforeEach(() => {
  dir = ownFolder()
  burnt = ownFolder()
})

const COUNT = 400

const modes: [string, EnvironmentConfig][] = [
  ['inline', { mode: 'inline', parallelism: 3 }],
  ['threads', { maxThreads: 2, parallelism: 2 }],
]

it.each(modes)(
  'process, join, window and synchronize go on from checkpoints after each crash, %s',
  async (_, config) => {
    const params = { count: COUNT, at: [], fuse: { dir: burnt, times: 0, crash: 'throw' } } as const
    const whole = await connected.run(params, { mode: 'inline', parallelism: 2 })
    expect(whole.outputs.pairs).toHaveLength(2 * COUNT)
    // Odd ones are 7 ms apart, and match nobody within 5.
    expect(whole.outputs.rows).toHaveLength(3 * COUNT)
    // Counted in shared state, exactly once.
    expect(whole.outputs.batches).toContain(`${4 * COUNT} records`)
    const run = await connected.run(
      { ...params, at: [60, 150, 290] },
      {
        ...config,
        logger: silent,
        restart: { fixedDelay: { delay: 0, attempts: 5 } },
        checkpoint: { dir, interval: 5 },
      },
    )
    expect([run.status, readdirSync(burnt).length]).toEqual(['finished', 3])
    expect(run.restarts).toBeGreaterThanOrEqual(1)
    // An output is at-least-once; what comes out is the same.
    for (const name of ['pairs', 'rows', 'windows', 'batches'] as const) {
      expect([...new Set(run.outputs[name])].sort()).toEqual(whole.outputs[name].toSorted())
    }
  },
)

it.each(modes)(
  'an error threshold remembers what it counted before a crash, %s',
  async (_, config) => {
    const job = await limited.submit(
      { dir: burnt, times: 1, crash: 'throw' },
      {
        ...config,
        logger: silent,
        restart: { fixedDelay: { delay: 0, attempts: 5 } },
        checkpoint: { dir, interval: Number.POSITIVE_INFINITY },
      },
    )
    const { left, right, words } = job.io
    const reading = words.toArray().catch((error: unknown) => error)
    const again = new Promise<void>((resolve) =>
      job.on('status', (status) => status === 'running' && resolve()),
    )
    await left.push('bad')
    await right.push('bad')
    await settled(job)
    await job.checkpoint()
    await left.push('crash')
    await again
    await left.push('bad')
    await right.push('good')
    await settled(job)
    expect(job.status).toBe('running')
    await right.push('bad')
    await expect(job.finished).rejects.toMatchObject({
      code: 'SAGE_ERROR_THRESHOLD',
      operator: 'words',
      message: expect.stringContaining('at most 3 errors within 3600000 ms, got one more'),
    })
    expect(job.status).toBe('failed')
    await reading
  },
)
