import { deepStrictEqual } from 'node:assert'
import { expect, test } from 'vitest'
import { StreamError } from './errors.ts'
import { columns } from './fixtures/columns.ts'
import { bareOrder, fullOrder, orderSchema } from './fixtures/order-schema.ts'
import {
  barrierFrame,
  FIELD,
  FRAGMENT_LENGTH,
  FRAGMENT_OVERHEAD_BYTES,
  HEADER_BYTES,
  idleFrame,
  stopFrame,
  watermarkFrame,
  writeFragmentFrame,
} from './frame.ts'
import { generalCodec } from './general-codec.ts'
import { checkKey } from './key.ts'
import { newBatch, type RecordBatch, type RecordCodec } from './record-codec.ts'
import { registerType } from './register-type.ts'
import { list, schema } from './schema.ts'
import { TAG } from './value-format.ts'
import { decodeFrame, verifyFrame } from './verify.ts'

const full = { frameBytes: 8192, keyed: true, timestamped: true }
/** Where values, or the distances to records, begin. */
const VALUES_AT = HEADER_BYTES + 4

const plain = { frameBytes: 8192, keyed: false, timestamped: false }

const everything = {
  small: [0, 1, -1, 200, -40_000, 2 ** 31, 0.5, 5n, 2n ** 80n],
  texts: ['', 'short', 'é'.repeat(90), '日本'],
  map: new Map<unknown, unknown>([['k', new Set([1])]]),
  errors: [new TypeError('t', { cause: 1 }), new AggregateError([1], 'a')],
  rest: [new Date(0), /x/g, Buffer.from('b'), new Float64Array(2), new ArrayBuffer(3)],
  holes: Object.assign(Array(5), { 2: 'x' }),
  wide: Object.fromEntries(Array.from({ length: 70 }, (_, i) => [`k${i}`, i])),
  wrong: new StreamError('SAGE_KEY', 'no'),
}

function frameOf(codec: RecordCodec, records: readonly unknown[], options = full): Uint8Array {
  const writer = codec.createWriter(options)
  for (const [i, record] of records.entries())
    writer.append(record, columns([`k${i}`, i, 5n, true], i))
  return writer.finish().slice()
}

const general = frameOf(generalCodec, [everything, { a: 1 }, { a: 2 }, 'x', 7])
const orders = frameOf(orderSchema.codec, [fullOrder, bareOrder, fullOrder])

test('what the writers make passes, from memory of any alignment too', () => {
  verifyFrame(general)
  verifyFrame(orders, orderSchema)
  verifyFrame(stopFrame())
  verifyFrame(idleFrame())
  verifyFrame(barrierFrame(2 ** 32 - 1))
  verifyFrame(watermarkFrame(1_700_000_000_000.5))
  const fragment = new Uint8Array(200)
  verifyFrame(fragment.subarray(0, writeFragmentFrame(fragment, general, 1, 9)))
  const odd = new Uint8Array(general.length + 1)
  odd.set(general, 1)
  const batch = decodeFrame(odd.subarray(1), generalCodec, full)
  expect(batch.values).toStrictEqual([everything, { a: 1 }, { a: 2 }, 'x', 7])
  expect(batch.keys[3]).toStrictEqual(['k3', 3, 5n, true])
  expect(batch.timestamps).toStrictEqual([0, 1, 2, 3, 4])
  expect(decodeFrame(orders, orderSchema.codec, full).values).toStrictEqual([
    fullOrder,
    bareOrder,
    fullOrder,
  ])
})

function refused(message: string, run: () => unknown): void {
  const error = { code: 'SAGE_FRAME_CORRUPT', message: expect.stringContaining(message) }
  expect(run).toThrow(expect.objectContaining(error))
}

test('every beginning of a frame is refused', () => {
  for (let length = 0; length < general.length; length++) {
    refused('corrupt frame: expected', () => verifyFrame(general.subarray(0, length)))
  }
  for (let length = 0; length < orders.length; length++) {
    refused('corrupt frame: expected', () => verifyFrame(orders.subarray(0, length), orderSchema))
  }
})

