import { describe, expect, it } from 'vitest'
import { keyGroup, keyHash } from '../../codec/key.ts'
import type { BaseEnvironment } from '../api/base-environment.ts'
import type { GraphNode, Partitioning } from '../graph/node.ts'
import { Rig } from './fixtures/rig.ts'
import { pickInFlight } from './in-flight.ts'

/** A node with one input of this partitioning. */
const node = (type: Partitioning['type'], keying?: Partitioning['type']) =>
  ({
    name: 'there',
    inputs: [{ partitioning: { type }, keying: keying && { type: keying } }],
  }) as unknown as GraphNode

const records = [0, 1, 2, 3, 4, 5].map((n) => ({ edge: 0, value: n, key: `k${n}` }))
const all = [
  { subtask: 0, items: records.slice(0, 4) },
  { subtask: 1, items: records.slice(4) },
]
const values = (of: GraphNode, subtask: number, parallelism: number, edge = 0) => {
  const moved = all.map(({ subtask, items }) => ({
    subtask,
    items: items.map((item) => ({ ...item, edge })),
  }))
  const share = { subtask, parallelism, parallelismBefore: 2, maxParallelism: 128 }
  return pickInFlight(moved, of, share).map(({ value }) => value)
}

describe('records in flight', () => {
  it.each(['hash', 'rebalance', 'forward', 'broadcast', 'custom'] as const)(
    'stay where they were sent under the same parallelism: %s',
    (type) => {
      expect([values(node(type), 0, 2), values(node(type), 1, 2)]).toEqual([
        [0, 1, 2, 3],
        [4, 5],
      ])
    },
  )

  it.each([
    ['hash', node('hash')],
    ['keyed, forward', node('forward', 'hash')],
  ])('go where their keys go under another: %s', (_, of) => {
    for (let subtask = 0; subtask < 3; subtask++) {
      const mine = records.filter(
        ({ key }) => Math.floor((keyGroup(keyHash(key), 128) * 3) / 128) === subtask,
      )
      expect(values(of, subtask, 3)).toEqual(mine.map(({ value }) => value))
    }
  })

  it.each([
    ['rebalance', node('rebalance'), 0],
    ['forward', node('forward'), 0],
    ['from the main thread', node('forward'), -1],
  ])('are dealt out in turn without a key: %s', (_, of, edge) => {
    expect([0, 1, 2].map((subtask) => values(of, subtask, 3, edge))).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ])
  })

  it('that are broadcast do not move', () => {
    expect(() => values(node('broadcast'), 0, 3)).toThrow(
      expect.objectContaining({
        code: 'SAGE_RESCALE',
        message: expect.stringContaining("'there'"),
      }),
    )
  })

  /** 1 to 20. */
  const source = {
    partitions: () => ['all'],
    open: (_: string, position = 1) => {
      let next = position as number
      return { next: () => (next > 20 ? null : [next++]), position: () => next }
    },
  }

  it('keep their order, however their ways are fused', async () => {
    const programOf = (a: number, b: number) => (env: BaseEnvironment) =>
      env
        .fromSource(source, { parallelism: 1 })
        .keyBy(() => 'the one')
        .map((n: number) => n, { parallelism: a })
        .map((n: number) => n, { parallelism: b })
        .output('out')
    const rig = new Rig(programOf(2, 3))
    rig.unaligned = true
    for (const task of rig.tasks) await task.open()
    // The source and the first map; then the source only.
    for (const some of [3, 1])
      for (let i = 0; i < 3; i++) for (const task of rig.tasks.slice(0, some)) task.step(rig.nowMs)
    rig.trigger(1)
    rig.settle()
    const cuts = rig.taken(1)!
    const ways = cuts.flatMap(({ inFlight }) => inFlight.map(({ node }) => node))
    expect(new Set(ways).size).toBe(2)
    const expected = Array.from({ length: 20 }, (_, i) => i + 1)
    for (const [a, b] of [
      [1, 1],
      [2, 2],
      [3, 2],
    ])
      expect(await new Rig(programOf(a, b), {}, cuts).run('out')).toEqual(expected)
  })

  it('go into the chain of a source where they were on their way to what is fused with it now: it is read as ever', async () => {
    const program = (env: BaseEnvironment) =>
      env
        .fromSource(source, { parallelism: 1 })
        .map((n: number) => n + 100)
        .rebalance()
        .map((n: number) => 10 * n)
        .output('out')
    const rig = new Rig(program, { parallelism: 2 })
    rig.unaligned = true
    for (const task of rig.tasks) await task.open()
    // The source only: what it sends waits before the second map.
    for (let i = 0; i < 5; i++) rig.tasks[0].step(rig.nowMs)
    rig.trigger(1)
    rig.settle()
    const cuts = rig.taken(1)!
    const sent = cuts.flatMap(({ inFlight }) => inFlight.flatMap(({ records }) => records))
    expect(sent.length).toBeGreaterThan(2)
    const again = new Rig(program, { parallelism: 1 }, cuts)
    const expected = Array.from({ length: 20 }, (_, i) => 10 * (i + 101))
    const got = (await again.run('out')) as number[]
    expect(got.toSorted((a, b) => a - b)).toEqual(expected)
  })

  it('that are partial results, or have no way any more, are refused', async () => {
    const final = (env: BaseEnvironment) =>
      env
        .createStream<number>('in')
        .rebalance()
        .map((n: number) => n)
        .keyBy((n: number) => n % 3)
        .reduceFinal('sums', (a: number, b: number) => a + b)
        .output('out')
    const rig = new Rig(final, { parallelism: 2 })
    rig.unaligned = true
    await rig.open()
    rig.push('in', 1, 2, 3, 4, 5, 6)
    // The first two chains only: what they send waits before the third.
    for (let i = 0; i < 20; i++) for (const task of rig.tasks.slice(0, 3)) task.step(rig.nowMs)
    rig.trigger(1)
    rig.settle()
    const cuts = rig.taken(1)!
    const sent = cuts.flatMap(({ inFlight }) => inFlight.flatMap(({ records }) => records))
    expect(sent.length).toBeGreaterThan(0)
    expect(() => new Rig(final, { parallelism: 1 }, cuts)).toThrow(
      expect.objectContaining({ code: 'SAGE_RESCALE', message: expect.stringContaining("'sums'") }),
    )
    const again = new Rig(final, { parallelism: 3 }, cuts)
    again.end('in')
    expect((await again.run('out')).toSorted()).toEqual([5, 7, 9])
    const elsewhere = cuts.map((cut) => ({
      ...cut,
      inFlight: cut.inFlight.map(({ node, records }) => ({
        node,
        records: records.map((record) => ({ ...record, edge: 7 })),
      })),
    }))
    expect(() => new Rig(final, { parallelism: 2 }, elsewhere)).toThrow(
      expect.objectContaining({ code: 'SAGE_CHECKPOINT_INCOMPATIBLE' }),
    )
  })
})
