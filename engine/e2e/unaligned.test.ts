import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { DirectoryStore } from '../checkpoint/directory-store.ts'
import type { EnvironmentConfig } from '../index.ts'
import { runJob } from './chaos/killed.ts'
import { inFlightIn, modes, NEVER } from './fixtures/checkpointed.ts'
import { ownFolder } from './fixtures/own-folder.ts'
import { silent } from './fixtures/silent.ts'
import { PARTITIONS, pressed, reduced, ruled } from './fixtures/unaligned-job.ts'

let dir: string
beforeEach(() => {
  dir = ownFolder()
})

interface Row {
  readonly key: unknown
  readonly count: number
  readonly sum: number
}

/** Reads an output into an array, to its end. */
async function gather<T>(output: AsyncIterable<T>, into: T[]): Promise<void> {
  for await (const record of output) into.push(record)
}

/** The last count and sum of each key, and what all subtasks have seen. */
function expectWhole(rows: readonly Row[], count: number): void {
  const all = Array.from({ length: count * PARTITIONS.length }, (_, n) => n)
  for (let key = 0; key < 5; key++) {
    const own = all.filter((n) => n % 5 === key)
    const last = rows
      .filter((row) => row.key === key)
      .toSorted((a, b) => a.count - b.count)
      .at(-1)
    const sum = own.reduce((a, b) => a + b, 0)
    expect(last).toEqual({ key, count: own.length, sum })
  }
}

describe.each(modes)('unaligned, %s', (_, mode) => {
  const config = (parallelism: number, more: object = {}): EnvironmentConfig => ({
    ...mode,
    parallelism,
    logger: silent,
    restart: 'none',
    memory: { ringBytes: 8192 },
    checkpoint: { dir, interval: NEVER, mode: 'unaligned', ...more },
  })

  it('a checkpoint holds what waits before a slow operator; jobs go on from it at any parallelism', async () => {
    const count = 1_500
    const rows: Row[] = []
    const seen: number[] = []
    let most = 0
    for (const parallelism of [2, 3, 1, 2]) {
      const job = await pressed.submit({ count, ms: 0.3 }, config(parallelism))
      const reading = [gather(job.io.sums, rows), gather(job.io.seen, seen)]
      const arrived = rows.length
      while (rows.length < arrived + 200) await new Promise((resolve) => setTimeout(resolve, 1))
      await job.checkpoint()
      most = Math.max(most, await inFlightIn(dir))
      await job.cancel()
      await Promise.all(reading)
    }
    expect(most).toBeGreaterThan(100)
    const job = await pressed.submit({ count, ms: 0 }, config(2))
    await Promise.all([gather(job.io.sums, rows), gather(job.io.seen, seen)])
    await job.finished
    expectWhole(rows, count)
    expect(seen).toEqual([count * PARTITIONS.length])
  })

  it('a savepoint holds nothing that is in flight', async () => {
    const count = 300
    const job = await pressed.submit({ count, ms: 0.1 }, config(2))
    const rows: Row[] = []
    const reading = [gather(job.io.sums, rows), gather(job.io.seen, [])]
    await job.stop({ savepoint: join(dir, 'savepoint') })
    await Promise.all(reading)
    const [{ manifest }] = await new DirectoryStore(join(dir, 'savepoint')).list()
    const kinds = manifest!.operators.flatMap(({ states }) => states.map(({ kind }) => kind))
    expect(kinds).not.toContain('in-flight')
    const more = { resume: join(dir, 'savepoint') }
    const again = await pressed.submit({ count, ms: 0 }, config(1, more))
    await Promise.all([gather(again.io.sums, rows), gather(again.io.seen, [])])
    await again.finished
    expectWhole(rows, count)
  })

  it('each subtask goes on with the broadcast state that it had, and the records that it had not', async () => {
    const count = 1_000
    const heard: { subtask: number; rule: number }[] = []
    const job = await ruled.submit({ count, ms: 0.3 }, config(2))
    const reading = gather(job.io.heard, heard)
    while (heard.length < 100) await new Promise((resolve) => setTimeout(resolve, 1))
    await job.checkpoint()
    expect(await inFlightIn(dir)).toBeGreaterThan(10)
    await job.cancel()
    await reading
    const again = await ruled.submit({ count, ms: 0 }, config(2))
    await Promise.all([gather(again.io.heard, heard), again.finished])
    for (const subtask of [0, 1]) {
      const rules = heard.filter((one) => one.subtask === subtask).map(({ rule }) => rule)
      expect(new Set(rules).size).toBe(count)
    }
  })

  it('partial results in flight are merged where they were to be', async () => {
    const count = 3_000
    const life = async (parallelism: number) => {
      const job = await reduced.submit({ count, ms: 0.2 }, config(parallelism))
      const reading = gather(job.io.counts, [])
      await job.checkpoint()
      await job.cancel()
      await reading
    }
    await life(3)
    await life(2)
    const { outputs } = await reduced.run({ count, ms: 0 }, config(2))
    const all = Array.from({ length: count * PARTITIONS.length }, (_, n) => n)
    const sums = [0, 1, 2, 3, 4].map((key) =>
      all.filter((n) => n % 5 === key).reduce((a, b) => a + b),
    )
    expect(outputs.counts.toSorted((a, b) => a - b)).toEqual(sums)
  })
})

it('kill -9, and on at another parallelism: every record counts once', async () => {
  const count = 20_000
  const module = new URL('./fixtures/unaligned-job.ts', import.meta.url).href
  for (const [parallelism, checkpoints] of [
    [2, 3],
    [3, 2],
    [1, 2],
  ]) {
    const config = {
      maxThreads: 2,
      parallelism,
      restart: 'none',
      memory: { ringBytes: 8192 },
      checkpoint: { dir, interval: 20, mode: 'unaligned' },
    } as const
    const job = { module, name: 'pressed', params: { count, ms: 0.2 }, config }
    expect((await runJob(job, { checkpoints, delayMs: 0 })).killed).toBe(true)
  }
  const rows: Row[] = []
  const seen: number[] = []
  const job = await pressed.submit(
    { count, ms: 0 },
    {
      maxThreads: 2,
      parallelism: 2,
      logger: silent,
      checkpoint: { dir, interval: 50, mode: 'unaligned' },
    },
  )
  await Promise.all([gather(job.io.sums, rows), gather(job.io.seen, seen)])
  await job.finished
  expectWhole(rows, count)
  expect(seen).toEqual([count * PARTITIONS.length])
}, 90_000)
