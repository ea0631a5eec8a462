import { describe, expect, it } from 'vitest'
import type { SinkOptions } from '../api/options.ts'
import type { DataStream, ErrorVerdict } from '../index.ts'
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
  await rig.open()
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
    ended: () => rig.ended,
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
    await rig.open()
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
      () => rig.ended,
    )
    expect(rig.letters.map(({ value }) => value)).toEqual([1, 2])
  })
})

describe('an asynchronous sink of connected streams', () => {
  /** Every call with an odd number is rejected, the first so often as `attempts` says. */
  async function connectedRig(verdict: (attempt: number) => ErrorVerdict, attempts: number) {
    const told: unknown[] = []
    const done: number[] = []
    const calls = new Map<number, number>()
    const rig = new Rig((env) => {
      const left = env.fromCollection([1, 2], { name: 'left' })
      const right = env.fromCollection([3, 4], { name: 'right' })
      left
        .connect(right)
        .onError((streamId, error, { input, value, attempt, operator }) => {
          told.push([streamId, error.message, input, value, attempt, operator])
          return verdict(attempt)
        })
        .sink(
          async (n) => {
            const call = (calls.get(n) ?? 0) + 1
            calls.set(n, call)
            await Promise.resolve()
            if (n % 2 === 1 && call <= attempts) throw new Error(`odd ${n}`)
            done.push(n)
          },
          { name: 'op' },
        )
    })
    await rig.open()
    const settle = async () => {
      await turn()
      rig.settle()
    }
    const ended = () => rig.ended
    return { rig, told, done, run: () => expectSoon(settle, ended) }
  }

  it('tells its handler of the stream that the record came through, also of one that had to wait', async () => {
    const { rig, told, done, run } = await connectedRig(() => 'continue', 9)
    await run()
    expect(told.toSorted()).toEqual([
      ['left', 'odd 1', 0, 1, 1, 'op'],
      ['right', 'odd 3', 1, 3, 1, 'op'],
    ])
    expect(done.toSorted()).toEqual([2, 4])
    expect(rig.counts('op')).toEqual([4, 0, 2, 0, 0])
  })

  it('is called again as its handler says, at most 3 times', async () => {
    const { rig, told, done, run } = await connectedRig(() => 'retry', 3)
    await run()
    expect(told.map((line) => (line as unknown[])[4]).toSorted()).toEqual([1, 1, 2, 2, 3, 3])
    expect(done.toSorted()).toEqual([1, 2, 3, 4])
    expect(rig.counts('op')).toEqual([4, 0, 0, 6, 0])
    const vain = await connectedRig(() => 'retry', 4)
    await expect(vain.run()).rejects.toMatchObject({ code: 'SAGE_USER_ERROR', operator: 'op' })
    expect(vain.told.map((line) => (line as unknown[])[4])).toContain(4)
  })

  it.each([
    ['stop', 'SAGE_USER_ERROR', 'odd'],
    [undefined as never, 'SAGE_OPTION', "expected it to return 'continue', 'retry' or 'stop'"],
  ] as const)('ends the task: %s', async (verdict, code, message) => {
    const { run } = await connectedRig(() => verdict, 9)
    await expect(run()).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
      operator: 'op',
    })
  })

  it('ends the task when its handler throws', async () => {
    const { run } = await connectedRig(() => {
      throw new Error('handler')
    }, 9)
    await expect(run()).rejects.toMatchObject({
      code: 'SAGE_USER_ERROR',
      message: expect.stringContaining('handler'),
    })
  })
})

/** Goes on until `done`, at most so many turns that a test that is wrong ends. */
async function expectSoon(advance: () => Promise<void>, done: () => boolean): Promise<void> {
  for (let i = 0; i < 10_000 && !done(); i++) await advance()
  expect(done()).toBe(true)
}
