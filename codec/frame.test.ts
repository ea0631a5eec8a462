import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { ByteBuffer } from 'flatbuffers'
import { describe, expect, test } from 'vitest'
import { columns } from './fixtures/columns.ts'
import { bareOrder, fullOrder, type Order, orderSchema } from './fixtures/order-schema.ts'
import {
  barrierEpoch,
  barrierFrame,
  FRAGMENT_OVERHEAD_BYTES,
  FRAME_KIND,
  FragmentAssembler,
  frameKind,
  idleFrame,
  stopFrame,
  watermarkFrame,
  watermarkOf,
  writeFragmentFrame,
} from './frame.ts'
import { generalCodec } from './general-codec.ts'
import { Frame } from './generated/general/sage/frame.ts'
import type { Address } from './generated/order/sage/address.ts'
import { Frame as OrderFrame } from './generated/order/sage/frame.ts'
import type { Record as OrderRecord } from './generated/order/sage/record.ts'
import { newBatch, type RecordBatch, type RecordCodec } from './record-codec.ts'
import { ValueReader } from './value.ts'
import { verifyFrame } from './verify.ts'

const plain = { frameBytes: 32_768, keyed: false, timestamped: false }
const full = { frameBytes: 32_768, keyed: true, timestamped: true }
const arena = new Uint8Array(new SharedArrayBuffer(1 << 20))

function emptyBatch(): RecordBatch {
  return newBatch()
}

/** Reads a frame as the engine does: from the middle of shared memory. */
function readShared(codec: RecordCodec, bytes: Uint8Array, options = plain): RecordBatch {
  arena.fill(0xff)
  arena.set(bytes, 4096)
  const batch = emptyBatch()
  codec.createReader(options).read(arena, 4096, bytes.length, batch)
  return batch
}

