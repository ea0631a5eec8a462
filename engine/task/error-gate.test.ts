import { describe, expect, it, test } from 'vitest'
import type { DataStream, ErrorPolicy } from '../index.ts'
import { OutputTag } from '../index.ts'
import { Rig, turn } from './fixtures/rig.ts'

const BACKOFF = 50

/** A function that fails on odd numbers, the first `times` times for each. */
function flaky(times: number) {
  const calls = new Map<number, number>()
  return (n: number) => {
    const call = (calls.get(n) ?? 0) + 1
    calls.set(n, call)
    if (n % 2 === 1 && call <= times) throw new RangeError(`odd ${n}, call ${call}`)
    return `v${n}`
  }
}

function rigOf(
  build: (s: DataStream<number>, errors: ErrorPolicy) => DataStream<any>,
  errors: ErrorPolicy,
  values = [0, 1, 2, 3],
) {
  return new Rig((env) => void build(env.fromCollection(values), errors).output('out'))
}

const mapped = (times: number) => (s: DataStream<number>, errors: ErrorPolicy) =>
  s.map(flaky(times), { name: 'op', errors })

describe('policies without a wait', () => {
  test.each<[string, ErrorPolicy, number, unknown[], number[]]>([
    ['skip', 'skip', 1, ['v0', 'v2'], [4, 2, 2, 0, 0]],
    ['dead letter', { deadLetter: true }, 1, ['v0', 'v2'], [4, 2, 2, 0, 0]],
    ['retry that helps', { retry: 2 }, 2, ['v0', 'v1', 'v2', 'v3'], [4, 4, 0, 4, 0]],
    ['retry in vain, then skip', { retry: 2, then: 'skip' }, 3, ['v0', 'v2'], [4, 2, 2, 4, 0]],
  ])('%s', async (_, policy, times, out, counts) => {
    const rig = rigOf(mapped(times), policy)
    expect(await rig.run('out')).toEqual(out)
    expect(rig.counts('op')).toEqual(counts)
  })

  it('fail ends the task with the operator, the subtask and the cause, and counts the failure', async () => {
    const rig = rigOf(mapped(1), 'fail')
    await expect(rig.run('out')).rejects.toMatchObject({
      code: 'SAGE_USER_ERROR',
      operator: 'op',
      subtask: 0,
      cause: { name: 'RangeError', message: 'odd 1, call 1' },
    })
    expect(rig.counts('op')).toEqual([2, 1, 1, 0, 0])
  })

  it('a failure behind user code that catches everything still ends the task', async () => {
    const rig = rigOf(
      (s, errors) =>
        s
          .process((n: number, _, out) => {
            try {
              out.collect(n)
            } catch {
              // Swallowed: it is not this function's to handle.
            }
          })
          .map(flaky(9), { name: 'op', errors }),
      'fail',
    )
    await expect(rig.run('out')).rejects.toMatchObject({ code: 'SAGE_USER_ERROR', operator: 'op' })
  })

  it('the failure of an operator behind is not charged to those before', async () => {
    const rig = rigOf(
      (s, errors) =>
        s.flatMap((n) => [n, n], { name: 'before', errors }).map(flaky(9), { name: 'op', errors }),
      'skip',
    )
    expect(await rig.run('out')).toEqual(['v0', 'v0', 'v2', 'v2'])
    expect([rig.counts('before'), rig.counts('op')]).toEqual([
      [4, 8, 0, 0, 0],
      [8, 4, 4, 0, 0],
    ])
  })
})

describe('what went wrong', () => {
  test.each<[string, (s: DataStream<number>) => DataStream<any>, string]>([
    ['a promise from map', (s) => s.map((async (n: number) => n) as any), 'SAGE_PROMISE'],
    ['a promise from filter', (s) => s.filter((async () => true) as any), 'SAGE_PROMISE'],
    ['a promise from process', (s) => s.process((async () => {}) as any), 'SAGE_PROMISE'],
    ['a number from flatMap', (s) => s.flatMap(((n: number) => n) as any), 'SAGE_NOT_ITERABLE'],
    ['an object as a key', (s) => s.keyBy((() => ({})) as any), 'SAGE_KEY'],
    [
      'a function as a record of an exchange',
      (s) =>
        s
          .map((() => () => 1) as any)
          .rebalance()
          .map((n) => n),
      'SAGE_CODEC_UNSUPPORTED',
    ],
  ])('%s is %3$s', async (_, build, code) => {
    await expect(rigOf(build, 'fail').run('out')).rejects.toMatchObject({ code })
  })

  it('a record that an exchange refuses was not emitted: charged to its maker, by its policy', async () => {
    const rig = rigOf(
      (s, errors) => s.map((n) => (n === 2 ? () => n : n) as any, { name: 'op', errors }),
      'skip',
    )
    expect(await rig.run('out')).toEqual([0, 1, 3])
    expect(rig.counts('op')).toEqual([4, 3, 1, 0, 0])
  })
})

