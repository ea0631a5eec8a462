import { beforeEach, describe, expect, it } from 'vitest'
import { exact } from './chaos/exact.ts'
import { terminateThreads, throwFaults, troubleDisk } from './chaos/ledger-runs.ts'
import { ownFolder } from './fixtures/own-folder.ts'

let root: string
const seed = Date.now() % 2 ** 31
beforeEach(() => {
  root = ownFolder()
})

describe(`seed ${seed}`, () => {
  it('map, snapshot, restore and close fail', async () => {
    const parallelism = 2
    const records = 60_000
    const order = ['snapshot', 'map', 'restore', 'snapshot', 'map', 'restore', 'close'] as const
    const { failures, refused, checkpoints, report } = await throwFaults(
      { root, seed },
      { parallelism, records, order },
    )
    const told = (where: string) => expect.stringContaining(`the fault of the test in ${where}`)
    expect(failures).toEqual(['map', 'restore', 'map', 'restore', 'close'].map(told))
    expect(refused.filter((line) => !line.includes('snapshot'))).toEqual([])
    expect(refused).toHaveLength(2)
    expect(checkpoints).toBeGreaterThanOrEqual(8)
    expect(report).toEqual(exact(records))
  }, 120_000)

  it('threads terminated at random, 10 times: the job starts again, and nothing is left of them', async () => {
    const records = 6_000
    const run = await terminateThreads({ root, seed }, { times: 10, records })
    expect(run.restarts).toBe(10)
    expect(run.after).toEqual(run.before)
    expect(run.report).toEqual(exact(records))
  }, 120_000)

  it('the disk is full, read-only, broken, slow: the job goes on, and its checkpoints when it can', async () => {
    const records = 60_000
    const { troubled, restarts, report } = await troubleDisk({ root, seed }, records)
    const went = { wentOn: true, recovered: true }
    expect(troubled).toMatchObject([
      { trouble: 'ENOSPC', code: 'ENOSPC', ...went },
      { trouble: 'EROFS', code: 'EROFS', ...went },
      { trouble: 'EIO', code: 'EIO', ...went },
      { trouble: 'slow', code: undefined, ...went },
    ])
    expect(troubled[3].durationMs).toBeGreaterThan(2_000)
    expect(restarts).toBe(0)
    expect(report).toEqual(exact(records))
  }, 120_000)
})
