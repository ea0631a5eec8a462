import { describe, expect, it } from 'vitest'
import {
  IDLE,
  type PartitionedSource,
  type PartitionReader,
} from '../../operators/contract/source.ts'
import { turn } from './fixtures/rig.ts'
import { SourceDriver } from './source-driver.ts'

type Answer = unknown[] | typeof IDLE | null | Error | Promise<unknown[] | typeof IDLE | null>

/** A source of scripted partitions, and the driver that reads them. */
function driverOf(
  script: Record<string, Answer[]>,
  open: (reader: PartitionReader<unknown>) => any = (reader) => reader,
) {
  const calls: string[] = []
  const names = Object.keys(script)
  const state = { nowMs: 1_000, wakes: 0 }
  const source: PartitionedSource<unknown> = {
    partitions: () => names,
    open: (name) => {
      calls.push(`open ${name}`)
      const answers = [...script[name]]
      return open({
        next: () => {
          const answer = answers.shift() ?? null
          if (answer instanceof Error) throw answer
          return answer
        },
        position: () => 0,
        close: () => void calls.push(`close ${name}`),
      })
    },
  }
  const driver = new SourceDriver(
    source,
    {
      oneByOne: true,
      next: () => names.shift() ?? null,
      get more() {
        return names.length > 0
      },
    },
    { wake: () => void state.wakes++, now: () => state.nowMs, keepsPositions: false },
    { now: () => state.nowMs },
  )
  /** Pulls until there are records, or nothing more. */
  const next = (): unknown => {
    for (let i = 0; i < 100; i++) {
      const pulled = driver.pull()
      if (pulled !== 'records') return pulled
      if (driver.records.length > 0) return driver.records
    }
    throw new Error('expected records, got none in 100 pulls')
  }
  return { driver, calls, state, next }
}

describe('a source driver', () => {
  it('reads partition after partition, and closes each at its end', () => {
    const { calls, next } = driverOf({ a: [[1, 2], [3]], b: [], c: [[4]] })
    expect([next(), next(), next(), next(), next()]).toEqual([[1, 2], [3], [4], 'ended', 'ended'])
    expect(calls).toEqual(['open a', 'close a', 'open b', 'close b', 'open c', 'close c'])
  })

  it('asks an idle source again after a millisecond, or at once when it is awakened', () => {
    const { driver, state, next } = driverOf({ a: [IDLE, [1], IDLE, [2]] })
    expect(driver.dueMs).toBe(Number.NEGATIVE_INFINITY)
    expect([next(), next()]).toEqual(['idle', 'idle'])
    expect(driver.dueMs).toBe(1_001)
    state.nowMs += 1
    expect([next(), next()]).toEqual([[1], 'idle'])
    driver.awaken()
    expect(state.wakes).toBe(1)
    expect(next()).toEqual([2])
  })

  it('waits for no promise: keeps its answer and wakes the thread, one call at a time', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown[]>()
    const { driver, state, next } = driverOf({ a: [promise, [3]] })
    expect([next(), next()]).toEqual(['waiting', 'waiting'])
    expect([driver.waiting, driver.dueMs]).toEqual([true, Number.POSITIVE_INFINITY])
    resolve([1, 2])
    await turn()
    expect([driver.waiting, state.wakes]).toEqual([false, 1])
    expect([next(), next(), next()]).toEqual([[1, 2], [3], 'ended'])
  })

  it('opens and closes readers that take their time', async () => {
    const { calls, next } = driverOf({ a: [[1]], b: [[2]] }, async (reader) => ({
      next: (max: number) => reader.next(max),
      position: () => 0,
      close: async () => reader.close!(),
    }))
    const seen: unknown[] = []
    for (let i = 0; i < 10; i++) {
      seen.push(next())
      await turn()
    }
    expect(seen.filter((one) => one !== 'waiting')).toEqual([[1], [2], ...seen.slice(-4)])
    expect(seen.at(-1)).toBe('ended')
    expect(calls).toEqual(['open a', 'close a', 'open b', 'close b'])
  })

  it('throws what a reader threw or rejected with, and can be asked again', async () => {
    const { driver, next } = driverOf({
      a: [[1], new Error('thrown'), Promise.reject(new Error('rejected')), [2]],
    })
    expect(next()).toEqual([1])
    expect(() => driver.pull()).toThrow('thrown')
    expect(next()).toBe('waiting')
    await turn()
    expect(() => driver.pull()).toThrow('rejected')
    expect([next(), next()]).toEqual([[2], 'ended'])
  })

  it('refuses what is no batch', () => {
    const { driver } = driverOf({ a: ['records' as any] })
    expect(() => driver.pull()).toThrow(/expected next\(\) to return an array, IDLE or null/)
  })

  it('ends at a stop, and closes the partition at hand once', async () => {
    const { driver, calls, next } = driverOf({ a: [[1], [2]], b: [[3]] })
    expect(next()).toEqual([1])
    driver.end()
    expect([next(), driver.dueMs]).toEqual(['ended', Number.POSITIVE_INFINITY])
    await driver.close()
    await driver.close()
    expect(calls).toEqual(['open a', 'close a'])
  })

  it('hands over what had arrived when the stop came', async () => {
    const { driver, next } = driverOf({ a: [Promise.resolve([1, 2]), [3]] })
    expect(next()).toBe('waiting')
    await turn()
    driver.end()
    expect([next(), next()]).toEqual([[1, 2], 'ended'])
  })
})
