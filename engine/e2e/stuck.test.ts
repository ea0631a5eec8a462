import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EnvironmentConfig, StreamError } from '../index.ts'
import { threadsOf } from './fixtures/failures-threads.ts'
import { ownFolder } from './fixtures/own-folder.ts'
import { silent } from './fixtures/silent.ts'
import { type Hang, stuck, WORDS } from './fixtures/stuck-job.ts'

let dir: string
beforeEach(() => {
  dir = ownFolder()
})

const config: EnvironmentConfig = {
  maxThreads: 2,
  stuckAfter: '1s',
  logger: silent,
  restart: { fixedDelay: { delay: 0, attempts: 1 } },
}
const params = (at: Hang) => ({ at, mark: join(dir, 'hung') })

describe('user code that does not return', () => {
  it.each<[Hang, string, string | undefined]>([
    ['map', "in operator 'hanging', subtask 0", 'hanging'],
    ['update', "in operator 'hanging', subtask 0", 'hanging'],
    ['promise', 'in open, close, a timer or what follows a promise', undefined],
    ['close', 'in open, close, a timer or what follows a promise', undefined],
    ['service', 'the coordinator: expected', undefined],
  ])('%s: its thread is ended, and the job starts again', async (at, where, operator) => {
    const { value: failures, threads } = await threadsOf(async () => {
      const job = await stuck.submit(params(at), config)
      const failures: StreamError[] = []
      job.on('restart', (error) => failures.push(error))
      const words = await job.io.words.toArray()
      expect(new Set(words)).toEqual(new Set(WORDS))
      expect(await job.finished).toMatchObject({ status: 'finished', restarts: 1 })
      return failures
    })
    expect(failures).toMatchObject([
      { code: 'SAGE_STUCK', operator, message: expect.stringContaining(where) },
    ])
    expect(failures[0].message).toContain('within stuckAfter (1000 ms)')
    expect(threads.filter(({ threadId }) => threadId !== -1)).toEqual([])
  })

  it('without a restart, the job fails with it', async () => {
    const job = await stuck.submit(params('map'), { ...config, restart: 'none' })
    const reading = job.io.words.toArray().catch((error: unknown) => error)
    await expect(job.finished).rejects.toMatchObject({ code: 'SAGE_STUCK', operator: 'hanging' })
    expect(await reading).toMatchObject({ code: 'SAGE_STUCK' })
  })

  it('before the job runs, submit rejects', async () => {
    await expect(stuck.submit(params('open'), config)).rejects.toMatchObject({
      code: 'SAGE_STUCK',
    })
  })
})

it.each([0, -1, '0s', Number.NaN])('refuses stuckAfter: %o', async (stuckAfter) => {
  const refused = stuck.submit(params('map'), { stuckAfter } as EnvironmentConfig)
  await expect(refused).rejects.toMatchObject({
    code: 'SAGE_CONFIG',
    message: expect.stringContaining('stuckAfter'),
  })
})
