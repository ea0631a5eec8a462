import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EnvironmentConfig } from '../index.ts'
import { runJob } from './chaos/killed.ts'
import { modes, NEVER } from './fixtures/checkpointed.ts'
import { ownFolder } from './fixtures/own-folder.ts'
import { expectedOf, remembered, tallied } from './fixtures/shared-checkpoint-job.ts'
import { silent } from './fixtures/silent.ts'

let dir: string
let burnt: string
beforeEach(() => {
  dir = ownFolder()
  burnt = ownFolder()
})

describe.each(modes)('stores of all threads, %s', (_, settings) => {
  const config = (parallelism: number, more: object = {}): EnvironmentConfig => ({
    ...settings,
    parallelism,
    logger: silent,
    restart: { fixedDelay: { delay: 0, attempts: 10 } },
    checkpoint: { dir, interval: NEVER, ...more },
  })

  it('after failures every record is counted once', async () => {
    const count = 700
    const fuse = { dir: burnt, times: 5, crash: 'throw' } as const
    const { outputs } = await tallied.run({ count, dir, fuse }, config(2, { interval: 3 }))
    expect(outputs.left).toEqual([expectedOf(count)])
    expect(readdirSync(burnt)).toHaveLength(5)
  })

  it('jobs that crash go on from the checkpoints of those before, at any parallelism', async () => {
    const count = 700
    const fuse = { dir: burnt, crash: 'throw' } as const
    for (const [i, parallelism] of [2, 3, 1].entries()) {
      const run = tallied.run({ count, dir, fuse: { ...fuse, times: i + 1 } }, {
        ...config(parallelism, { interval: 3 }),
        restart: 'none',
      } as EnvironmentConfig)
      await expect(run).rejects.toThrow('the crash of the test')
    }
    const { outputs } = await tallied.run({ count, dir, fuse: { ...fuse, times: 0 } }, config(2))
    expect(outputs.left).toEqual([expectedOf(count)])
  })

  it("begin empty with resume: 'never', full with a savepoint", async () => {
    const first = await remembered.submit(undefined, config(2))
    await first.io.words.pushMany(['a', 'b', 'a'])
    await first.stop({ savepoint: join(dir, 'savepoint') })
    const life = async (more: object) => {
      const job = await remembered.submit(undefined, config(3, more))
      await job.io.words.push('a')
      job.io.words.end()
      const counts = await job.io.counts.toArray()
      await job.finished
      return counts
    }
    expect(await life({ resume: join(dir, 'savepoint') })).toEqual([['a', 3]])
    expect(await life({ resume: 'never' })).toEqual([['a', 1]])
    // The newest of the directory is the one of the life before.
    expect(await life({})).toEqual([['a', 2]])
  })

  it('the first use falls into a checkpoint: it is taken anew, and holds it', async () => {
    for (let i = 0; i < 5; i++) {
      const own = join(dir, String(i))
      const job = await remembered.submit(undefined, config(2, { dir: own }))
      const pushed = job.io.words.pushMany(Array.from({ length: 50 }, () => 'a'))
      const [info] = await Promise.all([job.checkpoint(), pushed])
      await job.cancel()
      const again = await remembered.submit(undefined, config(1, { dir: own }))
      await again.io.words.push('a')
      again.io.words.end()
      // What was pushed when the checkpoint was asked for is in it, and in no other place.
      const counts = await again.io.counts.toArray()
      expect([info.id, counts]).toEqual([expect.any(Number), [['a', 51]]])
      await again.finished
    }
  })
})

it('kill -9: every record is counted once', async () => {
  const count = 4_000
  const module = new URL('./fixtures/shared-checkpoint-job.ts', import.meta.url).href
  const fuse = { dir: burnt, times: 0, crash: 'throw' } as const
  const params = { count, dir, fuse }
  for (const [parallelism, checkpoints] of [
    [2, 3],
    [3, 1],
    [1, 2],
  ]) {
    const checkpoint = { dir, interval: 5 }
    const config = { maxThreads: 2, parallelism, restart: 'none', checkpoint } as const
    const job = { module, name: 'tallied', params, config }
    expect((await runJob(job, { checkpoints, delayMs: 0 })).killed).toBe(true)
  }
  const { outputs } = await tallied.run(params, {
    maxThreads: 2,
    parallelism: 2,
    checkpoint: { dir, interval: 50 },
  })
  expect(outputs.left).toEqual([expectedOf(count)])
}, 60_000)