describe('as classes made by flatc see it', () => {
  test('a frame without schema has values, keys and timestamps', () => {
    const writer = generalCodec.createWriter(full)
    const records = [{ a: 1 }, 'two', [3]]
    for (const [i, record] of records.entries()) writer.append(record, columns(['k', i], i + 0.5))
    const frame = Frame.getRootAsFrame(new ByteBuffer(writer.finish().slice()))
    expect([frame.kind(), frame.count(), frame.recordsLength()]).toStrictEqual([0, 3, 0])
    expect(frame.fragment()).toBe(null)
    expect([...frame.timestampsArray()!]).toStrictEqual([0.5, 1.5, 2.5])
    const reader = new ValueReader()
    for (const [column, expected] of [
      [frame.valuesArray()!, records],
      [frame.keysArray()!, [0, 1, 2].map((i) => ['k', i])],
    ] as const) {
      reader.reset(column, 0, column.length)
      expect([reader.read(), reader.read(), reader.read(), reader.more]).toStrictEqual([
        ...expected,
        false,
      ])
    }
  })

  test('columns that a stream has not are absent', () => {
    const writer = generalCodec.createWriter(plain)
    writer.append(1, columns())
    const frame = Frame.getRootAsFrame(new ByteBuffer(writer.finish().slice()))
    expect([frame.count(), frame.valuesLength()]).toStrictEqual([1, 1])
    expect([frame.keysArray(), frame.timestampsArray()]).toStrictEqual([null, null])
  })

  test('a stop frame', () => {
    const frame = Frame.getRootAsFrame(new ByteBuffer(stopFrame()))
    expect([frame.kind(), frame.count()]).toStrictEqual([FRAME_KIND.Stop, 0])
    expect([frame.recordsLength(), frame.valuesLength(), frame.fragment()]).toStrictEqual([
      0,
      0,
      null,
    ])
  })

  test('a watermark, a barrier and an idle frame', () => {
    const frame = Frame.getRootAsFrame(new ByteBuffer(watermarkFrame(-0.5)))
    expect([frame.kind(), frame.count()]).toStrictEqual([FRAME_KIND.Watermark, 0])
    expect([...frame.watermarksArray()!]).toStrictEqual([-0.5])
    expect(watermarkOf(watermarkFrame(7), 0)).toBe(7)
    const barrier = Frame.getRootAsFrame(new ByteBuffer(barrierFrame(3_000_000_000)))
    expect([barrier.kind(), barrier.count()]).toStrictEqual([FRAME_KIND.Barrier, 3_000_000_000])
    expect(barrierEpoch(barrierFrame(7), 0)).toBe(7)
    const idle = Frame.getRootAsFrame(new ByteBuffer(idleFrame()))
    expect([idle.kind(), idle.count()]).toStrictEqual([FRAME_KIND.Idle, 0])
  })

  test('watermarks: what held before each record, and behind the last', () => {
    const writer = generalCodec.createWriter(full)
    for (const [i, watermark] of [Number.NEGATIVE_INFINITY, 3, 5].entries())
      writer.append('r', columns('k', i, { watermark }))
    const marks = (watermark: number) => [
      ...Frame.getRootAsFrame(new ByteBuffer(writer.finish(watermark).slice())).watermarksArray()!,
    ]
    expect(marks(9)).toStrictEqual([Number.NEGATIVE_INFINITY, 3, 5, 9])
    expect(marks(4)).toStrictEqual([Number.NEGATIVE_INFINITY, 3, 5, 5])
    expect(readShared(generalCodec, writer.finish(9), full).watermarks).toStrictEqual([
      Number.NEGATIVE_INFINITY,
      3,
      5,
      9,
    ])
  })

  test('asks: only in frames that have any', () => {
    const writer = generalCodec.createWriter(plain)
    const asks = () =>
      Frame.getRootAsFrame(new ByteBuffer(writer.finish().slice())).asksArray()?.slice() ?? null
    writer.append('a', columns())
    expect(asks()).toBe(null)
    writer.append('b', columns(undefined, Number.NaN, { ask: 7 }))
    writer.append('c', columns())
    expect([...asks()!]).toStrictEqual([0, 7, 0])
    expect(readShared(generalCodec, writer.finish())).toMatchObject({
      asked: true,
      asks: [0, 7, 0],
    })
    writer.reset()
    writer.append('d', columns())
    expect(asks()).toBe(null)
    expect(readShared(generalCodec, writer.finish()).asked).toBe(false)
  })

  test('a fragment', () => {
    const source = Uint8Array.from({ length: 1000 }, (_, i) => i)
    const target = new Uint8Array(300)
    const length = writeFragmentFrame(target, source, 100, 203)
    expect(length).toBe(FRAGMENT_OVERHEAD_BYTES + 103)
    const frame = Frame.getRootAsFrame(new ByteBuffer(target.slice(0, length)))
    const fragment = frame.fragment()!
    expect([frame.kind(), fragment.total(), fragment.offset()]).toStrictEqual([1, 1000, 100])
    expect(fragment.dataArray()).toStrictEqual(source.slice(100, 203))
  })

  test('the committed file is what the schema gives', () => {
    const file = readFileSync(new URL('generated/order.fbs', import.meta.url), 'utf8')
    expect(orderSchema.fbs()).toBe(file)
  })

  test('every field of records with a schema, with and without nulls, keys and timestamps', () => {
    for (const options of [plain, full]) {
      const writer = orderSchema.codec.createWriter(options)
      const orders = [fullOrder, bareOrder, bareOrder, fullOrder]
      for (const [i, order] of orders.entries()) writer.append(order, columns(i, i))
      const frame = OrderFrame.getRootAsFrame(new ByteBuffer(writer.finish().slice()))
      expect([frame.kind(), frame.count(), frame.recordsLength()]).toStrictEqual([0, 4, 4])
      expect(frame.timestampsLength()).toBe(options.timestamped ? 4 : 0)
      expect(frame.valuesArray()).toBe(null)
      orders.forEach((order, i) => {
        expect(fieldsOf(frame.records(i)!)).toStrictEqual(order)
      })
    }
  })
})

