import { beforeEach, describe, expect, it } from 'vitest'
import type { EnvironmentConfig, JobHandle } from '../index.ts'
import { settled } from '../testing/index.ts'
import { modes, NEVER } from './fixtures/checkpointed.ts'
import { ownFolder } from './fixtures/own-folder.ts'
import { type Partitions, pushedWindows, readWindows } from './fixtures/resumed-time-job.ts'
import { silent } from './fixtures/silent.ts'

let dir: string
beforeEach(() => {
  dir = ownFolder()
})

type Row = { key: string; start: number; value: number }
const rowOf = ({ key, start, value }: Row) => `${key} ${start} ${value}`

describe.each(modes)('event time after a restore (%s)', (_, mode) => {
  const config = (parallelism: number, more: EnvironmentConfig = {}): EnvironmentConfig => ({
    ...mode,
    parallelism,
    restart: 'none',
    logger: silent,
    checkpoint: { dir, interval: NEVER },
    ...more,
  })

  it.each([
    [2, 2],
    [2, 3],
    [2, 1],
    [1, 2],
  ])(
    'goes on where it was: what was late is late, no window fires twice (%i, then %i)',
    async (before, after) => {
      const first = await pushedWindows.submit(undefined, config(before))
      await first.io.readings.pushMany([
        { key: 'a', at: 5 },
        { key: 'a', at: 130 },
        { key: 'b', at: 300 },
      ])
      await settled(first)
      await first.checkpoint()
      await first.cancel()
      const second = await pushedWindows.submit(undefined, config(after))
      await second.io.readings.pushMany([
        { key: 'a', at: 7 },
        { key: 'c', at: 295 },
        { key: 'a', at: 150 },
        { key: 'b', at: 310 },
      ])
      second.io.readings.end()
      const [windows, late] = await Promise.all([
        second.io.windows.toArray(),
        second.io.late.toArray(),
      ])
      expect(windows.map(rowOf).sort()).toEqual(['b 300 2', 'c 200 1'])
      expect(late.map(({ key, at }) => `${key} ${at}`)).toEqual(['a 7', 'a 150'])
      await second.finished
    },
  )

  it('a partition that has not been read again yet holds time back no more than it did', async () => {
    const times = { p: [500, 510], q: [20, 400, 700] }
    const first = await readWindows.submit({ times, stops: { p: 1, q: 1 } }, config(2))
    await settled(first)
    await first.checkpoint()
    await first.cancel()
    // Time is at 10. Now q comes to 400, and p, which was at 500, says nothing.
    const second = await readWindows.submit({ times, stops: { p: 1, q: 2 } }, config(2))
    const { value } = await second.io.windows[Symbol.asyncIterator]().next()
    expect(rowOf(value)).toBe('q2 0 1')
    await second.cancel()
  })

  it('nor less: one that had said nothing yet is not late', async () => {
    const times = { p: [500, 510], q: [20, 30] }
    const first = await readWindows.submit({ times, stops: { p: 1, q: 0 } }, config(2))
    await settled(first)
    await first.checkpoint()
    await first.cancel()
    const { outputs } = await readWindows.run({ times }, config(2))
    expect(outputs.windows.map(rowOf).sort()).toEqual(['p0 500 1', 'p2 500 1', 'q0 0 1', 'q2 0 1'])
    expect(outputs.late).toEqual([])
  })
})

it('runs that are cut off anywhere give what one run gives, late records included', async () => {
  // Every fourth one is some 150 late, of which 10 are allowed for.
  const at = Array.from({ length: 80 }, (_, i) => i * 20 + (i % 4 === 0 ? 0 : 160))
  const results = async (job: JobHandle<any>) => {
    const [windows, late] = await Promise.all([job.io.windows.toArray(), job.io.late.toArray()])
    await job.finished
    return [windows.map(rowOf).sort(), late.map(({ at }: { at: number }) => at).sort()] as const
  }
  const run = (partitions: Partitions, parallelism: number, checkpoint: object) =>
    readWindows.submit(
      { readers: 1, ...partitions },
      {
        mode: 'inline',
        parallelism,
        logger: silent,
        checkpoint: { interval: NEVER, ...checkpoint } as any,
      },
    )
  const times = { p: at }
  const [expected, late] = await results(await run({ times }, 2, { dir: ownFolder() }))
  expect(late.length).toBeGreaterThan(5)
  for (const mode of ['aligned', 'unaligned'])
    for (const cut of [3, 17, 30, 41, 59, 77]) {
      const checkpoint = { dir: ownFolder(), mode }
      const windows: string[] = []
      const lates: number[] = []
      for (const [stop, parallelism] of [
        [cut, 2],
        [cut + 2, 3],
      ]) {
        const job = await run({ times, stops: { p: stop } }, parallelism, checkpoint)
        const read = results(job)
        await settled(job)
        await job.checkpoint()
        await job.cancel()
        const [some, someLate] = await read
        windows.push(...some)
        lates.push(...someLate)
      }
      const [rest, restLate] = await results(await run({ times }, 1, checkpoint))
      expect([...windows, ...rest].sort()).toEqual(expected)
      expect([...lates, ...restLate].sort()).toEqual(late)
    }
})
