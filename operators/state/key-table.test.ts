import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Key, KeyMap, keyHash } from '../../codec/key.ts'
import { KeyTable } from './key-table.ts'

const keys = fc.oneof(
  fc.integer({ min: -3, max: 40 }),
  fc.constantFrom('a', 'b', '', '1', true, false, 1n, 2n ** 70n, Number.NaN),
  fc.tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom('x', 'y')),
) as fc.Arbitrary<Key>

describe('a key table', () => {
  it('finds what was added and not removed, whatever happened in between', () => {
    const step = fc.tuple(fc.constantFrom('add', 'remove'), keys)
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const table = new KeyTable()
        const model = new KeyMap<number>()
        for (const [what, key] of steps) {
          const slot = table.find(key)
          expect(slot).toBe(model.get(key) ?? -1)
          if (what === 'add' && slot === -1) model.set(key, table.add(key))
          if (what === 'remove' && slot !== -1) {
            table.remove(slot)
            model.delete(key)
          }
          expect(table.size).toBe(model.size)
        }
        const seen: (readonly [Key, number])[] = []
        table.forEach((slot, key, hash) => {
          expect([table.keyAt(slot), hash]).toEqual([key, keyHash(key)])
          seen.push([key, slot])
        })
        expect(new Set(seen.map(([, slot]) => slot)).size).toBe(model.size)
        for (const [key, slot] of seen) expect(model.get(key)).toBe(slot)
      }),
    )
  })

  it('uses slots again: they are never more than there were keys at once', () => {
    const table = new KeyTable()
    for (let round = 0; round < 50; round++) {
      for (let i = 0; i < 20; i++) table.add(`${round} ${i}`)
      for (let i = 0; i < 20; i++) table.remove(table.find(`${round} ${i}`))
    }
    expect([table.size, table.slots]).toEqual([0, 20])
  })

  it('keeps a copy of an array: changing it does not move the key', () => {
    const table = new KeyTable()
    const key = ['a', [1]] as any
    const slot = table.add(key)
    key[1][0] = 2
    expect([table.find(['a', [1]]), table.find(key)]).toEqual([slot, -1])
  })

  it('grows to many keys', () => {
    const table = new KeyTable()
    for (let i = 0; i < 100_000; i++) table.add(`key ${i}`)
    for (let i = 0; i < 100_000; i += 997) expect(table.find(`key ${i}`)).toBe(i)
    expect(table.find('key 100000')).toBe(-1)
  })
})
