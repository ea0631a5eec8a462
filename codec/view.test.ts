import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { recordsOfAnySchema } from './fixtures/any-schema.ts'
import { columns } from './fixtures/columns.ts'
import { bareOrder, fullOrder, type Order, orderSchema } from './fixtures/order-schema.ts'
import { generalCodec } from './general-codec.ts'
import { type FrameWriter, newBatch } from './record-codec.ts'
import { list, nullable, type Schema, schema } from './schema.ts'
import { endView, materialize, pinView, type View } from './view.ts'
import { viewCodecOf } from './view-codec.ts'

const options = { frameBytes: 16_384, keyed: false, timestamped: false }

function frameOf(writer: FrameWriter, records: readonly unknown[]): Uint8Array {
  for (const record of records) writer.append(record, columns())
  return writer.finish()
}

/** A cursor on a frame of these records in shared memory, and their places. */
function placed<T>(of: Schema<T>, records: readonly T[], offset = 64) {
  const frame = frameOf(of.codec.createWriter(options), records)
  const bytes = new Uint8Array(new SharedArrayBuffer(offset + frame.length + 8))
  bytes.set(frame, offset)
  const cursor = viewCodecOf(of.codec).views!.createCursor()
  const batch = newBatch()
  cursor.createReader(options).read(bytes, offset, frame.length, batch)
  const at = (i: number) => cursor.at(batch.values[i]) as View<T>
  return { at, count: batch.count, bytes, cursor }
}

const guard = <T>(of: Schema<T>, record: T) => viewCodecOf(of.codec).views!.guard(record) as View<T>

/** How user code may look at a record. */
function looks(record: object): unknown[] {
  const inLoop: unknown[] = []
  for (const key in record) inLoop.push(key, (record as Record<string, unknown>)[key])
  return [
    { ...record },
    Object.keys(record),
    Object.entries(record),
    Object.getOwnPropertyNames(record),
    Reflect.ownKeys({ ...record }),
    inLoop,
    structuredClone(record),
  ]
}

test('views of any schema read as the objects do, in place and guarded', () => {
  const cases = recordsOfAnySchema.filter(({ records }) => records.length > 0)
  fc.assert(
    fc.property(cases, ({ schema: of, records }) => {
      const { at, count } = placed(of, records)
      deepStrictEqual(count, records.length)
      const expected = roundtrip(of.codec.createWriter(options), of, records)
      for (const [i, record] of expected.entries()) {
        const view = at(i)
        deepStrictEqual(looks(view), looks(record as object))
        deepStrictEqual(materialize(view), record)
        deepStrictEqual(looks(guard(of, records[i])), looks(record as object))
        // Sent on as they are: with the schema, and without.
        deepStrictEqual(roundtrip(of.codec.createWriter(options), of, [at(i)]), [record])
        const again = viewCodecOf(of.codec).createWriter(options)
        deepStrictEqual(roundtrip(again, of, [at(i), records[i]]), [record, record])
      }
    }),
    { numRuns: 100 },
  )
})

function roundtrip(writer: FrameWriter, of: Schema, records: readonly unknown[]): unknown[] {
  const frame = frameOf(writer, records)
  const batch = newBatch()
  of.codec.createReader(options).read(frame, 0, frame.length, batch)
  return batch.values
}

describe('a view', () => {
  it('is one object, put on one record after the other', () => {
    const { at } = placed(orderSchema, [fullOrder, bareOrder])
    const first = at(0)
    const seen = [first.id, first.customer, first.billing?.street]
    const second = at(1)
    expect(second).toBe(first)
    expect(seen).toEqual([fullOrder.id, fullOrder.customer, fullOrder.billing!.street])
    expect([second.id, second.billing, second.flags]).toEqual([bareOrder.id, null, null])
  })

  it('has views for nested records, one for each field', () => {
    const { at } = placed(orderSchema, [fullOrder])
    const view = at(0)
    expect(view.address).toBe(view.address)
    expect(view.address).not.toBe(view.billing)
    expect([view.address.street, view.billing!.street]).toEqual(['Main', ''])
    expect(view.addresses).toEqual(fullOrder.addresses)
  })

  it('reads as JSON, and as a record of the general codec', () => {
    const plain = schema('Plain', { a: 'int32', b: 'string', in: schema('In', { c: 'bool' }) })
    const record = { a: 1, b: 'x', in: { c: true } }
    const { at } = placed(plain, [record])
    expect(JSON.stringify(at(0))).toBe(JSON.stringify(record))
    const frame = frameOf(generalCodec.createWriter(options), [at(0)])
    const batch = newBatch()
    generalCodec.createReader(options).read(frame, 0, frame.length, batch)
    expect(batch.values).toEqual([record])
  })

  it('of another schema is checked when it is sent on', () => {
    const one = schema('One', { a: 'int32' })
    const other = schema('One', { a: 'string' })
    const writer = viewCodecOf(other.codec).createWriter(options)
    const view = placed(one, [{ a: 1 }]).at(0)
    expect(() => writer.append(view, columns())).toThrow(
      expect.objectContaining({ code: 'SAGE_SCHEMA_MISMATCH' }),
    )
  })

  it('cannot be written to', () => {
    const { at } = placed(orderSchema, [fullOrder])
    const view = at(0) as Order
    expect(() => {
      view.id = 1
    }).toThrow(TypeError)
    expect(view.id).toBe(fullOrder.id)
  })

  it('goes on reading after its user has frozen it', () => {
    const { at } = placed(orderSchema, [fullOrder, bareOrder])
    Object.freeze(at(0))
    expect(at(1).id).toBe(bareOrder.id)
  })

  it('hands out lists, dates and bytes that are its user’s own', () => {
    const { at, bytes } = placed(orderSchema, [fullOrder])
    const { tags, payload, placed: date, addresses } = at(0)
    bytes.fill(0)
    expect([tags, payload, date, addresses]).toEqual([
      fullOrder.tags,
      fullOrder.payload,
      fullOrder.placed,
      fullOrder.addresses,
    ])
  })

  it('reads fields whose names are no identifiers', () => {
    const odd = schema('Odd', { ['__proto__']: 'int8', 'a b': 'string', 0: 'bool', "'": 'int8' })
    const record = { ['__proto__']: 5, 'a b': 'x', 0: true, "'": 1 }
    const { at } = placed(odd, [record])
    deepStrictEqual({ ...at(0) }, record)
    deepStrictEqual(materialize(at(0)), record)
  })

  it('follows its cursor to the next frame, also in other memory', () => {
    const of = schema('N', { n: 'int32', s: 'string' })
    const cursor = viewCodecOf(of.codec).views!.createCursor()
    const reader = cursor.createReader(options)
    const batch = newBatch()
    const seen = [1, 2].map((n) => {
      const frame = frameOf(of.codec.createWriter(options), [{ n, s: `s${n}` }]).slice()
      reader.read(frame, 0, frame.length, batch)
      return { ...(cursor.at(batch.values[0]) as object) }
    })
    expect(seen).toEqual([
      { n: 1, s: 's1' },
      { n: 2, s: 's2' },
    ])
  })
})

