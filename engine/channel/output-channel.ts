import {
  barrierFrame,
  FRAGMENT_OVERHEAD_BYTES,
  idleFrame,
  stopFrame,
  watermarkFrame,
  writeFragmentFrame,
} from '../../codec/frame.ts'
import type { FrameWriter, RecordColumns } from '../../codec/record-codec.ts'
import type { Backpressure } from '../graph/node.ts'
import { COUNTER_SLOTS, LINK } from '../metrics/counters.ts'
import type { Doorbell } from '../ring/doorbell.ts'
import type { RingWriter } from '../ring/writer.ts'
import { type RefusedFrame, RefusedFrames } from './refused-frames.ts'

/** Where the oldest records are dropped: into so many frames their buffer is divided. */
const FRAMES_OF_BUFFER = 16

/** Told of the frames of a channel that may hold any number of them on the heap: one that closes a feedback loop. */
export interface Spill {
  /** A frame of records, of so many bytes, waits. */
  put(bytes: number): void
  /** One that waited has gone out. */
  sent(bytes: number): void
}

/**
 * The sending end of one ring: gathers records into frames and sends them. A full ring is no error and no
 * wait: what was refused is kept here, in order, and `pressed` asks the sender to bring no more. What comes
 * all the same (the rest of one input's expansion) waits on the heap behind it. With a `Backpressure` of its own, a
 * number of records may wait here before that, and what comes then may be dropped, or may take the place of the oldest.
 * One that closes a feedback loop is never pressed: any number of records wait on the heap, since a full loop that waited
 * for itself would wait for ever.
 *
 * Only the sending thread calls.
 */
export class OutputChannel {
  readonly #writer: FrameWriter
  readonly #ring: RingWriter
  readonly #receiver: Doorbell
  readonly #refused = new RefusedFrames()
  readonly #sent: Float64Array
  #scratch: Uint8Array | undefined
  /** What holds behind the last record appended. */
  #watermark = Number.NEGATIVE_INFINITY
  #idle = false
  readonly #backpressure: Backpressure | undefined
  /** At most so many records are in one frame: where the oldest are dropped, it is done frame by frame. */
  readonly #frameRecords: number
  readonly #spill: Spill | undefined
  #keep: ((frame: Uint8Array, records: number) => void) | undefined
  /** No more records come: all that waits must go out. */
  #ended = false

  /**
   * @param sent - the sender's row of the ring's counters
   * @param spill - for a channel that closes a feedback loop
   */
  constructor(
    writer: FrameWriter,
    ring: RingWriter,
    receiver: Doorbell,
    sent: Float64Array = new Float64Array(COUNTER_SLOTS),
    backpressure?: Backpressure,
    spill?: Spill,
  ) {
    this.#writer = writer
    this.#ring = ring
    this.#receiver = receiver
    this.#sent = sent
    this.#backpressure = backpressure
    this.#frameRecords =
      backpressure?.drop === 'oldest'
        ? Math.ceil(backpressure.bufferSize / FRAMES_OF_BUFFER)
        : Number.POSITIVE_INFINITY
    this.#spill = spill
  }

