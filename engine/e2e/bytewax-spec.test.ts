import { describe, expect, it } from 'vitest'
import type { EnvironmentConfig } from '../index.ts'
import { ManualClock, settled } from '../testing/index.ts'
import {
  batches,
  counts,
  finals,
  joins,
  type SessionEvent,
  sessions,
  slidingWindow,
} from './fixtures/bytewax-spec-job.ts'

const modes: [string, EnvironmentConfig][] = [
  ['inline', { mode: 'inline', parallelism: 1 }],
  ['inline, 3 subtasks', { mode: 'inline', parallelism: 3 }],
  ['threads', { parallelism: 3, maxThreads: 2 }],
]

/** In the order of the keys, for each as they came. */
function byKey<T extends readonly [string | number, unknown]>(pairs: readonly T[]): T[] {
  return pairs.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

describe.each(modes)('%s', (_, config) => {
  it('running count per key', async () => {
    const { outputs } = await counts.run(['a', 'b', 'a', 'a', 'b'], config)
    expect(byKey(outputs.counts)).toEqual([
      ['a', 1],
      ['a', 2],
      ['a', 3],
      ['b', 1],
      ['b', 2],
    ])
  })

  it('session tracking', async () => {
    const event = (user: string, timestamp: number, type: SessionEvent['type'] = 'click') => ({
      user,
      type,
      timestamp,
    })
    const events = [
      event('ann', 10),
      event('bob', 20),
      event('ann', 30, 'session_end'),
      event('ann', 50, 'session_end'),
      event('bob', 60),
      event('ann', 70),
      event('bob', 90, 'session_end'),
    ]
    const { outputs } = await sessions.run(events, config)
    expect(byKey(outputs.sessions)).toEqual([
      ['ann', { duration: 20, eventCount: 2 }],
      ['ann', { duration: 0, eventCount: 1 }],
      ['bob', { duration: 70, eventCount: 3 }],
    ])
  })

  it('aggregations of finite streams', async () => {
    const numbers: [string, number][] = [
      ['a', 3],
      ['b', 7],
      ['a', -1],
      ['a', 5],
    ]
    const { outputs } = await finals.run({ numbers, words: ['To', 'be', 'to', 'TO'] }, config)
    const seen = Object.fromEntries(
      Object.entries(outputs).map(([name, pairs]) => [name, byKey(pairs as [string, unknown][])]),
    )
    expect(seen).toEqual({
      totals: [
        ['a', 7],
        ['b', 7],
      ],
      stats: [
        ['a', { sum: 7, count: 3, min: -1, max: 5 }],
        ['b', { sum: 7, count: 1, min: 7, max: 7 }],
      ],
      least: [
        ['a', -1],
        ['b', 7],
      ],
      greatest: [
        ['a', 5],
        ['b', 7],
      ],
      wordCounts: [
        ['be', 1],
        ['to', 3],
      ],
    })
  })

  it('batches of up to 10 or after 5 s of quiet', async () => {
    const clock = new ManualClock(0)
    const job = await batches.submit(undefined, { ...config, clock })
    const seen: [string, number[]][] = []
    const reading = (async () => {
      for await (const batch of job.io.batches) seen.push(batch)
    })()
    const push = async (user: string, ...ns: number[]) => {
      await job.io.events.pushMany(ns.map((n): [string, number] => [user, n]))
      await settled(job)
    }
    await push('a', 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    expect(seen).toEqual([['a', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]])
    await push('b', 0)
    clock.advance(4_999)
    await push('a', 11)
    expect(seen.length).toBe(1)
    // The timeout counts from the last record: a's is later now.
    clock.advance(1)
    await settled(job)
    expect(seen.slice(1)).toEqual([['b', [0]]])
    clock.advance(4_998)
    await settled(job)
    expect(seen.length).toBe(2)
    clock.advance(1)
    await settled(job)
    expect(seen.slice(2)).toEqual([['a', [10, 11]]])
    await push('c', 1, 2)
    await job.stop()
    await reading
    expect(seen.slice(3)).toEqual([['c', [1, 2]]])
  })

  it('joins of users and orders', async () => {
    const job = await joins.submit(undefined, config)
    const { users, orders, complete, final, running } = job.io
    const reading = Promise.all([complete.toArray(), final.toArray(), running.toArray()])
    const steps = [
      () => users.push({ id: 1, name: 'ann' }),
      () => orders.push({ user: 1, amount: 10 }),
      () => orders.push({ user: 1, amount: 20 }),
      () => users.push({ id: 2, name: 'bob' }),
      () => users.push({ id: 1, name: 'anna' }),
    ]
    for (const step of steps) {
      await step()
      await settled(job)
    }
    await job.stop()
    const [completed, finally_, ran] = (await reading).map(byKey)
    expect(completed).toEqual([
      [1, ['ann', 10]],
      [1, ['anna', 20]],
    ])
    expect(finally_).toEqual([
      [1, ['anna', 20]],
      [2, ['bob', null]],
    ])
    expect(ran).toEqual([
      [1, ['ann', null]],
      [1, ['ann', 10]],
      [1, ['ann', 20]],
      [1, ['anna', 20]],
      [2, ['bob', null]],
    ])
  })

  it('a sliding window as a logic of its own', async () => {
    const clock = new ManualClock(0)
    const job = await slidingWindow.submit(undefined, { ...config, clock })
    const seen: [string, number][] = []
    const reading = (async () => {
      for await (const sum of job.io.sums) seen.push(sum)
    })()
    const push = async (...event: [string, number]) => {
      await job.io.events.push(event)
      await settled(job)
    }
    await push('a', 1)
    clock.advance('2m')
    await push('a', 10)
    await push('b', 5)
    clock.advance('3m')
    await settled(job)
    clock.advance('1m')
    await push('a', 100)
    clock.advance('1m')
    await settled(job)
    await job.stop()
    await reading
    expect(byKey(seen)).toEqual([
      ['a', 1],
      ['a', 11],
      ['a', 10],
      ['a', 110],
      ['a', 100],
      ['b', 5],
      ['b', 0],
    ])
  })
})
