/**
 * Frames of 200 records with four numbers and three strings: objects to bytes, and bytes to
 * objects whose fields are all used. Each peer does a whole batch in one call, as it does best:
 *
 * - FlatBuffers `Builder`: one buffer with a vector of tables; read through accessors that are
 *   written by hand as `flatc` generates them
 * - `JSON`: the batch as one text; that it would have to become bytes is not counted
 * - `v8.serialize`: the batch as one value
 */
import { deepStrictEqual } from 'node:assert'
import { deserialize, serialize } from 'node:v8'
import {
  type BenchResult,
  type Contender,
  expectSum,
  measure,
  nanoseconds,
  timed,
} from 'sage-stream/bench'
import { generalCodec } from '../codec/general-codec.ts'
import { schema } from '../codec/index.ts'
import { NO_COLUMNS, newBatch, type RecordBatch, type RecordCodec } from '../codec/record-codec.ts'
import { type Bid, readBids, writeBids } from './codec-builder.ts'

export const title = 'Records with 4 numbers and 3 strings, to bytes and back'
export const targets = 'write >= 10x flatbuffers Builder; read of all fields >= 2x JSON'

const BATCH = 200
const BATCHES = 1000
const FRAME = { frameBytes: 1 << 20, keyed: false, timestamped: false }

const bidSchema = schema('Bid', {
  auction: 'int64',
  bidder: 'int64',
  price: 'float64',
  at: 'int64',
  channel: 'string',
  url: 'string',
  extra: 'string',
})

/** Runs both tables. */
export async function run(): Promise<BenchResult[]> {
  const bids = makeBids()
  const pairs = [
    codecPair('with a schema', bidSchema.codec, bids),
    codecPair('without schema', generalCodec, bids),
    pair('flatbuffers Builder', bids, writeBids, readBids),
    pair('JSON', bids, JSON.stringify, (text) => JSON.parse(text) as Bid[]),
    pair('v8.serialize', bids, serialize, (bytes) => deserialize(bytes) as Bid[]),
  ]
  const table = (bench: string, contenders: Contender[]): Promise<BenchResult[]> => {
    return measure({ bench, unit: nanoseconds, contenders, rounds: 7 })
  }
  return [
    ...(await table(
      'write a record',
      pairs.map(([write]) => write),
    )),
    ...(await table(
      'read all of a record',
      pairs.map(([, read]) => read),
    )),
  ]
}

// One string repeats, as names and codes do; two differ from record to record.
function makeBids(): Bid[] {
  return Array.from({ length: BATCH }, (_, i) => ({
    auction: 1000 + i,
    bidder: 7_000_000_000 + i * 7,
    price: 100 + i * 0.37,
    at: 1_700_000_000_000 + i,
    channel: ['Google', 'Apple', 'Baidu', 'Facebook'][i % 4],
    url: `item/${i * 7919}/x`,
    extra: `e${i * 31}`,
  }))
}

function use(bids: readonly Bid[], count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) {
    const { auction, bidder, price, at, channel, url, extra } = bids[i]
    sum += auction + bidder + price + at + channel.length + url.length + extra.length
  }
  return sum
}

type Pair = [write: Contender, read: Contender]

function pair<B extends { length: number }>(
  name: string,
  bids: Bid[],
  write: (bids: Bid[]) => B,
  read: (bytes: B) => Bid[],
): Pair {
  const bytes = write(bids)
  deepStrictEqual(read(bytes), bids)
  const { length } = bytes
  return contenders(
    name,
    bids,
    () => write(bids).length,
    length,
    () => read(bytes),
  )
}

function codecPair(name: string, codec: RecordCodec, bids: Bid[]): Pair {
  const writer = codec.createWriter(FRAME)
  const write = (): number => {
    writer.reset()
    for (let i = 0; i < bids.length; i++) writer.append(bids[i], NO_COLUMNS)
    return writer.finish().length
  }
  // The second frame has the room that the first one needed.
  write()
  const length = write()
  const arena = new Uint8Array(new SharedArrayBuffer(1 << 20))
  arena.set(writer.finish(), 4096)
  const reader = codec.createReader(FRAME)
  const batch: RecordBatch = newBatch()
  const read = (): Bid[] => {
    reader.read(arena, 4096, length, batch)
    return batch.values as Bid[]
  }
  deepStrictEqual(read(), bids)
  return contenders(name, bids, write, length, read)
}

function contenders(
  name: string,
  bids: Bid[],
  write: () => number,
  length: number,
  read: () => Bid[],
): Pair {
  const repeat = (body: () => number) => () => {
    let sum = 0
    for (let i = 0; i < BATCHES; i++) sum += body()
    return sum
  }
  const writeAll = repeat(write)
  const readAll = repeat(() => use(read(), BATCH))
  let expected = 0
  for (let i = 0; i < BATCHES; i++) expected += use(bids, BATCH)
  return [
    {
      name,
      run: () => timed(BATCH * BATCHES, writeAll),
      check: expectSum(length * BATCHES),
    },
    { name, run: () => timed(BATCH * BATCHES, readAll), check: expectSum(expected) },
  ]
}
