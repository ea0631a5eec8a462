import { describe, expect, it } from 'vitest'
import type { EnvironmentConfig } from '../index.ts'
import { doubling, failing, hops, scripted, slowSink } from './fixtures/kit-jobs.ts'
import { reading } from './fixtures/reading.ts'
import { ManualClock, settled } from './index.ts'

async function next(records: AsyncIterator<number>): Promise<number> {
  return (await records.next()).value
}

const modes: [string, EnvironmentConfig][] = [
  ['inline', { mode: 'inline', parallelism: 3 }],
  ['threads', { parallelism: 2, maxThreads: 2 }],
]

describe.each(modes)('settled, %s', (_, config) => {
  it('shows all that was pushed, each time', async () => {
    const job = await hops.submit({ copies: 3, pad: 0 }, config)
    const records = job.io.all[Symbol.asyncIterator]()
    await job.io.numbers.push(-1)
    await settled(job)
    await job.io.numbers.push(0)
    await settled(job)
    // What nobody had read by then.
    expect([await next(records), await next(records), await next(records)].sort()).toEqual([
      0, 1, 2,
    ])

    const seen = reading(records)
    const expected: number[] = []
    for (let n = 1; n < 200; n++) {
      void job.io[n % 2 === 0 ? 'numbers' : 'other'].push(n)
      expected.push(3 * n, 3 * n + 1, 3 * n + 2)
      await settled(job)
      expect(seen.toSorted((a, b) => a - b)).toEqual(expected)
    }

    const calls = [1_000, 2_000].map(async (n) => {
      void job.io.numbers.push(n)
      await settled(job)
      return seen.includes(3 * n)
    })
    expect(await Promise.all(calls)).toEqual([true, true])

    job.io.other.end()
    await settled(job)
    await job.io.numbers.push(3_000)
    await settled(job)
    expect(seen).toContain(9_000)
    job.io.numbers.end()
    await settled(job)
    expect((await job.finished).status).toBe('finished')
    await settled(job)
  })

  it('waits for pushes that are not accepted yet', async () => {
    await using job = await hops.submit(
      { copies: 1, pad: 3000 },
      { ...config, memory: { ringBytes: 4096 } },
    )
    const seen = reading(job.io.all)
    void job.io.numbers.pushMany(Array.from({ length: 500 }, (_, i) => i))
    void job.io.other.pushMany(Array.from({ length: 500 }, (_, i) => 500 + i))
    await settled(job)
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
  })

  it('waits for the promises of a sink', async () => {
    const words = new Int32Array(new SharedArrayBuffer(12))
    await using job = await slowSink.submit(words.buffer, config)
    await job.io.numbers.push(1)
    let done = false
    const rest = settled(job).then(() => {
      done = true
    })
    const called = Atomics.waitAsync(words, 2, 0)
    if (called.async) await called.value
    // Time enough to be wrong in.
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
    expect([done, words[1]]).toEqual([false, 0])
    Atomics.store(words, 0, 1)
    Atomics.notify(words, 0)
    await rest
    expect(words[1]).toBe(1)
  })

  it('waits for retries', async () => {
    await using job = await failing.submit(undefined, {
      ...config,
      errors: { retry: 3, backoff: 20, then: 'fail' },
    })
    const seen = reading(job.io.all)
    await job.io.numbers.pushMany([1, 2, 3, 4])
    await settled(job)
    expect(seen).toEqual([1, 2, 3, 4])
  })

  it('rejects when the job fails, resolves when it has ended', async () => {
    const failed = await failing.submit(undefined, config)
    await failed.io.numbers.push(3)
    await expect(settled(failed)).rejects.toMatchObject({ code: 'SAGE_USER_ERROR' })
    await expect(settled(failed)).rejects.toMatchObject({ code: 'SAGE_USER_ERROR' })

    const ended = await failing.submit(undefined, config)
    await ended.io.numbers.push(1)
    await ended.stop()
    await settled(ended)
    const cancelled = await failing.submit(undefined, config)
    const rest = settled(cancelled)
    await Promise.all([rest, cancelled.cancel(), settled(cancelled)])
  })

  it('counts an idle source as at rest, once it has been asked', async () => {
    const clock = new ManualClock()
    const job = await scripted.submit('pauses', { ...config, clock })
    const seen = reading(job.io.all)
    const at: [number, string][] = []
    for (const ms of [0, 9_999, 1, 499, 1]) {
      clock.advance(ms)
      await settled(job)
      at.push([clock.now(), seen.join('')])
    }
    expect(at).toEqual([
      [0, 'A'],
      [9_999, 'A'],
      [10_000, 'AB'],
      [10_499, 'AB'],
      [10_500, 'ABC'],
    ])
    await job.finished
  })
})

it('refuses what is no job', async () => {
  await expect(settled({} as never)).rejects.toMatchObject({ code: 'SAGE_OPTION' })
})

it('gives a reader that takes a turn of the event loop for each record all that there are', async () => {
  await using job = await doubling.submit(undefined, { mode: 'inline' })
  const seen: number[] = []
  const read = async () => {
    for await (const n of job.io.doubles) {
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(n)
    }
  }
  void read()
  await job.io.numbers.pushMany([1, 2, 3, 4, 5])
  await settled(job)
  expect(seen.slice(0, 4)).toEqual([2, 4, 6, 8])
})
