import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Key } from '../../codec/key.ts'
import type { KeyedEntry, KeyedItem, Slice, TimeDomain } from '../contract/keyed-store.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { readItem } from './fixtures/read-item.ts'
import { HeapStore } from './heap-store.ts'
import { KeyedState } from './keyed-state.ts'

const GROUPS = 8

/** All of it in one go. */
const ALL: Slice = { spent: () => false }

/** So many steps, then enough. */
const steps = (count: number): Slice => {
  let left = count
  return { spent: () => --left <= 0 }
}

/** Takes entries down as they are at that moment, as encoding does. */
class Copies {
  readonly entries: KeyedEntry[] = []
  readonly early: Key[] = []

  readonly take = (item: KeyedItem, early: boolean): number => {
    this.entries.push(readItem(item))
    if (early) this.early.push(item.key)
    return 1
  }
}

/** By key; a key that comes twice is an error. */
function byKey(entries: Iterable<KeyedEntry>): Record<string, unknown> {
  const all: Record<string, unknown> = {}
  for (const { key, values } of entries) {
    const name = JSON.stringify(key)
    expect(all).not.toHaveProperty([name])
    all[name] = structuredClone(values)
  }
  return all
}

describe('a cut', () => {
  it('gives what was there, whatever becomes of it', () => {
    const store = new HeapStore(GROUPS, new ManualClock())
    const column = store.column<{ n: number }>('v')
    const numbers = store.numbers('n')
    for (const key of ['a', 'b', 'c', 'd']) {
      column.set(store.slot(key), { n: 1 })
      numbers.set(store.slot(key), 1)
    }
    const before = byKey(store.entries())
    const copies = new Copies()
    const cut = store.cut(copies.take)
    column.get(store.find('a'))!.n = 2
    column.touch(store.find('a'))
    numbers.set(store.find('b'), 2)
    column.clear(store.find('c'))
    numbers.clear(store.find('c'))
    store.release(store.find('c'))
    column.set(store.slot('e'), { n: 5 })
    column.set(store.slot('c'), { n: 6 })
    expect(copies.early).toEqual(['a', 'b', 'c'])
    expect(cut.advance(ALL)).toBe(true)
    expect(byKey(copies.entries)).toEqual(before)
    // And what has changed behind it is told by its mark.
    const later = new Copies()
    store.cut(later.take, { since: cut.mark, whole: { from: 0, to: 0 } }).advance(ALL)
    expect(Object.keys(byKey(later.entries)).toSorted()).toEqual(['"a"', '"b"', '"c"', '"e"'])
  })

  it('takes a number that is only read in its turn', () => {
    const store = new HeapStore(GROUPS, new ManualClock())
    const numbers = store.numbers('n')
    numbers.set(store.slot('a'), 1)
    const copies = new Copies()
    const cut = store.cut(copies.take)
    expect(numbers.at(store.find('a'))).toBe(1)
    expect(copies.entries).toEqual([])
    cut.advance(ALL)
    expect(copies.entries.length).toBe(1)
  })

  it('has a value that ran out of time meanwhile', () => {
    const clock = new ManualClock(1_000)
    const store = new HeapStore(GROUPS, clock)
    const column = store.column<string>('v', { ttlMs: 100 })
    column.set(store.slot('old'), 'x')
    clock.advance(50)
    column.set(store.slot('a'), 'y')
    column.set(store.slot('b'), 'z')
    clock.advance(50)
    const copies = new Copies()
    const cut = store.cut(copies.take)
    clock.advance(60)
    expect(column.get(store.find('a'))).toBeUndefined()
    store.release(store.find('a'))
    expect(store.find('a')).toBe(-1)
    cut.advance(ALL)
    expect(byKey(copies.entries)).toEqual({
      '"old"': {},
      '"a"': { v: ['y', 1_050] },
      '"b"': { v: ['z', 1_050] },
    })
  })

  it('tells nobody but its taker of what cannot be written', () => {
    const store = new HeapStore(GROUPS, new ManualClock())
    const column = store.column<number>('v', {
      encode: (n) => {
        if (n === 2) throw new Error('no 2')
        return n
      },
    })
    for (const key of [1, 2, 3]) column.set(store.slot(key), key)
    const { take } = new Copies()
    const cut = store.cut(take)
    column.set(store.find(2), 4)
    expect(column.get(store.find(2))).toBe(4)
    expect(() => cut.advance(ALL)).toThrow('no 2')
    expect(store.cut(take).advance(ALL)).toBe(true)
    column.set(store.find(2), 2)
    expect(() => store.cut(take).advance(ALL)).toThrow('no 2')
    // It is over, too.
    expect(store.cut(take).advance(steps(1))).toBe(false)
  })

  it('comes after the one before, be it abandoned', () => {
    const store = new HeapStore(GROUPS, new ManualClock())
    const column = store.column<number>('v')
    column.set(store.slot('a'), 1)
    const first = new Copies()
    const cut = store.cut(first.take)
    expect(() => store.cut(first.take)).toThrow(expect.objectContaining({ code: 'SAGE_STATE' }))
    cut.abandon()
    column.set(store.find('a'), 2)
    expect(first.entries).toEqual([])
    expect(cut.advance(ALL)).toBe(true)
    const second = new Copies()
    store.cut(second.take).advance(ALL)
    expect(byKey(second.entries)).toEqual({ '"a"': { v: 2 } })
  })

  it('goes group by group, but for what comes early', () => {
    const store = new HeapStore(GROUPS, new ManualClock())
    const column = store.column<number>('v')
    for (let key = 0; key < 100; key++) column.set(store.slot(key), key)
    const copies = new Copies()
    const cut = store.cut(copies.take)
    cut.advance(steps(30))
    for (let key = 0; key < 100; key += 3) column.get(store.find(key))
    cut.advance(ALL)
    const inTurn = copies.entries.filter(({ key }) => !copies.early.includes(key))
    const groups = inTurn.map(({ group }) => group)
    expect(copies.early.length).toBeGreaterThan(10)
    expect(copies.entries.length).toBe(100)
    expect(groups).toEqual(groups.toSorted((a, b) => a - b))
  })
})

