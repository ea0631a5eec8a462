import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  checkKey,
  compareKeys,
  equalKeys,
  type Key,
  KeyMap,
  keyGroup,
  keyHash,
  sortKeys,
} from './key.ts'

const keys: fc.Arbitrary<Key> = fc.letrec<{ key: Key }>((tie) => ({
  key: fc.oneof(
    { maxDepth: 3 },
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.integer({ min: -3, max: 3 }),
    fc.double(),
    fc.bigInt({ min: -3n, max: 3n }),
    fc.bigInt(),
    fc.boolean(),
    fc.array(tie('key'), { maxLength: 3 }),
  ),
})).key

test('a key is a primitive or an array of keys, and anything else is refused', () => {
  for (const good of ['', 'a', 0, Number.NaN, 1n, true, [], ['a', [1, 2n]]]) {
    expect(checkKey(good)).toBe(good)
  }
  for (const bad of [null, undefined, {}, Symbol('s'), () => 1, new Date(0), [null], [['a', {}]]]) {
    expect(() => checkKey(bad)).toThrow(expect.objectContaining({ code: 'SAGE_KEY' }))
  }
})

test('the error names the key and where it stands', () => {
  expect(() => checkKey(['a', { b: 1 }])).toThrow(
    'a key must be a string, number, bigint, boolean or an array of these, got {"b":1} inside ["a",{"b":1}]',
  )
  const cycle: unknown[] = []
  cycle.push(cycle)
  expect(() => checkKey(cycle)).toThrow('arrays nested deeper than 64')
})

test('-0 becomes 0, inside arrays too, without touching the array', () => {
  expect(Object.is(checkKey(-0), 0)).toBe(true)
  const key = ['a', [-0, 1]]
  expect(checkKey(key)).toStrictEqual(['a', [0, 1]])
  expect(Object.is((key[1] as number[])[0], -0)).toBe(true)
})

// Part of the format of checkpoints: these numbers must never change.
test('hashes do not change', () => {
  const golden: [Key, number][] = [
    ['', 76444349],
    ['a', 4069733797],
    ['JFK', 1858444692],
    ['zürich 😀', 3610732007],
    [0, 2667903430],
    [1, 3223139372],
    [-1, 2793074039],
    [2 ** 31, 3767576301],
    [0.5, 3902191359],
    [Number.NaN, 326131164],
    [Number.POSITIVE_INFINITY, 1045565106],
    [0n, 1923931929],
    [1n, 671220046],
    [-1n, 1639845714],
    [2n ** 64n, 4107733983],
    [false, 1368112007],
    [true, 444425663],
    [[], 3528073683],
    [['a'], 351319854],
    [['a', 1], 1645926542],
    [[1, 'a'], 3756312639],
    [[['a'], 1], 4058446850],
  ]
  for (const [key, hash] of golden) expect([key, keyHash(key)]).toStrictEqual([key, hash])
})

test('equal keys have equal hashes and compare as equal', () => {
  fc.assert(
    fc.property(keys, (key) => {
      const copy = checkKey(structuredClone(key))
      expect(keyHash(copy)).toBe(keyHash(key))
      expect(equalKeys(copy, checkKey(key))).toBe(true)
      expect(compareKeys(copy, checkKey(key))).toBe(0)
    }),
  )
})

test('1, 1n, "1", true and [1] are five keys', () => {
  const five: Key[] = [1, 1n, '1', true, [1]]
  expect(new Set(five.map(keyHash)).size).toBe(5)
  for (const a of five) for (const b of five) expect(equalKeys(a, b)).toBe(a === b)
})

test.each([
  ['numbers', (i: number): Key => i],
  ['fractions', (i: number): Key => i + 0.5],
  ['strings', (i: number): Key => `user-${i}`],
  ['bigints', (i: number): Key => BigInt(i)],
  ['tuples', (i: number): Key => [i % 100, `${Math.floor(i / 100)}`]],
])('%s are spread evenly over key groups', (_, make) => {
  const counts = new Array<number>(128).fill(0)
  for (let i = 0; i < 12_800; i++) counts[keyGroup(keyHash(make(i)), 128)]++
  // 100 each on average; for independent groups, 50 or 150 lie five deviations away.
  expect(Math.min(...counts)).toBeGreaterThan(50)
  expect(Math.max(...counts)).toBeLessThan(150)
})