function fieldsOf(r: OrderRecord): Order {
  const each = <T>(length: number, at: (i: number) => T): T[] =>
    Array.from({ length }, (_, i) => at(i))
  const date = (ms: number | null): Date | null => (ms === null ? null : new Date(ms))
  const address = (a: Address): Order['address'] => ({ street: a.street()!, number: a.number() })
  return {
    id: Number(r.id()),
    paid: r.paid(),
    tiny: r.tiny(),
    level: r.level(),
    small: r.small(),
    port: r.port(),
    delta: r.delta(),
    hits: r.hits(),
    serial: r.serial(),
    ratio: r.ratio(),
    price: r.price(),
    customer: r.customer()!,
    payload: r.payloadArray()!.slice(),
    placed: new Date(r.placed()),
    table: r.table_()!,
    discount: r.discount(),
    note: r.note(),
    seal: r.sealArray()?.slice() ?? null,
    shipped: date(r.shipped()),
    address: address(r.address()!),
    billing: r.billing() === null ? null : address(r.billing()!),
    tags: each(r.tagsLength(), (i) => r.tags(i)),
    weights: [...(r.weightsArray() ?? [])],
    flags: r.flagsArray() === null ? null : each(r.flagsLength(), (i) => r.flags(i)!),
    addresses: each(r.addressesLength(), (i) => address(r.addresses(i)!)),
    scores: each(r.scoresLength(), (i) => r.scores(i)!.value()),
    grid: each(r.gridLength(), (i) => [...(r.grid(i)!.valueArray() ?? [])]),
    blobs: each(r.blobsLength(), (i) => r.blobs(i)!.valueArray()!.slice()),
  }
}

describe.each([
  ['general', generalCodec, { id: 1, name: 'a' }, { id: Symbol('s') }],
  ['schema', orderSchema.codec, fullOrder, { ...fullOrder, delta: 0.5 }],
] as [string, RecordCodec, unknown, unknown][])('the %s codec', (_, codec, record, refused) => {
  test('reads from shared memory what it wrote, again and again', () => {
    const writer = codec.createWriter(full)
    for (const count of [0, 1, 17, 300, 3]) {
      writer.reset()
      for (let i = 0; i < count; i++) writer.append(record, columns(`k${i}`, i))
      expect(writer.count).toBe(count)
      const batch = readShared(codec, writer.finish(), full)
      expect(batch.count).toBe(count)
      expect(batch.values).toStrictEqual(new Array(count).fill(record))
      expect(batch.keys).toStrictEqual(Array.from({ length: count }, (_, i) => `k${i}`))
      expect(batch.timestamps).toStrictEqual(Array.from({ length: count }, (_, i) => i))
    }
  })

  test('refuses a record or key without a trace', () => {
    const script = (bad: boolean): Uint8Array => {
      const writer = codec.createWriter(full)
      for (let i = 0; i < 40; i++) {
        writer.append(record, columns(i, i))
        if (!bad) continue
        expect(() => writer.append(refused, columns(i, i))).toThrow(/at record\.(id|delta)/)
        expect(() => writer.append(record, columns({ no: 'key' }, i))).toThrow(
          expect.objectContaining({ code: 'SAGE_KEY' }),
        )
        expect(writer.count).toBe(i + 1)
      }
      return writer.finish().slice()
    }
    expect(readShared(codec, script(true), full)).toStrictEqual(
      readShared(codec, script(false), full),
    )
  })

  test('goes on after finish, and is full when it has the bytes', () => {
    const options = { ...full, frameBytes: 4096 }
    const writer = codec.createWriter(options)
    let last = 0
    while (!writer.full) {
      writer.append(record, columns('k', 1))
      const length = writer.finish().length
      expect(length).toBeGreaterThan(last)
      last = length
    }
    expect(last).toBeGreaterThan(3000)
    expect(last).toBeLessThan(6000)
    writer.append(record, columns('k', 1))
    const { count } = writer
    expect(readShared(codec, writer.finish(), options).values).toStrictEqual(
      new Array(count).fill(record),
    )
  })

  test('normalizes -0 in keys', () => {
    const writer = codec.createWriter(full)
    writer.append(record, columns(-0, 1))
    expect(readShared(codec, writer.finish(), full).keys).toStrictEqual([0])
  })

  test('equal records give equal bytes, whatever was in the memory before', () => {
    const write = (dirty: boolean): Uint8Array => {
      const writer = codec.createWriter(full)
      if (dirty) for (let i = 0; i < 100; i++) writer.append(record, columns('x'.repeat(50), 7))
      writer.reset()
      if (dirty) writer.reset()
      for (let i = 0; i < 3; i++) writer.append(record, columns(i, i))
      return writer.finish().slice()
    }
    expect(write(true)).toStrictEqual(write(false))
  })
})

