import { describe, expect, it } from 'vitest'
import type { SinkOptions } from '../api/options.ts'
import type { DataStream } from '../index.ts'
import { Rig, turn } from './fixtures/rig.ts'

interface Call {
  readonly value: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** A rig with a sink whose promises the test settles. */
async function sinkRig(
  options: SinkOptions,
  values: number[],
  shape = (s: DataStream<number>): DataStream<number> => s,
) {
  const calls: Call[] = []
  const rig = new Rig((env) => {
    shape(env.fromCollection(values)).sink(
      (value, ctx) => {
        if (ctx.key !== undefined) expect(ctx.key).toBe(`k${value}`)
        return new Promise<void>((resolve, reject) => calls.push({ value, resolve, reject }))
      },
      { name: 'op', ...options },
    )
  })
  for (const task of rig.tasks) await task.open()
  const settle = async () => {
    await turn()
    rig.settle()
  }
  await settle()
  return {
    rig,
    calls,
    settle,
    values: () => calls.map(({ value }) => value),
    ended: () => rig.tasks.every((task) => task.ended),
  }
}

describe('an asynchronous sink', () => {
  it('has one promise in flight, in order, and ends when the last has settled', async () => {
    const { rig, calls, settle, values, ended } = await sinkRig({}, [1, 2, 3])
    for (const n of [1, 2, 3]) {
      expect(values()).toEqual([1, 2, 3].slice(0, n))
      expect(rig.tasks[0].asynchronous).toBe(true)
      calls[n - 1].resolve()
      await settle()
    }
    await settle()
    expect(ended()).toBe(true)
    expect(rig.counts('op')).toEqual([3, 0, 0, 0, 0])
  })

  it('has at most `capacity` in flight, and takes the next when any has settled', async () => {
    const { calls, settle, values } = await sinkRig({ capacity: 2 }, [1, 2, 3, 4])
    expect(values()).toEqual([1, 2])
    calls[1].resolve()
    await settle()
    expect(values()).toEqual([1, 2, 3])
    await settle()
    expect(values()).toEqual([1, 2, 3])
  })

  it('queues up the rest of an expansion, with its keys', async () => {
    const { calls, settle, values } = await sinkRig({}, [1], (s) =>
      s.flatMap((n) => [n, n + 1, n + 2]).keyBy((n) => `k${n}`),
    )
    for (const n of [1, 2, 3]) {
      expect(values()).toEqual([1, 2, 3].slice(0, n))
      calls[n - 1].resolve()
      await settle()
    }
  })

  it('retries a rejected call in its place, then obeys the policy', async () => {
    const { rig, calls, settle, values, ended } = await sinkRig(
      { errors: { retry: 1, backoff: 0, then: 'skip' } },
      [1, 2],
    )
    calls[0].reject(new Error('first'))
    await expectSoon(settle, () => values().length === 2)
    expect(values()).toEqual([1, 1])
    calls[1].reject(new Error('second'))
    await settle()
    expect(values()).toEqual([1, 1, 2])
    calls[2].resolve()
    await expectSoon(settle, ended)
    expect(rig.counts('op')).toEqual([2, 0, 1, 1, 0])
  })

  it('a rejection ends the task under fail, at its next step', async () => {
    const { rig, calls } = await sinkRig({}, [1, 2])
    calls[0].reject(new Error('no'))
    await turn()
    expect(() => rig.settle()).toThrow(
      expect.objectContaining({
        code: 'SAGE_USER_ERROR',
        operator: 'op',
        cause: expect.objectContaining({ message: 'no' }),
      }),
    )
    expect(rig.counts('op').slice(2)).toEqual([1, 0, 0])
  })

  it('sends what was rejected to the dead letters, before the stream ends', async () => {
    const calls: Call[] = []
    const rig = new Rig((env) => {
      const letters = env.fromCollection([1, 2]).map((n) => n, { name: 'last' })
      letters.sink(
        (value) => new Promise<void>((resolve, reject) => calls.push({ value, resolve, reject })),
        { name: 'op', errors: { deadLetter: true } },
      )
    })
    for (const task of rig.tasks) await task.open()
    for (let i = 0; i < 2; i++) {
      await expectSoon(
        async () => {
          await turn()
          rig.settle()
        },
        () => calls.length > i,
      )
      calls[i].reject(new Error('no'))
    }
    await expectSoon(
      async () => {
        await turn()
        rig.settle()
      },
      () => rig.tasks.every((task) => task.ended),
    )
    expect(rig.letters.map(({ value }) => value)).toEqual([1, 2])
  })
})

/** Goes on until `done`, at most so many turns that a test that is wrong ends. */
async function expectSoon(advance: () => Promise<void>, done: () => boolean): Promise<void> {
  for (let i = 0; i < 10_000 && !done(); i++) await advance()
  expect(done()).toBe(true)
}