test('keys sort by kind, then by value, code point and element', () => {
  const sorted: Key[] = [
    false,
    true,
    Number.NEGATIVE_INFINITY,
    -(2n ** 70n),
    -1.5,
    0,
    0n,
    1,
    1n,
    1.5,
    2 ** 53,
    2n ** 53n + 1n,
    Number.POSITIVE_INFINITY,
    Number.NaN,
    '',
    'a',
    'ab',
    'b',
    '\ud83d',
    '\ue000',
    '\uffff',
    '\ud83d\ude00',
    '\ud83d\ude01',
    [],
    [true],
    [1],
    [1, 'a'],
    [1, 'b'],
    ['a'],
    [[]],
  ]
  for (const [i, a] of sorted.entries()) {
    for (const [j, b] of sorted.entries()) {
      expect([a, b, Math.sign(compareKeys(a, b))]).toStrictEqual([a, b, Math.sign(i - j)])
    }
  }
})

test('compareKeys orders strings as their code points do, and is consistent', () => {
  const points = (text: string): number[] => Array.from(text, (c) => c.codePointAt(0)!)
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Math.sign(compareKeys(points(a), points(b))))
    }),
  )
  fc.assert(
    fc.property(keys, keys, keys, (...three) => {
      const [a, b, c] = three.sort(compareKeys)
      expect(compareKeys(a, b)).toBeLessThanOrEqual(0)
      expect(compareKeys(b, c)).toBeLessThanOrEqual(0)
      expect(compareKeys(a, c)).toBeLessThanOrEqual(0)
      expect(Math.sign(compareKeys(c, a))).toBe(-Math.sign(compareKeys(a, c)) + 0)
    }),
  )
})

test('a KeyMap does what a Map of canonical text does', () => {
  const canonical = (key: Key): string => {
    if (typeof key === 'object') return `[${key.map(canonical).join()}]`
    return `${typeof key}:${typeof key === 'string' ? JSON.stringify(key) : String(key)}`
  }
  const steps = fc.array(fc.tuple(fc.constantFrom('set', 'delete', 'clear'), keys, fc.nat()))
  fc.assert(
    fc.property(steps, (script) => {
      const map = new KeyMap<number>()
      const model = new Map<string, number>()
      for (const [step, raw, value] of script) {
        const key = checkKey(raw)
        if (step === 'set') {
          map.set(key, value)
          model.set(canonical(key), value)
        } else if (step === 'delete') {
          expect(map.delete(key)).toBe(model.delete(canonical(key)))
        } else if (value % 8 === 0) {
          map.clear()
          model.clear()
        }
        expect(map.has(key)).toBe(model.has(canonical(key)))
        expect(map.get(key)).toBe(model.get(canonical(key)))
        expect(map.size).toBe(model.size)
      }
      const found = Array.from(map.entries(), ([key, value]) => [canonical(key), value])
      expect(new Map(found as [string, number][])).toStrictEqual(model)
      expect([...map.keys()].map(canonical)).toStrictEqual(found.map(([key]) => key))
      expect([...map.values()]).toStrictEqual(found.map(([, value]) => value))
      expect(found.length).toBe(map.size)
    }),
  )
})

test('a KeyMap tells keys of one hash apart', () => {
  // Among 200,000 keys some five pairs have equal hashes.
  const byHash = new Map<number, Key>()
  const pairs: [Key, Key][] = []
  for (let i = 0; i < 200_000; i++) {
    const key = [`key ${i}`]
    const other = byHash.get(keyHash(key))
    if (other !== undefined) pairs.push([other, key])
    byHash.set(keyHash(key), key)
  }
  expect(pairs.length).toBeGreaterThan(0)
  for (const [a, b] of pairs) {
    const map = new KeyMap<string>().set(a, 'a').set(b, 'b')
    expect([map.get(a), map.get(b), map.size]).toStrictEqual(['a', 'b', 2])
    expect(map.delete(a)).toBe(true)
    expect([map.get(a), map.get(b), map.size]).toStrictEqual([undefined, 'b', 1])
    map.set(a, 'c')
    expect(map.delete(a)).toBe(true)
    expect([...map.values()]).toStrictEqual(['b'])
  }
})

test('a KeyMap keeps its own copy of an array', () => {
  const key = ['a', [1]]
  const map = new KeyMap<number>().set(key, 1)
  ;(key[1] as number[])[0] = 2
  expect([map.get(['a', [1]]), map.get(key)]).toStrictEqual([1, undefined])
})

test('sortKeys sorts as compareKeys does, keys of one kind and of all', () => {
  const texts = fc.array(fc.string({ unit: 'binary-ascii' }))
  fc.assert(
    fc.property(
      fc.oneof(texts, fc.array(fc.string({ unit: 'binary' })), fc.array(keys)),
      (some) => {
        expect(sortKeys([...some])).toStrictEqual([...some].sort(compareKeys))
      },
    ),
  )
})
