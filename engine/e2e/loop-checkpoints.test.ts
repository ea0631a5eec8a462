import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EnvironmentConfig } from '../index.ts'
import { inFlightIn, modes, NEVER } from './fixtures/checkpointed.ts'
import { laps, PARTITIONS } from './fixtures/loop-checkpoint-job.ts'
import { endless } from './fixtures/loops-job.ts'
import { ownFolder } from './fixtures/own-folder.ts'
import { silent } from './fixtures/silent.ts'

let dir: string
beforeEach(() => {
  dir = ownFolder()
})

/** The counts of all keys, one by one. */
function expected(count: number, laps: number): string[] {
  const all: string[] = []
  const seen = new Map<number, number>()
  for (let n = 0; n < count * PARTITIONS.length; n++)
    for (let lap = 0; lap < laps; lap++) {
      seen.set(n % 7, (seen.get(n % 7) ?? 0) + 1)
      all.push(`${n % 7}: ${seen.get(n % 7)}`)
    }
  return all.toSorted()
}

describe.each(modes)('checkpoints of a loop, %s', (_, mode) => {
  const config = (parallelism: number, more: object = {}): EnvironmentConfig => ({
    ...mode,
    parallelism,
    logger: silent,
    restart: 'none',
    memory: { ringBytes: 4096 },
    checkpoint: { dir, interval: 5, ...more },
  })

  it.each(['aligned', 'unaligned'])(
    'a job that crashed goes on from its last, at any parallelism (%s)',
    async (how) => {
      const params = { count: 250, laps: 20 }
      const rows: string[] = []
      let taken = 0
      for (const [i, parallelism] of [2, 3, 1, 2].entries()) {
        const breaksAt = i === 3 ? NEVER : 700 * (i + 1)
        const when = join(dir, `taken in ${i}`)
        const job = await laps.submit(
          { ...params, breaksAt, when },
          config(parallelism, { mode: how }),
        )
        job.on('checkpoint', () => {
          taken++
          writeFileSync(when, '')
        })
        try {
          for await (const row of job.io.seen) rows.push(row)
          await job.finished
        } catch (error) {
          expect(error).toMatchObject({ code: 'SAGE_USER_ERROR', message: /the crash of the test/ })
        }
      }
      // An output is at-least-once; what is counted is exact.
      expect([...new Set(rows)].toSorted()).toEqual(expected(params.count, params.laps))
      // One in each life that crashed, or that came to its end before it could.
      expect(taken).toBeGreaterThan(2)
      // What has come to its end holds nothing on its way.
      expect(await inFlightIn(dir)).toBe(0)
    },
  )

  it('a job that restarts by itself goes on', async () => {
    const params = { count: 250, laps: 20, breaksAt: 1200, once: join(dir, 'broken') }
    const { outputs, status, restarts } = await laps.run(params, {
      ...config(2),
      restart: { fixedDelay: { delay: 1, attempts: 3 } },
    })
    expect([status, restarts]).toEqual(['finished', 1])
    expect([...new Set(outputs.seen)].toSorted()).toEqual(expected(params.count, params.laps))
  })

  it('a savepoint that a job ends with holds what goes round for ever', async () => {
    const seen: number[] = []
    for (const i of [0, 1, 2]) {
      const resume = i === 0 ? 'latest' : join(dir, `savepoint ${i - 1}`)
      const job = await endless.submit(undefined, config(1, { interval: NEVER, resume }))
      const enough = Promise.withResolvers<void>()
      const until = seen.length + 3
      const reading = (async () => {
        for await (const n of job.io.seen) if (seen.push(n) >= until) enough.resolve()
      })()
      await enough.promise
      await job.checkpoint()
      expect(await inFlightIn(dir)).toBe(1)
      const path = join(dir, `savepoint ${i}`)
      await job.stop({ savepoint: path })
      await reading
      expect(await inFlightIn(path)).toBe(1)
    }
    expect(seen).toEqual(seen.map((_, i) => 1000 * (i + 1)))
  })
})
