import { describe, expect, it, test } from 'vitest'
import type { DataStream } from '../index.ts'
import { Rig } from './fixtures/rig.ts'
import { copyRecord, shareRecord } from './strict-records.ts'

describe('a shared record', () => {
  it('is frozen to its depth, and stays the same object', () => {
    const record = { list: [{ n: 1 }], text: 'x' }
    expect(shareRecord(record)).toBe(record)
    expect([record, record.list, record.list[0]].every(Object.isFrozen)).toBe(true)
  })

  test.each([
    ['a Map', new Map([[1, 2]])],
    ['a Set deep inside', { a: [{ b: new Set([1]) }] }],
    ['a Date', new Date(5)],
    ['bytes', { bytes: new Uint8Array([1, 2]) }],
  ])('that holds %s is copied', (_, record) => {
    const shared = shareRecord(record)
    expect(shared).not.toBe(record)
    expect(shared).toEqual(record)
    expect(Object.isFrozen(record)).toBe(false)
  })

  test.each([0, 'text', true, 7n])('%s is itself', (value) =>
    expect(shareRecord(value)).toBe(value),
  )

  it('that its maker keeps is copied first, never frozen', () => {
    const kept = { list: [{ n: 1 }], at: new Date(3) }
    const copy = copyRecord(kept) as typeof kept
    expect(copy).toEqual(kept)
    shareRecord(copy)
    expect([kept, kept.list, kept.list[0]].some(Object.isFrozen)).toBe(false)
    expect(copy.list[0]).not.toBe(kept.list[0])
    expect(copy.at).not.toBe(kept.at)
  })
})

describe('behind a fan-out', () => {
  type Box = { n: number; seen: Set<string> | string[] }

  /** Two consumers that both write; what the second one finds. */
  async function written(make: () => Box, strict: boolean, errors: 'skip' | 'fail' = 'skip') {
    const write = (who: string) => (box: Box) => {
      box.n++
      return `${who} ${box.n}`
    }
    const rig = new Rig(
      (env) => {
        const boxes: DataStream<Box> = env.fromGenerator(1, make)
        boxes
          .map(write('a'), { name: 'a', errors })
          .union(boxes.map(write('b'), { name: 'b', errors }))
          .output('out')
      },
      { strict },
    )
    return { out: await rig.run('out'), rig }
  }

  it('strict refuses a change in place of plain records, charged to who changed them', async () => {
    const { out, rig } = await written(() => ({ n: 0, seen: [] }), true)
    expect(out).toEqual([])
    expect([rig.counts('a'), rig.counts('b')]).toEqual([
      [1, 0, 1, 0, 0],
      [1, 0, 1, 0, 0],
    ])
  })

  it('strict gives each consumer its own copy of what cannot be frozen', async () => {
    expect((await written(() => ({ n: 0, seen: new Set() }), true)).out).toEqual(['a 1', 'b 1'])
  })

  it('without strict they share the record', async () => {
    expect((await written(() => ({ n: 0, seen: [] }), false)).out).toEqual(['a 1', 'b 2'])
  })

  it("the caller's own objects are not frozen", async () => {
    const mine = [{ n: 1 }]
    const rig = new Rig(
      (env) => {
        const boxes = env.fromCollection(mine)
        boxes
          .map((box) => box.n)
          .union(boxes.map((box) => -box.n))
          .output('out')
      },
      { strict: true },
    )
    expect(await rig.run('out')).toEqual([1, -1])
    expect(Object.isFrozen(mine[0])).toBe(false)
    mine[0].n = 2
  })

  it('a lone consumer may change its record in place', async () => {
    const rig = new Rig(
      (env) =>
        void env
          .fromGenerator(2, (n) => ({ n }))
          .map((box) => {
            box.n += 10
            return box
          })
          .output('out'),
      { strict: true },
    )
    expect(await rig.run('out')).toEqual([{ n: 10 }, { n: 11 }])
  })
})

describe('where an exchange is fused away', () => {
  const fused = (strict: boolean, count: number) => {
    const rig = new Rig(
      (env) =>
        void env
          .fromGenerator(count, (n) => (n === count - 1 ? { f: () => 1 } : { f: n }) as any, {
            name: 'src',
            errors: 'skip',
          })
          .rebalance()
          .map(() => 'through')
          .output('out'),
      { strict },
    )
    return rig.run('out').then((out) => ({ out: out.length, counts: rig.counts('src') }))
  }

  it('the first 100 records are checked as if they crossed', async () => {
    expect(await fused(false, 100)).toEqual({ out: 99, counts: [0, 99, 1, 0, 0] })
    expect(await fused(false, 101)).toEqual({ out: 101, counts: [0, 101, 0, 0, 0] })
  })

  it('strict checks all', async () => {
    expect(await fused(true, 101)).toEqual({ out: 100, counts: [0, 100, 1, 0, 0] })
  })
})