type Action =
  | { readonly do: 'set' | 'change' | 'number' | 'clear' | 'read'; readonly key: number }
  | { readonly do: 'cut' | 'advance' | 'wait'; readonly count: number }
  | { readonly do: 'register' | 'delete'; readonly key: number; readonly at: number }
  | { readonly do: 'fire'; readonly at: number }
  | { readonly do: 'savepoint' | 'abandon' | 'forget' }

const key = fc.integer({ min: 0, max: 14 })
const at = fc.integer({ min: 0, max: 20 })
const count = fc.integer({ min: 1, max: 6 })
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('set', 'change', 'number', 'clear', 'read'),
      key,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('cut', 'advance', 'wait'), count }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('register', 'delete'), key, at }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fire'), at }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('savepoint', 'abandon', 'forget') }),
  },
)

/** A cut that is under way, and what it must come to. */
interface Open {
  readonly copies: Copies
  readonly timers: string[]
  readonly cuts: { advance(slice: Slice): boolean; abandon(): void }[]
  readonly isWhole: boolean
  readonly mark: number
  readonly at: number
  readonly state: Record<string, unknown>
  readonly registered: string[]
}

/** Keyed state, with what its checkpoints hold beside it. */
class Subject {
  readonly clock = new ManualClock(1_000)
  readonly keyed = new KeyedState(
    { name: 'op', keyed: true, maxParallelism: GROUPS, clock: this.clock },
    { key: undefined, timestamp: Number.NaN, watermark: 0, ask: 0 } as never,
  )
  readonly #values = this.keyed.store.column<{ n: number[] }>('values')
  readonly #brief = this.keyed.store.column<number>('brief', { ttlMs: 10 })
  readonly #numbers = this.keyed.store.numbers('numbers')
  #open: Open | undefined
  /** What the last one that became complete gives when it is restored, and its mark. */
  #base: { readonly mark: number; readonly copy: HeapStore } | undefined

