import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { recordsOfAnySchema } from './fixtures/any-schema.ts'
import { columns } from './fixtures/columns.ts'
import { bareOrder, fullOrder, orderSchema } from './fixtures/order-schema.ts'
import { newBatch, type RecordBatch } from './record-codec.ts'
import { list, nullable, type Schema, schema } from './schema.ts'
import type { FieldType } from './schema-types.ts'
import { verifyFrame } from './verify.ts'

const options = { frameBytes: 16_384, keyed: false, timestamped: false }

function roundtrip<T>(of: Schema<T>, records: readonly T[]): unknown[] {
  const writer = of.codec.createWriter(options)
  for (const record of records) {
    of.validate(record)
    writer.append(record, columns())
  }
  const bytes = writer.finish()
  verifyFrame(bytes, of)
  const batch: RecordBatch = newBatch()
  of.codec.createReader(options).read(bytes, 0, bytes.length, batch)
  return batch.values
}

test('any records of any schema come back as they were, in frames that verify', () => {
  fc.assert(
    fc.property(recordsOfAnySchema, ({ schema: of, records }) => {
      // Not `toStrictEqual`, which stumbles over fields that are called `constructor`.
      deepStrictEqual(roundtrip(of, records), records)
      expect(of.fbs()).toContain('root_type Frame;')
    }),
    { numRuns: 300 },
  )
})

test('edges of every type', () => {
  expect(roundtrip(orderSchema, [fullOrder, bareOrder])).toStrictEqual([fullOrder, bareOrder])
  const edges = schema('Edges', { i: 'int64', f: 'float64', s: 'string', d: 'date', g: 'float32' })
  const rows = [
    { i: 2 ** 53 - 1, f: -0, s: '\ud800a\udc00\ufffd😀', d: new Date(Number.NaN), g: 0.5 },
    { i: -(2 ** 53) + 1, f: Number.NaN, s: '', d: new Date(8.64e15), g: Number.NaN },
    { i: -1, f: Number.MIN_VALUE, s: 'é'.repeat(1000), d: new Date(-8.64e15), g: 3 },
    { i: 2 ** 32, f: Number.POSITIVE_INFINITY, s: '\ud83d', d: new Date(-1), g: -0 },
    { i: -(2 ** 32), f: 1, s: 'x'.repeat(100_000), d: new Date(0), g: 1 },
  ]
  expect(roundtrip(edges, rows)).toStrictEqual(rows)
})

test('fields arrive in the order of the schema; a null prototype and -0 in integers vanish', () => {
  const of = schema('Ab', { b: 'int32', a: 'int64' })
  const record = Object.assign(Object.create(null), { a: -0, b: -0 })
  const [read] = roundtrip(of, [record])
  expect(Object.keys(read as object)).toStrictEqual(['b', 'a'])
  expect(read).toStrictEqual({ b: 0, a: 0 })
})

test('more nullable fields than an integer has bits', () => {
  const names = Array.from({ length: 70 }, (_, i) => `f${i}`)
  const of = schema('Wide', Object.fromEntries(names.map((name) => [name, nullable('int32')])))
  const rows = [0, 1, 2, 3, 2].map((n) => {
    return Object.fromEntries(names.map((name, i) => [name, i % 4 === n ? null : i]))
  })
  expect(roundtrip(of, rows)).toStrictEqual(rows)
})

test('a schema without fields', () => {
  expect(roundtrip(schema('Empty', {}), [{}, {}])).toStrictEqual([{}, {}])
})

const person = schema('Person', { name: 'string', age: nullable('uint8') })
const group = schema('Group', {
  lead: person,
  members: list(person),
  sizes: list(nullable('int16')),
  grid: list(list('int8')),
  note: nullable('string'),
  at: 'date',
})
const good = {
  lead: { name: 'a', age: 1 },
  members: [{ name: 'b', age: null }],
  sizes: [1, null],
  grid: [[1]],
  note: null,
  at: new Date(0),
}