test('a frame of another kind, codec or with other columns is refused', () => {
  refused('expected bytes', () => verifyFrame('x' as never))
  refused('known kind', () => verifyFrame(patched(stopFrame(), FIELD.kind, [6])))
  refused('a Data frame', () => decodeFrame(stopFrame(), generalCodec, plain))
  refused('', () => verifyFrame(orders))
  refused('', () => verifyFrame(general, orderSchema))
  const bare = frameOf(generalCodec, [1], plain)
  refused('expected keys', () => decodeFrame(bare, generalCodec, full))
  refused('a piece of', () => {
    const fragment = new Uint8Array(FRAGMENT_OVERHEAD_BYTES + 5)
    writeFragmentFrame(fragment, general, 0, 5)
    verifyFrame(patched(fragment, FRAGMENT_LENGTH, [6]))
  })
})

function patched(bytes: Uint8Array, at: number, values: readonly number[]): Uint8Array {
  const copy = bytes.slice()
  copy.set(values, at)
  return copy
}

/** A frame without schema around these bytes. */
function aroundValue(encoded: readonly number[]): Uint8Array {
  const bytes = encoded.length < 131 ? 3 : encoded.length < 16_388 ? 4 : 5
  const frame = frameOf(generalCodec, [Buffer.alloc(encoded.length - bytes)], plain)
  return patched(frame, VALUES_AT, encoded)
}

test.each<[string, number[]]>([
  ['a tag', [0x1a, 0, 0, 0]],
  ['a value before', [TAG.Absent, 0, 0, 0]],
  ['bytes more', [TAG.Null, 0, 0, 0]],
  ['a shape', [TAG.ShapeUse, 0, 0, 0]],
  ['a count', [TAG.Array, 255, 255, 255, 255, 255, 1, 1]],
  ['a bigint', [TAG.BigInt, 0, 0, 0]],
  ['a view', [TAG.View, 99, 1, 0]],
  ['a view', [TAG.View, 8, 1, 0]],
  ['a regular expression', [TAG.RegExp, 0x41, 0x28, 0x40, 0x80]],
  ['a class of errors', [TAG.Error, 0x41, 0x45, 0x40, 25, 25, 25, 25, 25]],
  ['a value', [TAG.Set, 1, TAG.Absent, 0]],
  ['an index', [TAG.SparseArray, 0x82, 1, 0x82, 0, 0]],
  ['string before', [TAG.Object, 1, TAG.Null, TAG.Null]],
  ['at most 64 keys', [TAG.ShapeDefine, 65, 0, 0]],
  ['bytes before', [TAG.Latin1, 4, 65, 65]],
])('a value that is not one: expected %s', (message, encoded) => {
  refused(message, () => verifyFrame(aroundValue(encoded)))
})

test('what a registered class does not decode is refused with its error', () => {
  class Even {}
  const decode = (data: number): Even => {
    if (data % 2 === 1) throw new RangeError(`odd: ${data}`)
    return new Even()
  }
  registerType(Even, { encode: () => 2, decode }, 'verify.Even')
  const frame = frameOf(generalCodec, [new Even()], plain)
  expect(decodeFrame(frame, generalCodec, plain).values).toStrictEqual([new Even()])
  const odd = patched(frame, frame.length - 1, [TAG.SmallInt | 3])
  refused('odd: 3', () => decodeFrame(odd, generalCodec, plain))
})

test('nesting is limited', () => {
  const nested = (levels: number): number[] => [
    ...new Array(levels).fill([TAG.Array, 1]).flat(),
    TAG.Null,
  ]
  verifyFrame(aroundValue(nested(1000)))
  refused('at most 1000 levels', () => verifyFrame(aroundValue(nested(1001))))
  refused('at most 1000 levels', () => verifyFrame(aroundValue(nested(100_000))))
})

test('a key of another type is refused', () => {
  const frame = frameOf(generalCodec, [1], { ...plain, keyed: true })
  verifyFrame(frame)
  const keys = frame.indexOf(TAG.Array, VALUES_AT)
  refused('a key', () => verifyFrame(patched(frame, keys + 2, [TAG.Null])))
})

test('an int64 that no number can be is refused', () => {
  const of = schema('Long', { x: 'int64' })
  const frame = frameOf(of.codec, [{ x: 2 ** 53 - 1 }], plain)
  verifyFrame(frame, of)
  refused('within 2^53', () => verifyFrame(patched(frame, frame.length - 2, [0x20]), of))
})

