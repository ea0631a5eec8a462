import { describe, expect, it } from 'vitest'
import { watermarks } from '../../operators/time/watermark-strategy.ts'
import type { AsyncOptions } from '../api/options.ts'
import type { DataStream } from '../index.ts'
import { Rig, turn } from './fixtures/rig.ts'

interface Call {
  readonly value: number
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

/** A rig with an asyncMap whose promises the test settles. */
async function asyncRig(
  options: AsyncOptions,
  values: number[],
  before: (s: DataStream<number>) => DataStream<number> = (s) => s,
  behind: (s: DataStream<any>) => DataStream<any> = (s) => s,
) {
  const calls: Call[] = []
  const rig = new Rig((env) => {
    const mapped = before(env.fromCollection(values)).asyncMap(
      (value) => new Promise<unknown>((resolve, reject) => calls.push({ value, resolve, reject })),
      { name: 'op', ...options },
    )
    mapped
      .deadLetters()
      .map(({ value, key, attempts }) => [value, key, attempts])
      .output('letters')
    behind(mapped).output('out')
  })
  await rig.open()
  const settle = async () => {
    await turn()
    rig.settle()
    return rig.read('out')
  }
  await settle()
  return {
    rig,
    calls,
    settle,
    called: () => calls.map(({ value }) => value),
    ended: () => rig.ended,
  }
}

const failure = (rig: Rig): unknown => {
  try {
    rig.settle()
    return undefined
  } catch (error) {
    return error
  }
}

describe('asyncMap', () => {
  it('results leave in the order of the records', async () => {
    const { calls, settle, rig, ended } = await asyncRig({}, [1, 2, 3, 4])
    expect(rig.tasks[0].asynchronous).toBe(true)
    calls[2].resolve('c')
    calls[1].resolve(null)
    expect(await settle()).toEqual([])
    calls[0].resolve('a')
    expect(await settle()).toEqual(['a', 'c'])
    expect([rig.tasks[0].pending, ended()]).toEqual([true, false])
    calls[3].resolve('d')
    expect(await settle()).toEqual(['d'])
    await settle()
    expect(ended()).toBe(true)
    expect(rig.counts('op')).toEqual([4, 3, 0, 0, 0])
  })

  it('unordered, they leave as they settle', async () => {
    const { calls, settle } = await asyncRig({ ordered: false }, [1, 2, 3])
    calls[2].resolve('c')
    expect(await settle()).toEqual(['c'])
    calls[0].resolve('a')
    calls[1].resolve('b')
    expect(await settle()).toEqual(['a', 'b'])
  })

  it('what is no promise passes at once, but not ahead of what is on its way', async () => {
    const pending = Promise.withResolvers<string>()
    const rig = new Rig((env) => {
      env
        .fromCollection([1, 2, 3, 4])
        .asyncMap((n) => (n === 3 ? pending.promise : n === 2 ? null : n), { name: 'op' })
        .output('out')
    })
    await rig.open()
    rig.settle()
    expect(rig.read('out')).toEqual([1])
    pending.resolve('three')
    await turn()
    rig.settle()
    expect(rig.read('out')).toEqual(['three', 4])
    expect(rig.counts('op')).toEqual([4, 3, 0, 0, 0])
  })

  it.each([true, false])('at most `capacity` are under way, ordered: %s', async (ordered) => {
    const { calls, settle, called, rig } = await asyncRig({ capacity: 2, ordered }, [1, 2, 3, 4])
    expect(called()).toEqual([1, 2])
    expect(rig.tasks[0].state).toBe('busy')
    calls[1].resolve('b')
    await settle()
    expect(called()).toEqual(ordered ? [1, 2] : [1, 2, 3])
    calls[0].resolve('a')
    await settle()
    expect(called()).toEqual([1, 2, 3, 4])
  })

  it('the rest of an expansion queues up; each record keeps its key', async () => {
    const keys: unknown[] = []
    const { calls, settle, called } = await asyncRig(
      { capacity: 1 },
      [1],
      (s) => s.flatMap((n) => [n, n + 1, n + 2]).keyBy((n) => `k${n}`),
      (s) => s.inspect((_, ctx) => void keys.push(ctx.key)),
    )
    for (const n of [1, 2, 3]) {
      expect(called()).toEqual([1, 2, 3].slice(0, n))
      calls[n - 1].resolve(n)
      expect(await settle()).toEqual([n])
    }
    expect(keys).toEqual(['k1', 'k2', 'k3'])
  })

  it('results wait for room, whatever has settled', async () => {
    const { calls, settle, rig } = await asyncRig({ capacity: 4 }, [1, 2, 3, 4], undefined, (s) =>
      s.map((n) => 'x'.repeat(200_000) + n),
    )
    for (const call of calls) call.resolve(call.value)
    const seen: unknown[] = []
    for (let i = 0; i < 100 && seen.length < 4; i++) {
      seen.push(...(await settle()))
      if (seen.length < 4) expect(rig.tasks[0].ended).toBe(false)
    }
    expect(seen.map((text) => String(text).at(-1))).toEqual(['1', '2', '3', '4'])
  })

  it('gathering operators behind it hear of the end of a batch, and of the end, in time', async () => {
    const { calls, settle, ended } = await asyncRig({}, [1, 2, 3], undefined, (s) =>
      s.processBatch((items) => [items.join()]),
    )
    calls[0].resolve('a')
    calls[1].resolve('b')
    expect(await settle()).toEqual(['a,b'])
    calls[2].resolve('c')
    expect(await settle()).toEqual(['c'])
    await settle()
    expect(ended()).toBe(true)
  })
})

describe('asyncMap and time', () => {
  const stamped = (s: DataStream<number>) =>
    s.assignTimestamps((n) => Math.abs(n), watermarks.monotonic())

  it('watermarks wait for the records before them', async () => {
    const seen: unknown[] = []
    const { calls, settle } = await asyncRig({}, [10, 20, 30], stamped, (s) =>
      s.inspect((n, ctx) => void seen.push([n, ctx.timestamp, ctx.watermark])),
    )
    for (const call of calls) call.resolve(call.value)
    await settle()
    expect(seen).toEqual([
      [10, 10, Number.NEGATIVE_INFINITY],
      [20, 20, 10],
      [30, 30, 20],
    ])
  })

  it('unordered, no record leaves ahead of one that a watermark parts it from', async () => {
    // -5, which is late, and 20 come behind the watermark 10; 30 behind 20.
    const { calls, settle } = await asyncRig({ ordered: false }, [10, -5, 20, 30], stamped)
    calls[3].resolve('30')
    calls[2].resolve('20')
    expect(await settle()).toEqual([])
    calls[0].resolve('10')
    expect(await settle()).toEqual(['10', '20'])
    calls[1].resolve('-5')
    expect(await settle()).toEqual(['-5', '30'])
  })

  it.each([true, false])(
    'downstream no promise is made that they break, ordered: %s',
    async (ordered) => {
      const calls: Call[] = []
      const heard: unknown[] = []
      const rig = new Rig(
        (env) => {
          stamped(env.createStream<number>('in'))
            .asyncMap(
              (value) => new Promise((resolve, reject) => calls.push({ value, resolve, reject })),
              {
                ordered,
              },
            )
            .rebalance()
            .sink((n, ctx) => void heard.push([n, ctx.watermark]), { name: 'far' })
        },
        { parallelism: 2 },
      )
      await rig.open()
      const settle = async () => {
        await turn()
        rig.settle()
      }
      rig.push('in', 10, 20)
      await settle()
      rig.push('in', 30)
      await settle()
      expect(calls.map(({ value }) => value)).toEqual([10, 20, 30])
      calls[1].resolve(20)
      calls[2].resolve(30)
      await settle()
      expect(heard).toEqual([])
      calls[0].resolve(10)
      await settle()
      expect(heard.toSorted()).toEqual([
        [10, Number.NEGATIVE_INFINITY],
        [20, 10],
        [30, 20],
      ])
    },
  )
})

describe('asyncMap and errors', () => {
  it('a call that takes too long has failed; what it gives later is ignored', async () => {
    const { calls, settle, rig } = await asyncRig(
      { timeout: 100, errors: { deadLetter: true } },
      [1, 2],
    )
    expect(rig.tasks[0].dueMs).toBe(rig.nowMs + 100)
    rig.nowMs += 99
    calls[1].resolve('b')
    expect(await settle()).toEqual([])
    rig.nowMs += 1
    expect(await settle()).toEqual(['b'])
    expect(rig.read('letters')).toEqual([[1, undefined, 1]])
    calls[0].resolve('late')
    expect(await settle()).toEqual([])
    expect(rig.counts('op')).toEqual([2, 1, 1, 0, 0])
  })

  it('under fail, a time-out ends the job at once, though earlier ones are pending', async () => {
    const { calls, rig } = await asyncRig({ capacity: 2 }, [1, 2])
    calls[1].reject(new Error('no'))
    await turn()
    expect(failure(rig)).toMatchObject({ code: 'SAGE_USER_ERROR', operator: 'op' })
    rig.nowMs += 30_000
    const other = await asyncRig({ timeout: '1s' }, [1])
    other.rig.nowMs += 1000
    expect(failure(other.rig)).toMatchObject({
      code: 'SAGE_TIMEOUT',
      operator: 'op',
      message: expect.stringContaining('within 1000 ms'),
    })
  })

  it('`retries` are made at once, those of the policy after their backoff', async () => {
    const { calls, settle, rig, called } = await asyncRig(
      { retries: 1, errors: { retry: 2, backoff: 50, then: { deadLetter: true } } },
      [1, 2],
      (s) => s.keyBy((n) => `k${n}`),
    )
    calls[0].reject(new Error('first'))
    calls[1].resolve('b')
    await settle()
    expect(called()).toEqual([1, 2, 1])
    calls[2].reject(new Error('second'))
    await settle()
    expect(called()).toEqual([1, 2, 1])
    expect(rig.tasks[0].dueMs).toBe(rig.nowMs + 50)
    rig.nowMs += 50
    await settle()
    expect(called()).toEqual([1, 2, 1, 1])
    calls[3].reject(new Error('third'))
    rig.nowMs += 50
    await settle()
    rig.nowMs += 50
    await settle()
    calls[4].reject(new Error('fourth'))
    expect(await settle()).toEqual(['b'])
    expect(rig.read('letters')).toEqual([[1, 'k1', 4]])
    expect(rig.counts('op')).toEqual([2, 1, 1, 3, 0])
  })

  it('what throws in place of a promise keeps its place, too', async () => {
    const tries = new Map<number, number>()
    const rig = new Rig((env) => {
      env
        .fromCollection([1, 2, 3])
        .asyncMap(
          (n) => {
            const tried = (tries.get(n) ?? 0) + 1
            tries.set(n, tried)
            if (n === 2 && tried < 3) throw new Error('not yet')
            return Promise.resolve(n)
          },
          { name: 'op', retries: 2 },
        )
        .output('out')
    })
    expect(await rig.run('out')).toEqual([1, 2, 3])
    expect(rig.counts('op')).toEqual([3, 3, 0, 2, 0])
  })

  it('thenables that misbehave are heard once', async () => {
    const twice = {
      then: (resolve: (n: number) => void) => {
        resolve(1)
        resolve(2)
      },
    }
    const throws = {
      then: () => {
        throw new Error('broken')
      },
    }
    const rig = new Rig((env) => {
      const made = env.fromCollection([twice, throws] as any[])
      made.asyncMap((thenable) => thenable, { name: 'op', errors: 'skip' }).output('out')
    })
    expect(await rig.run('out')).toEqual([1])
    expect(rig.counts('op')).toEqual([2, 1, 1, 0, 0])
  })
})
