import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { generalCodec } from '../codec/general-codec.ts'
import type { FrameOptions, RecordCodec } from '../codec/record-codec.ts'
import { schema } from '../codec/schema.ts'
import { InputChannel, newBatch } from '../engine/channel/input-channel.ts'
import { OutputChannel } from '../engine/channel/output-channel.ts'
import { wrapArena } from '../engine/ring/arena.ts'
import { DOORBELL_BYTES, Doorbell } from '../engine/ring/doorbell.ts'
import { maxMessageBytes } from '../engine/ring/layout.ts'
import { RingReader } from '../engine/ring/reader.ts'
import { RingWriter } from '../engine/ring/writer.ts'

/** How records cross: through the engine's channels, or by postMessage so many at a time. */
export type Way = 'schema' | 'general' | { readonly post: number }

/** One run: so many records, in this way. */
export interface Run {
  readonly way: Way
  readonly records: number
}

/** What the receiving side has seen. */
export interface RunResult {
  readonly ms: number
  readonly sum: number
}

/** What a bench thread is started with. */
export interface ThreadInput {
  readonly role: 'sender' | 'receiver'
  readonly buffer: SharedArrayBuffer
  readonly port: MessagePort
}

/** Where the ring lies: behind the two doorbells. */
export const RING_AT = 2 * DOORBELL_BYTES
export const RING_CAPACITY = 256 * 1024

/** The record: four numbers, three strings. */
export interface Order {
  readonly id: number
  readonly price: number
  readonly quantity: number
  readonly time: number
  readonly user: string
  readonly symbol: string
  readonly note: string
}

const Order = schema('Order', {
  id: 'int64',
  price: 'float64',
  quantity: 'int32',
  time: 'float64',
  user: 'string',
  symbol: 'string',
  note: 'string',
})

/** Records to choose from: prepared, so that their making is not measured. */
const ORDERS = Array.from(
  { length: 4096 },
  (_, i): Order => ({
    id: i,
    price: 100 + (i % 50) / 4,
    quantity: (i % 9) + 1,
    time: 1_700_000_000_000 + i,
    user: `user-${i % 1000}`,
    symbol: ['ACME', 'GLOBEX', 'INITECH'][i % 3],
    note: `order number ${i}`,
  }),
)

const BATCHES_UNDER_WAY = 16
const { role, buffer, port } = (workerData ?? {}) as ThreadInput
if (parentPort !== null) serve()

function serve(): void {
  const arena = wrapArena(buffer)
  const senderBell = new Doorbell(arena, 0)
  const receiverBell = new Doorbell(arena, DOORBELL_BYTES)
  const options: FrameOptions = {
    frameBytes: Math.min(32 * 1024, maxMessageBytes(RING_CAPACITY)),
    keyed: false,
    timestamped: false,
  }
  const codecs: Record<string, RecordCodec> = { schema: Order.codec, general: generalCodec }
  const channels =
    role === 'sender'
      ? (way: string) =>
          new OutputChannel(
            codecs[way].createWriter(options),
            new RingWriter(arena, RING_AT),
            receiverBell,
          )
      : (way: string) =>
          new InputChannel(
            new RingReader(arena, RING_AT),
            arena.u8,
            codecs[way].createReader(options),
            senderBell,
          )
  parentPort!.on('message', async ({ way, records }: Run) => {
    const begin = performance.now()
    let sum: number
    if (typeof way === 'object')
      sum = role === 'sender' ? await post(records, way.post) : await receivePosts(records)
    else
      sum =
        role === 'sender'
          ? send(channels(way) as OutputChannel, records, senderBell)
          : receive(channels(way) as InputChannel, records, receiverBell)
    parentPort!.postMessage({ ms: performance.now() - begin, sum } satisfies RunResult)
  })
}

function send(channel: OutputChannel, records: number, bell: Doorbell): number {
  for (let i = 0; i < records; i++) {
    channel.append(ORDERS[i & 4095], undefined, Number.NaN)
    while (channel.pressed) {
      const seen = bell.read()
      bell.announce()
      if (!channel.drain()) bell.wait(seen, 100)
      bell.retract()
    }
  }
  channel.flush()
  while (!channel.drain());
  return 0
}

function receive(channel: InputChannel, records: number, bell: Doorbell): number {
  const batch = newBatch()
  let sum = 0
  for (let left = records; left > 0; ) {
    const seen = bell.read()
    if (channel.poll(batch) !== 'records') {
      bell.announce()
      if (!channel.ready) bell.wait(seen, 100)
      bell.retract()
      continue
    }
    sum += sumOf(batch.values as Order[], batch.count)
    left -= batch.count
  }
  return sum
}

async function post(records: number, size: number): Promise<number> {
  let acked = 0
  let wake = () => {}
  port.on('message', () => {
    acked++
    wake()
  })
  for (let i = 0, posted = 0; i < records; i += size, posted++) {
    const batch: Order[] = []
    for (let k = i; k < Math.min(records, i + size); k++) batch.push(ORDERS[k & 4095])
    port.postMessage(batch)
    while (posted - acked >= BATCHES_UNDER_WAY)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
  port.removeAllListeners('message')
  return 0
}

function receivePosts(records: number): Promise<number> {
  let sum = 0
  let left = records
  return new Promise((resolve) => {
    const take = (batch: Order[]) => {
      sum += sumOf(batch, batch.length)
      left -= batch.length
      port.postMessage(0)
      if (left > 0) return
      port.off('message', take)
      resolve(sum)
    }
    port.on('message', take)
  })
}

/** Touches every field, so that nothing can be left undecoded. */
export function sumOf(orders: readonly Order[], count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++) {
    const o = orders[i]
    sum +=
      o.id +
      o.quantity +
      o.price +
      (o.time % 1000) +
      o.user.length +
      o.symbol.length +
      o.note.length
  }
  return sum
}

/** What all receivers must find. */
export function expectedSum(records: number): number {
  let sum = 0
  for (let i = 0; i < records; i++) sum += sumOf([ORDERS[i & 4095]], 1)
  return sum
}
