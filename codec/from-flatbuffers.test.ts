import { ByteBuffer } from 'flatbuffers'
import { expect, test } from 'vitest'
import { columns } from './fixtures/columns.ts'
import { fromFlatBuffers } from './from-flatbuffers.ts'
import { Frame } from './generated/general/sage/frame.ts'
import { Point } from './generated/trade/trade/point.ts'
import { Side } from './generated/trade/trade/side.ts'
import { Spot } from './generated/trade/trade/spot.ts'
import { Trade } from './generated/trade/trade/trade.ts'
import { newBatch, type RecordBatch } from './record-codec.ts'
import { verifyFrame } from './verify.ts'

const trades = fromFlatBuffers(Trade)
const options = { frameBytes: 16_384, keyed: false, timestamped: false }
const full = {
  id: 2n ** 64n - 1n,
  symbol: 'XYZ',
  side: Side.Sell,
  price: 1.25,
  lot: 0,
  open: false,
  buyer: { id: -5n, name: 'b' },
  legs: [
    { id: 1n, name: null },
    { id: 2n, name: 'two' },
  ],
  fills: [1.5, 2.5],
  venues: ['a', ''],
  data: Uint8Array.of(1, 2),
  note: 'n',
}
const bare = { ...full, lot: null, buyer: null, legs: [], note: null, open: true, side: Side.Buy }

function write(records: readonly unknown[]): Uint8Array {
  const writer = trades.codec.createWriter(options)
  for (const record of records) writer.append(record, columns(undefined, 0))
  return writer.finish().slice()
}

test('records come back, in frames that verify', () => {
  const bytes = write([full, bare, full])
  verifyFrame(bytes, trades)
  const batch: RecordBatch = newBatch()
  trades.codec.createReader(options).read(bytes, 0, bytes.length, batch)
  expect(batch.values).toStrictEqual([full, bare, full])
  expect([trades.name, trades.codec.id]).toStrictEqual(['Trade', 'schema:Trade'])
})

test('the class itself reads the tables', () => {
  const buffer = new ByteBuffer(write([full, bare]))
  const frame = Frame.getRootAsFrame(buffer)
  const tradeAt = (i: number): Trade => new Trade().__init(frame.records(i)!.bb_pos, buffer)
  const [first, second] = [tradeAt(0), tradeAt(1)]
  expect([first.id(), first.symbol(), first.side(), first.price()]).toStrictEqual([
    full.id,
    'XYZ',
    1,
    1.25,
  ])
  expect([first.lot(), first.open(), first.note()]).toStrictEqual([0, false, 'n'])
  expect([first.buyer()!.id(), first.buyer()!.name()]).toStrictEqual([-5n, 'b'])
  expect([first.legsLength(), first.legs(1)!.id(), first.legs(0)!.name()]).toStrictEqual([
    2,
    2n,
    null,
  ])
  expect([...first.fillsArray()!, first.venues(0), first.venues(1)]).toStrictEqual([
    1.5,
    2.5,
    'a',
    '',
  ])
  expect(first.dataArray()!.slice()).toStrictEqual(full.data)
  expect([second.lot(), second.buyer(), second.legsLength(), second.note()]).toStrictEqual([
    null,
    null,
    0,
    null,
  ])
})

test('what is no record of the table is refused', () => {
  const refused = (change: object, message: string): void => {
    expect(() => trades.validate({ ...full, ...change })).toThrow(
      expect.objectContaining({
        code: 'SAGE_SCHEMA_MISMATCH',
        message: expect.stringContaining(message),
      }),
    )
  }
  refused({ id: -1n }, 'expected bigint (of 64 bits, not negative) at record.id, got -1n')
  refused({ symbol: null }, 'expected a string at record.symbol, got null')
  refused({ side: 200 }, 'expected int8')
  refused({ legs: null }, 'expected a list of Party at record.legs, got null')
  refused({ old: 1 }, 'got the field "old"')
})

test('classes that are no such table are refused', () => {
  const refused = (Class: unknown, message: string): void => {
    expect(() => fromFlatBuffers(Class as typeof Trade)).toThrow(
      expect.objectContaining({ code: 'SAGE_OPTION', message: expect.stringContaining(message) }),
    )
  }
  refused(class TradeT {}, 'expected a class of a table that flatc --ts made (Order, not OrderT)')
  refused(undefined, 'got undefined')
  refused(Spot, 'Spot.at is a struct')
  refused(Point, 'Point.x is no field of a table')
})

test('another name, and the .fbs file', () => {
  const named = fromFlatBuffers(Trade, 'Deal')
  expect([named.name, named.codec.id]).toStrictEqual(['Deal', 'schema:Deal'])
  expect(named.fbs()).toContain('unused_4: ubyte (deprecated, id: 4);')
})
