import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { generalCodec } from '../codec/general-codec.ts'
import { type FrameOptions, NO_COLUMNS, newBatch } from '../codec/record-codec.ts'
import { viewCodecOf } from '../codec/view-codec.ts'
import { InputChannel } from '../engine/channel/input-channel.ts'
import { OutputChannel } from '../engine/channel/output-channel.ts'
import { wrapArena } from '../engine/ring/arena.ts'
import { DOORBELL_BYTES, Doorbell } from '../engine/ring/doorbell.ts'
import { maxMessageBytes } from '../engine/ring/layout.ts'
import { RingReader } from '../engine/ring/reader.ts'
import { RingWriter } from '../engine/ring/writer.ts'
import {
  type FieldsRead,
  ORDERS,
  type Order,
  objectReader,
  orderSchema,
  type ReadBatch,
  viewReader,
} from './exchange-orders.ts'

/** How records cross: through the engine's channels, or by postMessage so many at a time. */
export type Way = RingWay | { readonly post: number }

type RingWay = 'schema' | 'general' | 'view'

/** One run: so many records, in this way. */
export interface Run {
  readonly way: Way
  readonly records: number
  /** By view it is always two. */
  readonly fields: FieldsRead
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
  const codecs = { schema: orderSchema.codec, general: generalCodec, view: orderSchema.codec }
  const cursor = viewCodecOf(orderSchema.codec).views!.createCursor()
  const output = (way: RingWay) => {
    const writer = codecs[way].createWriter(options)
    return new OutputChannel(writer, new RingWriter(arena, RING_AT), receiverBell)
  }
  const input = (way: RingWay) => {
    const inPlace = way === 'view'
    const reader = (inPlace ? cursor : codecs[way]).createReader(options)
    return new InputChannel(new RingReader(arena, RING_AT), arena.u8, reader, senderBell, inPlace)
  }
  const runOne = ({ way, records, fields }: Run): number | Promise<number> => {
    const read = way === 'view' ? viewReader(cursor) : objectReader(fields)
    if (typeof way === 'object') {
      return role === 'sender' ? post(records, way.post) : receivePosts(records, read)
    }
    if (role === 'sender') return send(output(way), records, senderBell)
    return receive(input(way), records, receiverBell, read)
  }
  parentPort!.on('message', async (run: Run) => {
    const begin = performance.now()
    const sum = await runOne(run)
    parentPort!.postMessage({ ms: performance.now() - begin, sum } satisfies RunResult)
  })
}

function send(channel: OutputChannel, records: number, bell: Doorbell): number {
  for (let i = 0; i < records; i++) {
    channel.append(ORDERS[i & 4095], NO_COLUMNS)
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

function receive(channel: InputChannel, records: number, bell: Doorbell, read: ReadBatch): number {
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
    sum += read(batch.values, batch.count)
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

function receivePosts(records: number, read: ReadBatch): Promise<number> {
  let sum = 0
  let left = records
  return new Promise((resolve) => {
    const take = (batch: Order[]) => {
      sum += read(batch, batch.length)
      left -= batch.length
      port.postMessage(0)
      if (left > 0) return
      port.off('message', take)
      resolve(sum)
    }
    port.on('message', take)
  })
}