test('records of 0 bytes to 64 MiB', () => {
  for (const size of [0, 1, 65_536, 64 << 20]) {
    const bytes = new Uint8Array(size).fill(7)
    const writer = generalCodec.createWriter(plain)
    writer.append({ bytes }, columns())
    const whole = writer.finish()
    const assembler = new FragmentAssembler()
    const target = new Uint8Array(1 << 20)
    let result: Uint8Array | null = null
    for (let from = 0; from < whole.length; ) {
      const to = Math.min(whole.length, from + target.length - FRAGMENT_OVERHEAD_BYTES)
      const length = writeFragmentFrame(target, whole, from, to)
      result = assembler.add(target, 0, length)
      expect(result === null).toBe(to < whole.length)
      from = to
    }
    const batch = emptyBatch()
    generalCodec.createReader(plain).read(result!, 0, result!.length, batch)
    const copy = (batch.values[0] as { bytes: Uint8Array }).bytes
    expect([copy.length, Buffer.compare(copy, bytes)]).toStrictEqual([size, 0])
    writer.reset()
    writer.append('small again', columns())
    expect(readShared(generalCodec, writer.finish()).values).toStrictEqual(['small again'])
  }
})

test('fragments that do not fit together are refused', () => {
  const source = new Uint8Array(1000)
  const piece = (from: number, to: number, of = source): Uint8Array => {
    const target = new Uint8Array(2000)
    return target.slice(0, writeFragmentFrame(target, of, from, to))
  }
  const refused = (...pieces: Uint8Array[]): void => {
    const assembler = new FragmentAssembler()
    const last = pieces.pop()!
    for (const each of pieces) assembler.add(each, 0, each.length)
    expect(() => assembler.add(last, 0, last.length)).toThrow(
      expect.objectContaining({ code: 'SAGE_FRAME_CORRUPT' }),
    )
  }
  refused(piece(1, 10))
  refused(piece(0, 10), piece(0, 10))
  refused(piece(0, 10), piece(11, 20))
  refused(piece(0, 10), piece(10, 20, new Uint8Array(999)))
  refused(piece(0, 100).slice(0, 150))
  refused(stopFrame())
})

test('any cut of a frame into fragments gives the frame', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.array(fc.nat()), (source, cuts) => {
      const ends = cuts.map((cut) => cut % source.length).concat(source.length)
      const target = new Uint8Array(4096)
      const assembler = new FragmentAssembler()
      let from = 0
      let whole: Uint8Array | null = null
      for (const to of ends.sort((a, b) => a - b)) {
        const length = writeFragmentFrame(target.subarray(8), source, from, to)
        verifyFrame(target.subarray(8, 8 + length))
        expect(frameKind(target, 8)).toBe(FRAME_KIND.Fragment)
        whole = assembler.add(target, 8, length)
        from = to
      }
      expect(whole).toStrictEqual(source)
    }),
  )
})