describe('dead letters', () => {
  it('go to their stream with the key and the number of attempts', async () => {
    const rig = rigOf(
      (s, errors) =>
        s
          .keyBy((n) => `k${n}`)
          .map(flaky(9), { name: 'op', errors })
          .deadLetters()
          .map(({ value, key, operator, attempts, error }) => [
            value,
            key,
            operator,
            attempts,
            (error as any).code,
          ]),
      { retry: 1, then: { deadLetter: true } },
    )
    expect(await rig.run('out')).toEqual([
      [1, 'k1', 'op', 2, 'SAGE_USER_ERROR'],
      [3, 'k3', 'op', 2, 'SAGE_USER_ERROR'],
    ])
    expect(rig.letters).toEqual([])
  })

  it('without a stream of their own go to the job', async () => {
    const rig = rigOf(mapped(9), { deadLetter: true })
    await rig.run('out')
    expect(rig.letters.map(({ value, attempts }) => [value, attempts])).toEqual([
      [1, 1],
      [3, 1],
    ])
  })
})

describe('a retry with a backoff', () => {
  const policy: ErrorPolicy = { retry: 2, backoff: BACKOFF, then: 'skip' }

  async function opened(times: number, build = mapped(times), values = [0, 1, 2, 3]) {
    const rig = rigOf(build, policy, values)
    await rig.open()
    return rig
  }

  async function finish(rig: Rig): Promise<void> {
    for (let i = 0; !rig.ended && i < 100; i++) {
      rig.settle()
      await turn()
    }
    expect(rig.ended).toBe(true)
  }

  it('holds what is behind it until its time has come, and keeps the order', async () => {
    const rig = await opened(2)
    rig.settle()
    expect(rig.read('out')).toEqual(['v0'])
    expect(rig.tasks[0].dueMs).toBe(rig.nowMs + BACKOFF)
    rig.nowMs += BACKOFF
    rig.settle()
    expect(rig.read('out')).toEqual([])
    rig.nowMs += BACKOFF
    rig.settle()
    expect(rig.read('out')).toEqual(['v1', 'v2'])
    rig.nowMs += 2 * BACKOFF
    rig.settle()
    expect(rig.read('out')).toEqual([])
    rig.nowMs += BACKOFF
    await finish(rig)
    expect(rig.read('out')).toEqual(['v3'])
    expect(rig.counts('op')).toEqual([4, 4, 0, 4, 0])
  })

  it('gives up after its attempts, and lets the rest go on', async () => {
    const rig = await opened(9)
    for (let i = 0; i < 10; i++) {
      rig.settle()
      rig.nowMs += BACKOFF
    }
    await finish(rig)
    expect(rig.read('out')).toEqual(['v0', 'v2'])
    expect(rig.counts('op')).toEqual([4, 2, 2, 4, 0])
  })

  it('inside one expansion queues up the items behind it, with their keys', async () => {
    const fails = flaky(1)
    const rig = await opened(
      1,
      (s, errors) =>
        s
          .flatMap((n) => [n, n + 1, n + 2])
          .keyBy((n) => `k${n}`)
          .map((n, ctx) => `${fails(n)} ${ctx.key}`, { name: 'op', errors }),
      [0],
    )
    rig.settle()
    expect(rig.read('out')).toEqual(['v0 k0'])
    rig.nowMs += BACKOFF
    await finish(rig)
    expect(rig.read('out')).toEqual(['v1 k1', 'v2 k2'])
    expect(rig.counts('op')).toEqual([3, 3, 0, 1, 0])
  })

  it('of a process function emits nothing of the failed attempt, side outputs included', async () => {
    const side = new OutputTag<string>('side')
    const rig = await opened(
      1,
      (s, errors) => {
        let calls = 0
        const main = s.process(
          (n: number, _, out) => {
            out.collect(n)
            out.collectTo(side, `s${n}`)
            if (calls++ === 0) throw new Error('the first')
          },
          { name: 'op', errors },
        )
        return main.union(main.sideOutput(side) as any)
      },
      [7],
    )
    rig.settle()
    expect(rig.read('out')).toEqual([])
    rig.nowMs += BACKOFF
    await finish(rig)
    expect(rig.read('out')).toEqual([7, 's7'])
    expect(rig.counts('op')).toEqual([1, 2, 0, 1, 0])
  })
})
