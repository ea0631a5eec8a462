import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Key, keyGroup, keyHash } from '../../codec/key.ts'
import type { KeyedEntry } from '../contract/keyed-store.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { changedSince } from './fixtures/changed-since.ts'
import { HeapStore } from './heap-store.ts'

const GROUPS = 8

function storeAt(clock = new ManualClock()) {
  return new HeapStore(GROUPS, clock)
}

/** Entries as an object by key, for comparison. */
function byKey(entries: Iterable<KeyedEntry>): Record<string, unknown> {
  return Object.fromEntries([...entries].map(({ key, values }) => [JSON.stringify(key), values]))
}

describe('a heap store', () => {
  it('keeps values by key and column, and forgets keys without any', () => {
    const store = storeAt()
    const count = store.column<number>('count')
    const slot = store.slot('a')
    count.set(slot, 1)
    const names = store.column<string[]>('names')
    names.set(store.slot(['b', 1]), ['x'])
    expect([store.size, store.find('a'), store.find('c')]).toEqual([2, slot, -1])
    expect(byKey(store.entries())).toEqual({ '"a"': { count: 1 }, '["b",1]': { names: ['x'] } })
    count.clear(slot)
    store.release(slot)
    expect([store.size, store.find('a')]).toEqual([1, -1])
  })

  it('a slot that is held stays, whatever else is released', () => {
    const store = storeAt()
    const slot = store.slot('a')
    store.hold(slot)
    store.release(slot)
    expect(store.find('a')).toBe(slot)
    store.unhold(slot)
    expect(store.find('a')).toBe(-1)
  })

  it('gives a slot to another key without a trace of the first', () => {
    const store = storeAt()
    const column = store.column('v')
    const slot = store.slot('a')
    column.set(slot, 1)
    column.clear(slot)
    store.release(slot)
    expect([store.slot('b'), column.get(slot)]).toEqual([slot, undefined])
  })

  it('lists keys group by group', () => {
    const store = storeAt()
    const column = store.column('v')
    for (let i = 0; i < 200; i++) column.set(store.slot(`k${i}`), i)
    const entries = [...store.entries()]
    expect(entries.map(({ group }) => group)).toEqual(
      entries.map(({ group }) => group).toSorted((a, b) => a - b),
    )
    for (const { group, key } of entries) expect(group).toBe(keyGroup(keyHash(key), GROUPS))
    expect(entries.length).toBe(200)
  })

  it('refuses what is no data, and keeps the old value', () => {
    const store = storeAt()
    const column = store.column('v')
    const slot = store.slot('a')
    column.set(slot, 1)
    expect(() => column.set(slot, { fn: () => 1 })).toThrow(
      expect.objectContaining({ code: 'SAGE_CODEC_UNSUPPORTED' }),
    )
    expect(column.get(slot)).toBe(1)
  })

  it('a value with a ttl is gone when it has not been set for so long, also for snapshots', () => {
    const clock = new ManualClock(1_000)
    const store = storeAt(clock)
    const column = store.column<number>('v', { ttlMs: 100 })
    const slot = store.slot('a')
    column.set(slot, 1)
    clock.advance(60)
    column.set(slot, 2)
    clock.advance(99)
    expect(column.get(slot)).toBe(2)
    const copy = storeAt(clock)
    const copied = copy.column<number>('v', { ttlMs: 100 })
    copy.restore(store.entries())
    clock.advance(1)
    expect([column.get(slot), copied.get(copy.slot('a'))]).toEqual([undefined, undefined])
  })

  it('a column that is asked for after a restore has its values, kept as it is asked for', () => {
    const clock = new ManualClock(1_000)
    const first = storeAt(clock)
    const options = {
      ttlMs: 100,
      encode: (n: number) => `${n}`,
      decode: (text: string) => Number(text),
    }
    first.column<number>('later', options).set(first.slot('a'), 7)
    first.column<number>('plain').set(first.slot('a'), 1)
    const store = storeAt(clock)
    store.restore(first.entries())
    // Saved again before anybody asks: as it came.
    expect(byKey(store.entries())).toEqual(byKey(first.entries()))
    const later = store.column<number>('later', options)
    expect([later.get(store.find('a')), store.column('plain').get(store.find('a'))]).toEqual([7, 1])
    clock.advance(100)
    expect(later.get(store.find('a'))).toBeUndefined()
  })

  it('so has one of another kind', () => {
    const clock = new ManualClock(1_000)
    const made = (store: HeapStore) => ({
      ttl: store.column<number>('ttl', { ttlMs: 100 }),
      coded: store.column<Map<string, number>>('coded', {
        encode: (map) => [...map],
        decode: (data, key) => new Map([...data, ['key', key]]),
      }),
      numbers: store.numbers('numbers'),
    })
    const store = storeAt(clock)
    const columns = made(store)
    for (const key of ['a', 'b']) {
      const slot = store.slot(key)
      columns.ttl.set(slot, 1)
      columns.coded.set(slot, new Map([['n', 1]]))
      columns.numbers.set(slot, key === 'a' ? 0.5 : -0)
    }
    const copy = storeAt(clock)
    copy.restore(store.entries())
    expect(byKey(copy.entries())).toEqual(byKey(store.entries()))
    const { ttl, coded, numbers } = made(copy)
    const slot = copy.find('a')
    expect([ttl.get(slot), [...coded.get(slot)!], numbers.get(slot)]).toEqual([
      1,
      [
        ['n', 1],
        ['key', 'a'],
      ],
      0.5,
    ])
    clock.advance(100)
    expect([ttl.get(slot), numbers.at(copy.find('b'))]).toEqual([undefined, -0])
  })

  it('keeps numbers without objects: NaN is none', () => {
    const store = storeAt()
    const numbers = store.numbers('n')
    for (let i = 0; i < 100; i++) numbers.set(store.slot(i), i / 2)
    expect(store.numbers('n')).toBe(numbers)
    expect([numbers.at(store.find(99)), numbers.get(store.find(1))]).toEqual([49.5, 0.5])
    const slot = store.find(7)
    numbers.clear(slot)
    expect([numbers.get(slot), numbers.at(slot)]).toEqual([undefined, Number.NaN])
    const mark = store.mark()
    numbers.set(store.find(3), 8)
    store.release(slot)
    expect(byKey(changedSince(store, mark))).toEqual({ 3: { n: 8 }, 7: undefined })
    expect(store.size).toBe(99)
  })
})

