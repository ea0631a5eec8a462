import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareKeys, type Key } from '../../codec/key.ts'
import type { OperatorFactory } from '../contract/operator.ts'
import { operatorHarness } from '../testing/operator-harness.ts'
import { combinerFactory } from './aggregation.ts'
import { countFinalFactory } from './count-final.ts'
import { foldFinalFactory } from './fold-final.ts'
import { maxFinalFactory, minFinalFactory } from './min-max-final.ts'
import { reduceFinalFactory } from './reduce-final.ts'

type Keyed = readonly [key: Key, value: unknown]

/** What an operator emits at the end for records, in its order. */
async function finals(factory: OperatorFactory, records: Iterable<Keyed>, combined = false) {
  const harness = operatorHarness(factory, { combined })
  for (const [key, value] of records) harness.push(value, { key })
  expect(harness.output).toEqual([])
  await harness.end()
  return harness.packets.map((p): Keyed => [p.partitionKey as Key, p.payload])
}

/** What an operator's combiner sends on for records. */
async function partials(factory: OperatorFactory, records: Iterable<Keyed>) {
  const harness = operatorHarness(factory.combiner)
  for (const [key, value] of records) harness.push(value, { key })
  await harness.end()
  return harness.packets.map((p): Keyed => [p.partitionKey as Key, p.payload])
}

const sum = (a: number, b: number) => a + b
const total = (acc: { n: number }, value: number) => ({ n: acc.n + value })

const records: Keyed[] = [
  ['b', 1],
  [2, 5],
  ['a', 2],
  [['x', 1], 7],
  ['b', 3],
  [true, 4],
  [['x', 1], 1],
  [10n, 9],
  [2, 0],
]

describe('finals emit once per key, in the order of the keys', () => {
  it.each([
    ['reduceFinal', reduceFinalFactory(sum), [4, 5, 9, 2, 4, 8]],
    ['countFinal', countFinalFactory(), [1, 2, 1, 1, 2, 2]],
    ['minFinal', minFinalFactory(), [4, 0, 9, 2, 1, 1]],
    ['maxFinal', maxFinalFactory(), [4, 5, 9, 2, 3, 7]],
    [
      'foldFinal',
      foldFinalFactory(() => ({ n: 0 }), total),
      [4, 5, 9, 2, 4, 8].map((n) => ({ n })),
    ],
  ])('%s', async (_, factory, values) => {
    const keys = [true, 2, 10n, 'a', 'b', ['x', 1]]
    expect(await finals(factory, records)).toEqual(keys.map((key, i) => [key, values[i]]))
  })

  it('and nothing for no records', async () => {
    expect(await finals(countFinalFactory(), [])).toEqual([])
  })
})

describe('combiners', () => {
  const merge = (a: { n: number }, b: { n: number }) => ({ n: a.n + b.n })
  const mergeable: [string, OperatorFactory][] = [
    ['reduceFinal', reduceFinalFactory(sum)],
    ['countFinal', countFinalFactory()],
    ['minFinal', minFinalFactory()],
    ['maxFinal', maxFinalFactory((n: number) => n % 7)],
    ['foldFinal', foldFinalFactory(() => ({ n: 0 }), total, merge)],
  ]

  const key = fc.oneof(
    fc.integer({ min: 0, max: 3 }),
    fc.constantFrom('a', 'b'),
    fc.tuple(fc.boolean()),
  )
  const keyed = fc.tuple(key, fc.integer({ min: -20, max: 20 }))

  it.each(mergeable)('%s: partials of any split give the same result', async (_, factory) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(keyed), { maxLength: 4 }), async (senders) => {
        const sent = await Promise.all(senders.map((input) => partials(factory, input)))
        expect(await finals(factory, sent.flat(), true)).toEqual(
          await finals(factory, senders.flat()),
        )
      }),
      { numRuns: 60 },
    )
  })

  it('send one partial per key at the end', async () => {
    const sent = await partials(countFinalFactory(), records)
    expect(sent.sort(([a], [b]) => compareKeys(a, b))).toEqual([
      [true, 1],
      [2, 2],
      [10n, 1],
      ['a', 1],
      ['b', 2],
      [['x', 1], 2],
    ])
  })

  it('are bounded: a key too many sends on what is there, each under its key', () => {
    const count = { first: () => 1, next: (n: number) => n + 1, result: (n: number) => n }
    const combiner = operatorHarness(combinerFactory([], count, 2))
    const seen = () => combiner.packets.map((p) => [p.partitionKey, p.payload])
    for (const key of ['a', 'b', 'a', 'b']) combiner.push(0, { key })
    expect(seen()).toEqual([])
    combiner.push(0, { key: 'c' })
    expect(seen()).toEqual([
      ['a', 2],
      ['b', 2],
    ])
    combiner.push(0, { key: 'a' })
    expect(seen()).toHaveLength(2)
    combiner.push(0, { key: 'd' })
    expect(seen().slice(2)).toEqual([
      ['c', 1],
      ['a', 1],
    ])
  })

  it('send nothing on for a record that fails', () => {
    const failing = {
      first: (n: unknown) => (n === 1 ? fail() : n),
      next: fail,
      result: (n: unknown) => n,
    }
    const combiner = operatorHarness(combinerFactory([], failing, 1), { errors: 'skip' })
    combiner.push(0, { key: 'a' })
    combiner.push(1, { key: 'b' })
    expect([combiner.output, combiner.errors]).toEqual([[], 1])
    combiner.push(2, { key: 'b' })
    expect(combiner.packets.map((p) => [p.partitionKey, p.payload])).toEqual([['a', 0]])
  })

  it('do not exist for what cannot be merged', () => {
    expect(foldFinalFactory(() => 0, sum).combiner).toBeUndefined()
  })
})

function fail(): never {
  throw new Error('broken')
}