test('many distances to one vector do not make a list of billions', () => {
  const grid = schema('Grid', { rows: list(list('int32')) })
  const rows = Array.from({ length: 100 }, () => [1])
  const frame = frameOf(grid.codec, [{ rows }], plain)
  verifyFrame(frame, grid)
  const view = new DataView(frame.buffer)
  // The record's vector of rows: each made to lead to the first row.
  const record = VALUES_AT + view.getUint32(VALUES_AT, true)
  const vector = record + 4 + view.getUint32(record + 4, true)
  const first = vector + 4 + view.getUint32(vector + 4, true)
  for (let i = 0; i < 100; i++) {
    const slot = vector + 4 + 4 * i
    view.setUint32(slot, first - slot, true)
  }
  const long = new Uint8Array(frame.length)
  long.set(frame)
  refused('of its own', () => {
    view.setUint32(first + 8, (frame.length - first - 12) >> 2, true)
    verifyFrame(frame, grid)
  })
})

/** Numbers from a seed (mulberry32), below `limit`. */
function seeded(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}

function mutate(source: Uint8Array, random: (limit: number) => number): Uint8Array {
  const bytes = source.slice(0, random(20) === 0 ? random(source.length) : source.length)
  const view = new DataView(bytes.buffer)
  for (let changes = 1 + random(3); changes > 0 && bytes.length >= 8; changes--) {
    // Half of them where distances and counts are.
    const at = random(2) === 0 ? random(Math.min(200, bytes.length - 4)) : random(bytes.length - 4)
    const kind = random(5)
    if (kind === 0) bytes[at] = random(256)
    else if (kind === 1) bytes[at] ^= 1 << random(8)
    else if (kind === 2) view.setUint32(at & ~3, random(2 * bytes.length), true)
    else if (kind === 3) view.setUint32(at & ~3, [0, 0xffffffff, 0x7fffffff][random(3)], true)
    else bytes.copyWithin(at, random(bytes.length), bytes.length - random(8))
  }
  return bytes
}

test('100,000 mutated frames are each refused or decoded', () => {
  const random = seeded(20_240_607)
  const sources = [
    { codec: generalCodec, bytes: general },
    { codec: orderSchema.codec, bytes: orders },
    { codec: generalCodec, bytes: frameOf(generalCodec, [{ a: 1, b: 'x' }, [1, 'y'], 'z']) },
    { codec: orderSchema.codec, bytes: frameOf(orderSchema.codec, [bareOrder]) },
  ]
  const outcomes = { decoded: 0, refused: 0 }
  for (let i = 0; i < 100_000; i++) {
    const { codec, bytes } = sources[i % sources.length]
    const mutated = mutate(bytes, random)
    const batch = attempt(mutated, codec)
    outcomes[batch === null ? 'refused' : 'decoded']++
    if (batch === null) continue
    for (const key of batch.keys) checkKey(key)
    if (codec !== generalCodec) for (const record of batch.values) orderSchema.validate(record)
    if (i % 16 < sources.length) {
      deepStrictEqual(amid(0x00, mutated, codec), batch)
      deepStrictEqual(amid(0xff, mutated, codec), batch)
    }
  }
  // Neither all harmless nor all hopeless.
  expect(outcomes.decoded).toBeGreaterThan(10_000)
  expect(outcomes.refused).toBeGreaterThan(10_000)
})

function attempt(bytes: Uint8Array, codec: RecordCodec): RecordBatch | null {
  try {
    return decodeFrame(bytes, codec, full)
  } catch (error) {
    if (error instanceof StreamError && error.code === 'SAGE_FRAME_CORRUPT') return null
    throw error
  }
}

const arena = new Uint8Array(65_536)

/** What a frame that is believed reads as between other bytes: it must not depend on them. */
function amid(byte: number, frame: Uint8Array, codec: RecordCodec): RecordBatch {
  arena.fill(byte)
  arena.set(frame, 8192)
  const batch: RecordBatch = newBatch()
  codec.createReader(full).read(arena, 8192, frame.length, batch)
  return batch
}