describe('what changed since a mark', () => {
  it('is what was set, touched, cleared or removed later', () => {
    const store = storeAt()
    const column = store.column<any>('v')
    const set = (key: Key, value: unknown) => column.set(store.slot(key), value)
    const drop = (key: Key) => {
      const slot = store.find(key)
      column.clear(slot)
      store.release(slot)
    }
    set('a', 1)
    set('b', { n: 1 })
    const first = store.mark()
    expect(byKey(changedSince(store, first))).toEqual({})
    set('c', 3)
    column.get(store.find('b')).n = 2
    column.touch(store.find('b'))
    const second = store.mark()
    drop('a')
    drop('c')
    set('c', 4)
    drop('c')
    expect(byKey(changedSince(store, second))).toEqual({ '"a"': undefined, '"c"': undefined })
    // Who came later and is gone again was never there.
    expect(byKey(changedSince(store, first))).toEqual({
      '"a"': undefined,
      '"b"': { v: { n: 2 } },
    })
    store.forget(second)
    const third = store.mark()
    set('a', 9)
    expect(byKey(changedSince(store, third))).toEqual({ '"a"': { v: 9 } })
  })

  it('is nothing of what was restored, though it is asked for only then', () => {
    const store = storeAt()
    store.restore([
      { group: 0, key: 'a', values: { v: 1 } },
      { group: 0, key: 'b', values: { v: 2 } },
    ])
    const mark = store.mark()
    const column = store.column<number>('v')
    expect(byKey(changedSince(store, mark))).toEqual({})
    column.set(store.find('b'), 3)
    expect(byKey(changedSince(store, mark))).toEqual({ '"b"': { v: 3 } })
  })

  it('of some key groups everything', () => {
    const store = storeAt()
    const column = store.column<number>('v')
    for (let key = 0; key < 100; key++) column.set(store.slot(key), key)
    const mark = store.mark()
    for (const key of [1, 2, 3]) column.set(store.slot(key), -key)
    const all = [...store.entries()]
    const range = { from: all[20].group, to: all[60].group }
    const isWhole = (group: number) => group >= range.from && group < range.to
    const expected = all.filter(
      ({ group, key }) => isWhole(group) || [1, 2, 3].includes(key as number),
    )
    expect(byKey(changedSince(store, mark, range))).toEqual(byKey(expected))
    const { keys, replaced } = store.countsSince(mark)
    expect([sum(keys), replaced]).toEqual([100, 3])
    for (const group of keys.keys())
      expect(keys[group]).toBe(all.filter((one) => one.group === group).length)
  })

  it('added to what was there at the mark gives what is there now', () => {
    const step = fc.tuple(fc.integer({ min: 0, max: 12 }), fc.option(fc.integer(), { freq: 3 }))
    fc.assert(
      fc.property(fc.array(step), fc.array(step), fc.array(step), (before, between, after) => {
        const store = storeAt()
        const column = store.column<number>('v')
        const run = (steps: [number, number | null][]) => {
          for (const [key, value] of steps) {
            const slot = store.slot(key)
            if (value === null) column.clear(slot)
            else column.set(slot, value)
            store.release(slot)
          }
        }
        run(before)
        const mark = store.mark()
        const copy = storeAt()
        copy.restore([...store.entries()])
        run(between)
        store.mark()
        run(after)
        copy.restore([...changedSince(store, mark)])
        expect(byKey(copy.entries())).toEqual(byKey(store.entries()))
      }),
    )
  })
})

const sum = (numbers: Uint32Array): number => numbers.reduce((a, b) => a + b, 0)
