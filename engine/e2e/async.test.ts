import { describe, expect, it } from 'vitest'
import type { EnvironmentConfig } from '../index.ts'
import { ManualClock, settled } from '../testing/index.ts'
import {
  counted,
  type Event,
  enriched,
  gated,
  lookups,
  type Order,
  slow,
} from './fixtures/async-job.ts'

const modes: [string, EnvironmentConfig][] = [
  ['inline', { mode: 'inline', parallelism: 3 }],
  ['threads', { parallelism: 3, maxThreads: 2 }],
]

const orders: Order[] = Array.from({ length: 300 }, (_, i) => ({
  id: i % 50 === 49 ? -i : i,
  user: `u${i % 7}`,
  turns: (i * 5) % 9,
}))

/** What an output has handed out so far. */
function reading<T>(output: AsyncIterable<T>): T[] {
  const seen: T[] = []
  void (async () => {
    for await (const one of output) seen.push(one)
  })()
  return seen
}

describe.each(modes)('asyncMap, %s', (_, config) => {
  it.each([true, false])('keeps every record and its key, ordered: %s', async (ordered) => {
    const job = await lookups.submit(ordered, config)
    const failed = job.io.failed.toArray()
    const seen = job.io.seen.toArray()
    await job.io.orders.pushMany(orders)
    job.io.orders.end()
    const { operators } = await job.finished
    const byUser = Map.groupBy(await seen, ({ key }) => key)
    for (const [user, found] of byUser) {
      expect(new Set(found.map(({ subtask }) => subtask)).size).toBe(1)
      for (const { key, still } of found) expect(key).toBe(still)
      const ids = found.map(({ id }) => id)
      const expected = orders.filter((o) => o.user === user && o.id >= 0).map(({ id }) => id)
      expect(ordered ? ids : ids.toSorted((a, b) => a - b)).toEqual(expected)
    }
    expect(await failed).toHaveLength(6)
    for (const { value, key } of await failed) expect((value as Order).user).toBe(key)
    expect(operators.find(({ kind }) => kind === 'asyncMap')).toMatchObject({
      recordsIn: 300,
      recordsOut: 294,
      errors: 6,
    })
  })

  it('answers asks with what is derived from them', async () => {
    await using job = await lookups.submit(false, config)
    const answers = await Promise.all(
      orders
        .filter(({ id }) => id >= 0)
        .map(async (order) => {
          const { id } = await job.io.orders.ask(order, { reply: job.io.seen, timeout: '10s' })
          return id === order.id
        }),
    )
    expect(answers).toEqual(Array(294).fill(true))
  })

  it('a full one stalls no other subtask of its thread; settled waits for it', async () => {
    const job = await gated.submit(2, { ...config, parallelism: 1, maxThreads: 1 })
    const [passed, moved] = [reading(job.io.passed), reading(job.io.moved)]
    for (const n of [1, 2, 3, 4]) await job.io.held.push(n)
    let rested = false
    const rest = settled(job).then(() => {
      rested = true
    })
    const numbers = Array.from({ length: 2000 }, (_, i) => i)
    await job.io.other.pushMany(numbers)
    while (moved.length < numbers.length) await new Promise((resolve) => setImmediate(resolve))
    expect(moved).toEqual(numbers)
    expect([passed, rested]).toEqual([[], false])
    await job.io.other.push(-1)
    await rest
    await settled(job)
    expect(passed).toEqual([1, 2, 3, 4])
    await job.stop()
  })

  it('stop() waits for what is on its way', async () => {
    const job = await slow.submit(undefined, config)
    const done = job.io.done.toArray()
    for (const n of [1, 2, 3]) await job.io.orders.push(n)
    const { status } = await job.stop()
    expect([status, await done]).toEqual(['stopped', [1, 2, 3]])
  })

  it.each([true, false])('time waits for the records before it, ordered: %s', async (ordered) => {
    const events: Event[] = Array.from({ length: 500 }, (_, i) => ({
      key: `k${i % 5}`,
      // Up to 900 ms out of order, of which 200 are waited for.
      at: 10_000 + i * 20 - (i % 11 === 0 ? 900 : (i * 37) % 150),
    }))
    const plain = await counted.run({ events, ordered: undefined }, config)
    const awaited = await counted.run({ events, ordered }, config)
    expect(plain.outputs.late.length).toBeGreaterThan(0)
    expect(awaited.outputs.counts.toSorted()).toEqual(plain.outputs.counts.toSorted())
    expect(awaited.outputs.late.length).toBe(plain.outputs.late.length)
  })
})

describe.each(modes)('enrichCached, %s', (_, config) => {
  it('asks once per key and subtask, again after its ttl by the job’s clock', async () => {
    const clock = new ManualClock()
    const job = await enriched.submit(1000, { ...config, clock })
    const rich = reading(job.io.rich)
    await job.io.words.pushMany(['a', 'b', 'a', 'fails'])
    await settled(job)
    expect(rich).toEqual(['a 1', 'b 2', 'a 1', 'fails 4'])
    clock.advance(1000)
    await job.io.words.push('a')
    await settled(job)
    clock.advance(1)
    await job.io.words.push('a')
    await settled(job)
    expect(rich.slice(4)).toEqual(['a 1', 'a 5'])
    await job.stop()
  })
})