test.each<[string, unknown]>([
  ['a plain object (Group) at record, got null', null],
  ['a plain object (Group) at record, got 5', 5],
  ['a plain object (Group) at record, got []', []],
  ['a plain object (Group) at record, got Date "1970-01-01T00:00:00.000Z"', new Date(0)],
  ['Person at record.lead, got no such field', {}],
  ['Person at record.lead, got null', { ...good, lead: null }],
  ['a string at record.lead.name, got 1', { ...good, lead: { name: 1, age: 1 } }],
  [
    'uint8 (a whole number from 0 to 255) or null at record.lead.age, got 256',
    { ...good, lead: { name: '', age: 256 } },
  ],
  ['a list of Person at record.members, got {}', { ...good, members: {} }],
  ['Person at record.members[1], got "x"', { ...good, members: [good.lead, 'x'] }],
  [
    'a string at record.members[0].name, got undefined',
    { ...good, members: [{ name: undefined, age: 1 }] },
  ],
  [
    'int16 (a whole number from -32768 to 32767) or null at record.sizes[1], got 1.5',
    { ...good, sizes: [1, 1.5] },
  ],
  [
    'int8 (a whole number from -128 to 127) at record.grid[1][0], got 128',
    { ...good, grid: [[], [128]] },
  ],
  ['a string or null at record.note, got undefined', { ...good, note: undefined }],
  ['date (a Date) at record.at, got 5', { ...good, at: 5 }],
  [
    'only the fields lead, members, sizes, grid, note, at at record, got the field "extra"',
    { ...good, extra: 1 },
  ],
])('refused: expected %s', (message, value) => {
  const error = expect.objectContaining({
    code: 'SAGE_SCHEMA_MISMATCH',
    message: `schema 'Group': expected ${message}`,
  })
  expect(() => group.validate(value)).toThrow(error)
  const writer = group.codec.createWriter(options)
  expect(() => writer.append(value, columns(undefined, 0))).toThrow(error)
  expect(writer.count).toBe(0)
})

test('instances of classes are refused, as in a stream without a schema', () => {
  class Named {
    name = 'n'
    age = null
  }
  expect(() => person.validate(new Named())).toThrow('expected a plain object (Person) at record')
})

test.each<[FieldType, readonly unknown[]]>([
  ['bool', [0, 'true', null]],
  ['int8', [-129, 128, 0.5, Number.NaN, 1n, '1']],
  ['uint8', [-1, 256, 0.5, 1n]],
  ['int16', [-32769, 32768, 1n]],
  ['uint16', [-1, 65536, 1n]],
  ['int32', [-(2 ** 31) - 1, 2 ** 31, 1n, Symbol('s')]],
  ['uint32', [-1, 2 ** 32, 1n]],
  ['int64', [2 ** 53 + 1, 2 ** 53, -(2 ** 53), 0.5, Number.POSITIVE_INFINITY, 1n]],
  ['bigint', [1, 2n ** 63n, -(2n ** 63n) - 1n]],
  ['float32', ['1', 1n]],
  ['float64', ['1', 1n, null]],
  ['string', [1, null, Object('s')]],
  ['bytes', [[1], new Int8Array(1), new ArrayBuffer(1)]],
  ['date', [0, '2020-01-01', {}]],
])('%s refuses what is out of its range or of another type', (type, values) => {
  const of = schema('One', { x: type })
  for (const x of values) {
    expect(() => of.validate({ x })).toThrow(
      expect.objectContaining({ code: 'SAGE_SCHEMA_MISMATCH' }),
    )
  }
})

test.each<[string, () => unknown]>([
  ['a name', () => schema('no name', {})],
  ['an object of fields', () => schema('S', null as never)],
  ['expected a type, got "int"', () => schema('S', { x: 'int' as never })],
  ['S.x: expected a type, got undefined', () => schema('S', { x: undefined as never })],
  ['S.x[]: expected a type, got {}', () => schema('S', { x: list({} as never) })],
  ['nullable of nullable', () => schema('S', { x: nullable(nullable('bool')) })],
])('schema() refuses: %s', (message, make) => {
  expect(make).toThrow(expect.objectContaining({ code: 'SAGE_OPTION' }))
  expect(make).toThrow(message)
})

test('names that the .fbs language does not allow are changed there, and only there', () => {
  const of = schema('Odd', {
    table: 'int32',
    'a-b': 'int32',
    a_b: 'int32',
    '1': 'int32',
    ä: 'bool',
  })
  const record = { table: 1, 'a-b': 2, a_b: 3, '1': 4, ä: true }
  expect(roundtrip(of, [record])).toStrictEqual([record])
  const names = [...of.fbs().matchAll(/^ {2}(\w+): \w+ \(id: \d\);/gm)].map((match) => match[1])
  expect(names).toStrictEqual(['_1', 'table_', 'a_b', 'a_b_', '_'])
})
