import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { columns } from './fixtures/columns.ts'
import { generalCodec } from './general-codec.ts'
import { newBatch, type RecordBatch } from './record-codec.ts'
import { MAX_SHAPES } from './shape.ts'

const options = { frameBytes: 2_048, keyed: false, timestamped: false }

/** What a receiver gets of these records, sent in frames as an exchange does. */
function carried(records: readonly unknown[]): unknown[] {
  const writer = generalCodec.createWriter(options)
  const reader = generalCodec.createReader(options)
  const batch: RecordBatch = newBatch()
  const all: unknown[] = []
  const flush = (): void => {
    const frame = writer.finish()
    reader.read(frame, 0, frame.length, batch)
    all.push(...batch.values.slice(0, batch.count))
    writer.reset()
  }
  for (const record of records) {
    writer.append(record, columns())
    if (writer.full) flush()
  }
  flush()
  return all
}

/** `deepStrictEqual` does not see the order of keys. */
const keysOf = (value: unknown): unknown =>
  typeof value !== 'object' || value === null
    ? null
    : Object.entries(value).map(([key, inner]) => [key, keysOf(inner)])

function expectExact(records: readonly unknown[]): void {
  const got = carried(records)
  deepStrictEqual(got, records)
  deepStrictEqual(got.map(keysOf), records.map(keysOf))
}

// Values of a field that change their kind from one record to the next.
const anything = fc.oneof(
  { weight: 3, arbitrary: fc.oneof(fc.integer(), fc.double(), fc.constant(-0)) },
  {
    weight: 3,
    arbitrary: fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.integer().map(String)),
  },
  fc.constantFrom(null, undefined, true, false, 1n, '', '0', 0),
  fc.array(fc.oneof(fc.integer(), fc.string()), { maxLength: 3 }),
  fc.record(
    { in: fc.oneof(fc.integer(), fc.string()), more: fc.string() },
    { requiredKeys: ['in'], noNullPrototype: true },
  ),
)

const names = fc.constantFrom(
  'id',
  'price',
  'user',
  'symbol',
  'note',
  'time',
  'extra',
  '0',
  '__proto__',
  'constructor',
  'a b',
)

/** Long runs of one shape, broken by records that lack a field, have one more, or another order. */
const streams = fc
  .array(
    fc.record({
      keys: fc.uniqueArray(names, { maxLength: 8 }),
      repeats: fc.integer({ min: 1, max: 30 }),
      seeds: fc.array(anything, { minLength: 8, maxLength: 16 }),
      odd: fc.option(
        fc.record({
          at: fc.nat(29),
          key: names,
          how: fc.constantFrom('missing', 'extra', 'turned'),
        }),
      ),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((runs) =>
    runs.flatMap(({ keys, repeats, seeds, odd }) =>
      Array.from({ length: repeats }, (_, i) => {
        let own = keys
        if (odd !== null && odd.at === i) {
          if (odd.how === 'missing') own = keys.slice(1)
          if (odd.how === 'extra') own = [...new Set([...keys, odd.key])]
          if (odd.how === 'turned') own = keys.toReversed()
        }
        return recordOf(own, (k) => seeds[(i + k) % seeds.length])
      }),
    ),
  )

function recordOf(keys: readonly string[], value: (k: number) => unknown): object {
  return Object.fromEntries(keys.map((key, k) => [key, value(k)]))
}

test('streams whose shape and field types change midway are exact, to the order of keys', () => {
  fc.assert(fc.property(streams, expectExact), { numRuns: 150 })
})

test('a field that turns from number to string and back, long after its code was compiled', () => {
  const record = (i: number): object => ({
    id: i,
    price: i % 7 === 0 ? `${i}` : i / 8,
    user: i % 11 === 0 ? i : `user-${i}`,
    note: i % 13 === 0 ? null : i % 17 === 0 ? undefined : { text: `n${i}` },
  })
  expectExact(Array.from({ length: 2_000 }, (_, i) => record(i)))
})

test('a missing field is not an undefined one', () => {
  const records = Array.from({ length: 100 }, (_, i) =>
    i % 2 === 0 ? { id: i, user: undefined } : { id: i },
  )
  expect(carried(records).map((record) => 'user' in (record as object))).toEqual(
    records.map((record) => 'user' in record),
  )
})

test('more shapes than are remembered, again and again', () => {
  const records = Array.from({ length: 3 * MAX_SHAPES }, (_, i) => ({
    [`key${i % (MAX_SHAPES + 7)}`]: i,
    id: `${i}`,
  }))
  expectExact([...records, ...records])
})

test('a record that is refused between others of its shape leaves those as they are', () => {
  const writer = generalCodec.createWriter(options)
  const good = Array.from({ length: 40 }, (_, i) => ({ id: i, user: `u${i}`, last: i % 3 }))
  for (const [i, record] of good.entries()) {
    const bad = { id: i, user: `u${i}`, last: () => i, [`new${i}`]: 1 }
    expect(() => writer.append(bad, columns())).toThrow(/function/)
    writer.append(record, columns())
  }
  const frame = writer.finish()
  const batch: RecordBatch = newBatch()
  generalCodec.createReader(options).read(frame, 0, frame.length, batch)
  expect(batch.values).toEqual(good)
})