describe('materialize', () => {
  const { at } = placed(orderSchema, [fullOrder, bareOrder])

  it('replaces views at any depth of plain objects, arrays, maps and sets, and copies only those', () => {
    const view = at(0)
    const other = { untouched: [1] }
    const value = {
      deep: [[{ view }, other]],
      map: new Map([[1, view]]),
      set: new Set([view]),
      other,
    }
    const owned = materialize(value)
    at(1)
    expect(owned).toEqual({
      deep: [[{ view: fullOrder }, other]],
      map: new Map([[1, fullOrder]]),
      set: new Set([fullOrder]),
      other,
    })
    expect(owned.other).toBe(other)
    expect(value.deep[0][0]).toEqual({ view })
  })

  it.each([
    ['a number', 1],
    ['null', null],
    ['undefined', undefined],
    ['a date', new Date(0)],
    ['an object', { a: [{}] }],
    ['a map', new Map([[1, {}]])],
    ['an array with a hole', Object.assign([1], { 2: 3 })],
  ])('gives %s back as it is', (_, value) => {
    expect(materialize(value)).toBe(value)
  })

  it('ends on a cycle', () => {
    const cycle: Record<string, unknown> = { view: at(0) }
    cycle.self = cycle
    cycle.again = cycle
    const [first, second] = [materialize(cycle), materialize([1, [cycle]])]
    expect((first as { view: Order }).view).toEqual(fullOrder)
    expect(second).toHaveLength(2)
  })
})

describe('a guarded view', () => {
  const stale = expect.objectContaining({ code: 'SAGE_STALE_RECORD' })

  it.each<[string, (view: View<Order>) => unknown]>([
    ['a field', (view) => view.id],
    ['spreading', (view) => ({ ...view })],
    ['JSON', (view) => JSON.stringify(view.tags)],
    ['materialize', (view) => materialize(view)],
  ])('throws once its call has ended: %s', (_, read) => {
    const view = guard(orderSchema, fullOrder)
    read(view)
    endView(view)
    expect(() => read(view)).toThrow(stale)
  })

  it('throws also in the nested views that were taken from it', () => {
    const view = guard(orderSchema, fullOrder)
    const { address } = view
    expect(address.street).toBe('Main')
    endView(view)
    expect(() => address.street).toThrow(stale)
  })

  it('is not touched by the end of another', () => {
    const [one, two] = [guard(orderSchema, fullOrder), guard(orderSchema, bareOrder)]
    endView(one)
    expect(two.id).toBe(bareOrder.id)
  })

  it('does not see what becomes of its record', () => {
    const record = structuredClone(fullOrder)
    const view = guard(orderSchema, record)
    record.tags.push('more')
    expect(view.tags).toEqual(fullOrder.tags)
  })

  it('stays valid when it is pinned', () => {
    const view = guard(orderSchema, fullOrder)
    pinView(view)
    endView(view)
    expect(view.address.street).toBe('Main')
  })
})

describe('a pinned view in place', () => {
  it('keeps its record, nested ones too, while its cursor goes on', () => {
    const { at, bytes } = placed(orderSchema, [fullOrder, bareOrder])
    const view = at(0)
    const { address, billing } = view
    pinView(address)
    const next = at(1)
    expect(next).not.toBe(view)
    expect(next.id).toBe(bareOrder.id)
    bytes.fill(0xff)
    expect({ ...view, address, billing }).toEqual(fullOrder)
    expect([address.street, billing!.number]).toEqual(['Main', null])
  })
})

it('views of one schema have one hidden class, whoever reads', () => {
  const of = schema('Hidden', { a: 'float64', b: nullable('string'), c: list('int8') })
  const other = schema('Hidden', { a: 'float64', b: nullable('string'), c: list('int8') })
  const one = placed(of, [{ a: 1, b: null, c: [] }]).at(0)
  const two = placed(of, [{ a: 2, b: 'x', c: [1] }]).at(0)
  const third = placed(other, [{ a: 3, b: 'x', c: [1] }]).at(0)
  const getters = [one, two, third].map((view) => Object.getOwnPropertyDescriptor(view, 'a')!.get)
  expect(getters[0]).toBe(getters[1])
  expect(getters[0]).not.toBe(getters[2])
})
