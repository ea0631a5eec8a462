import { Builder, ByteBuffer } from 'flatbuffers'

/** The record of this bench. */
export interface Bid {
  auction: number
  bidder: number
  price: number
  at: number
  channel: string
  url: string
  extra: string
}

// What `flatc --ts` generates for a table with the fields of `Bid`, without the classes.

const builder = new Builder(1 << 16)

/** Writes the batch as a vector of tables, with the official library. */
export function writeBids(bids: readonly Bid[]): Uint8Array {
  builder.clear()
  const offsets = bids.map(writeBid)
  builder.startVector(4, offsets.length, 4)
  for (let i = offsets.length - 1; i >= 0; i--) builder.addOffset(offsets[i])
  const vector = builder.endVector()
  builder.startObject(1)
  builder.addFieldOffset(0, vector, 0)
  builder.finish(builder.endObject())
  return builder.asUint8Array()
}

function writeBid(bid: Bid): number {
  const channel = builder.createString(bid.channel)
  const url = builder.createString(bid.url)
  const extra = builder.createString(bid.extra)
  builder.startObject(7)
  builder.addFieldInt64(0, BigInt(bid.auction), 0n)
  builder.addFieldInt64(1, BigInt(bid.bidder), 0n)
  builder.addFieldFloat64(2, bid.price, 0)
  builder.addFieldInt64(3, BigInt(bid.at), 0n)
  builder.addFieldOffset(4, channel, 0)
  builder.addFieldOffset(5, url, 0)
  builder.addFieldOffset(6, extra, 0)
  return builder.endObject()
}

/** Reads every field of what `writeBids` wrote. */
export function readBids(bytes: Uint8Array): Bid[] {
  const buffer = new ByteBuffer(bytes)
  const root = buffer.readInt32(buffer.position()) + buffer.position()
  const field = root + buffer.__offset(root, 4)
  const bids: Bid[] = []
  const vector = buffer.__vector(field)
  const count = buffer.__vector_len(field)
  for (let i = 0; i < count; i++) bids.push(readBid(buffer, buffer.__indirect(vector + i * 4)))
  return bids
}

function readBid(buffer: ByteBuffer, table: number): Bid {
  const long = (slot: number): number => Number(buffer.readInt64(at(buffer, table, slot)))
  const text = (slot: number): string => buffer.__string(at(buffer, table, slot)) as string
  return {
    auction: long(4),
    bidder: long(6),
    price: buffer.readFloat64(at(buffer, table, 8)),
    at: long(10),
    channel: text(12),
    url: text(14),
    extra: text(16),
  }
}

function at(buffer: ByteBuffer, table: number, slot: number): number {
  return table + buffer.__offset(table, slot)
}