  run(given: Action): void {
    const { store, eventTimers: timers } = this.keyed
    switch (given.do) {
      case 'set':
        this.#values.set(store.slot(given.key), { n: [given.key] })
        this.#brief.set(store.slot(given.key), given.key)
        break
      case 'change': {
        const slot = store.find(given.key)
        const value = slot === -1 ? undefined : this.#values.get(slot)
        if (value === undefined) break
        value.n.push(value.n.length)
        this.#values.touch(slot)
        break
      }
      case 'number':
        this.#numbers.set(store.slot(given.key), given.key + store.size)
        break
      case 'clear': {
        const slot = store.find(given.key)
        if (slot === -1) break
        this.#values.clear(slot)
        if (given.key % 2 === 0) this.#brief.clear(slot)
        this.#numbers.clear(slot)
        store.release(slot)
        break
      }
      case 'read': {
        const slot = store.find(given.key)
        if (slot === -1) break
        this.#brief.get(slot)
        store.release(slot)
        break
      }
      case 'register':
        timers.register(store.slot(given.key), given.at)
        break
      case 'delete': {
        const slot = store.find(given.key)
        if (slot !== -1) timers.delete(slot, given.at)
        break
      }
      case 'fire':
        while (timers.take(given.at) !== -1) timers.done()
        break
      case 'wait':
        this.clock.advance(given.count)
        break
      case 'cut':
        if (this.#open === undefined) this.#begin(given.count % 2 === 0, given.count)
        break
      case 'savepoint':
        if (this.#open === undefined) this.#begin(true, 0)
        break
      case 'advance':
        this.advance(steps(given.count))
        break
      case 'abandon':
        for (const cut of this.#open?.cuts ?? []) cut.abandon()
        this.#open = undefined
        break
      case 'forget':
        if (this.#base !== undefined && this.#open === undefined) store.forget(this.#base.mark - 1)
    }
  }

  #begin(everything: boolean, from: number): void {
    const { store } = this.keyed
    const copies = new Copies()
    const timers: string[] = []
    const state = byKey(store.entries())
    const registered = [...this.keyed.timerEntries()].map(nameOf).toSorted()
    const base = everything ? undefined : this.#base
    const range = base && { since: base.mark, whole: { from, to: from + 2 } }
    const cut = store.cut(copies.take, range)
    const ofTimers = this.keyed.cutTimers((timer) => timers.push(nameOf(timer)))
    this.#open = {
      copies,
      timers,
      cuts: [cut, ...ofTimers],
      isWhole: range === undefined,
      mark: cut.mark,
      at: this.clock.now(),
      state,
      registered,
    }
  }

  advance(slice: Slice): void {
    const open = this.#open
    if (open === undefined) return
    while (open.cuts.length > 0) {
      if (!open.cuts[0].advance(slice)) return
      open.cuts.shift()
    }
    this.#open = undefined
    expect(open.timers.toSorted()).toEqual(open.registered)
    const copy = this.#restored(open)
    expect(byKey(copy.entries())).toEqual(open.state)
    this.#base = { mark: open.mark, copy }
  }

  /** What a restore gives: on top of the base, where it is no whole. */
  #restored({ copies, isWhole, at }: Open): HeapStore {
    // It is looked at by the time of the cut.
    const copy = new HeapStore(GROUPS, new ManualClock(at))
    for (const name of ['values', 'brief', 'numbers'])
      copy.column(name, name === 'brief' ? { ttlMs: 10 } : {})
    if (!isWhole) copy.restore(this.#base!.copy.entries())
    copy.restore(copies.entries)
    return copy
  }
}

const nameOf = ({ key, domain, at }: { key: Key; domain: TimeDomain; at: number }): string =>
  `${key} ${domain} ${at}`

describe('however slices and changes come', () => {
  it('a cut is the state of its moment, alone or on top of those before', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 100, size: 'max' }), (actions) => {
        const subject = new Subject()
        for (const one of actions) subject.run(one)
        subject.advance(ALL)
      }),
      { numRuns: 300 },
    )
  })
})
