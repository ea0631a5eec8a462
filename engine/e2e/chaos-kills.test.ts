import { beforeEach, describe, expect, it } from 'vitest'
import { exact } from './chaos/exact.ts'
import { killAtFaultPoints, killProcesses } from './chaos/ledger-runs.ts'
import { ownFolder } from './fixtures/own-folder.ts'

let root: string
const seed = Date.now() % 2 ** 31
beforeEach(() => {
  root = ownFolder()
})

describe(`seed ${seed}`, () => {
  it('counts and windows, file to file, killed 20 times at random', async () => {
    // More than are through before the last kill: a job that has ended is hardly worth killing.
    const records = 90_000
    const { kills, report } = await killProcesses({ root, seed }, { kills: 20, records })
    expect(kills).toBe(20)
    expect(report).toEqual(exact(records))
  }, 180_000)

  it('killed before operations of its store', async () => {
    const records = 9_000
    const points = Array.from({ length: 5 }, (_, i) => 1 + 10 * i)
    const { kills, forgotten, report } = await killAtFaultPoints(
      { root, seed },
      { points, records },
    )
    expect([kills, forgotten]).toEqual([points.length, 0])
    expect(report).toEqual(exact(records))
  }, 120_000)
})