  /** True while no more should come: the ring refuses what is queued here. */
  get pressed(): boolean {
    if (!this.waiting) return false
    if (this.#ended) return true
    if (this.#spill !== undefined) return false
    if (this.#backpressure === undefined) return true
    return this.#backpressure.strategy !== 'drop' && this.#isFull(this.#backpressure)
  }

  /** True while something is queued here, whether or not more may come. */
  get waiting(): boolean {
    return this.#refused.first !== undefined
  }

  /** For how long the channel may be pressed before its job fails, in ms. */
  get patienceMs(): number {
    return this.#backpressure?.timeoutMs ?? Number.POSITIVE_INFINITY
  }

  /** Records gathered and not yet sent on. */
  get gathered(): number {
    return this.#writer.count
  }

  /** Shows `keep` every frame of records that is sent from now on. It is valid during the call. */
  keepFrames(keep: (frame: Uint8Array, records: number) => void): void {
    this.#keep = keep
  }

  /** Sends a frame that was kept, before any other: it is not shown again. */
  resend(frame: Uint8Array, records: number): void {
    this.#sendFrame(frame, records)
  }

  /** Adds a record to the frame at hand; throws what the codec throws, and then has taken nothing. */
  append(value: unknown, columns: RecordColumns): void {
    const writer = this.#writer
    const backpressure = this.#backpressure
    if (backpressure?.strategy === 'drop' && this.waiting && this.#isFull(backpressure)) {
      if (backpressure.drop === 'newest' || !this.#dropOldest()) {
        this.#sent[LINK.dropped]++
        return
      }
    }
    writer.append(value, columns)
    if (writer.full || writer.count >= this.#frameRecords) this.flush()
  }

  /**
   * Promises the receiver that no record with a timestamp before `watermark` follows: with the frame at hand, or by
   * a frame of its own.
   */
  advance(watermark: number): void {
    if (watermark <= this.#watermark && !this.#idle) return
    if (watermark > this.#watermark) this.#watermark = watermark
    if (this.#writer.count === 0) this.#send(watermarkFrame(this.#watermark), 0, 'watermark')
    this.#idle = false
  }

  /** Tells the receiver, behind all that was appended, that time has come to its end; late records may follow. */
  endTime(): void {
    this.flush()
    this.#send(watermarkFrame(Number.POSITIVE_INFINITY))
  }

  /** Tells the receiver not to wait for this channel's time until its next frame. */
  becomeIdle(): void {
    if (this.#idle) return
    this.flush()
    this.#send(idleFrame(), 0, 'idle')
    this.#idle = true
  }

  /** Separates what belongs to a checkpoint from what does not. */
  barrier(epoch: number): void {
    this.flush()
    this.#send(barrierFrame(epoch))
  }

  /** Sends what has been gathered. */
  flush(): void {
    const { count } = this.#writer
    if (count === 0) return
    this.#idle = false
    const frame = this.#writer.finish(this.#watermark)
    this.#keep?.(frame, count)
    this.#sendFrame(frame, count)
    this.#writer.reset()
  }

  /** The last frame of this channel, behind everything appended before. */
  end(): void {
    this.#ended = true
    this.flush()
    this.#send(stopFrame())
  }

  /** Tries the ring again with what it has refused. True when nothing is left. */
  drain(): boolean {
    const refused = this.#refused
    for (let next = refused.first; next !== undefined; next = refused.first) {
      if (!this.#sendOn(next)) return false
      refused.shift()
      if (next.records > 0) this.#spill?.sent(next.bytes.length)
    }
    return true
  }

  #sendFrame(frame: Uint8Array, records: number): void {
    this.#sent[LINK.records] += records
    this.#sent[LINK.bytes] += frame.length
    this.#send(frame, records)
  }

  #isFull({ bufferSize }: Backpressure): boolean {
    return this.#refused.records + this.#writer.count >= bufferSize
  }

  /** Makes room for a record. False: there is none to be made. */
  #dropOldest(): boolean {
    const dropped = this.#refused.dropOldest()
    if (dropped === undefined) return false
    this.#sent[LINK.records] -= dropped.records
    this.#sent[LINK.bytes] -= dropped.bytes.length
    this.#sent[LINK.dropped] += dropped.records
    return true
  }

  #send(frame: Uint8Array, records = 0, time?: RefusedFrame['time']): void {
    const whole = frame.length <= this.#ring.maxMessageBytes
    if (whole && !this.waiting && this.#ring.tryWrite(frame, 0, frame.length)) {
      this.#receiver.ring()
      return
    }
    this.#refused.push({ bytes: frame.slice(), records, time, sent: 0 })
    if (records > 0) this.#spill?.put(frame.length)
    this.drain()
  }

  #sendOn(item: RefusedFrame): boolean {
    const { bytes } = item
    if (bytes.length <= this.#ring.maxMessageBytes) {
      if (!this.#ring.tryWrite(bytes, 0, bytes.length)) return false
      this.#receiver.ring()
      return true
    }
    return this.#sendFragments(item)
  }

  #sendFragments(item: RefusedFrame): boolean {
    const scratch = (this.#scratch ??= new Uint8Array(this.#ring.maxMessageBytes))
    const room = scratch.length - FRAGMENT_OVERHEAD_BYTES
    while (item.sent < item.bytes.length) {
      const end = Math.min(item.sent + room, item.bytes.length)
      const length = writeFragmentFrame(scratch, item.bytes, item.sent, end)
      if (!this.#ring.tryWrite(scratch, 0, length)) return false
      this.#receiver.ring()
      item.sent = end
    }
    return true
  }
}
