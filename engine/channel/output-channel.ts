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

/** Where the oldest records are dropped: into so many frames their buffer is divided. */
const FRAMES_OF_BUFFER = 16

/** A finished frame that its ring has refused, and how much of it has gone out as fragments. */
interface Refused {
  readonly bytes: Uint8Array
  /** How many records it holds. */
  readonly records: number
  /** What it says of time, where it says no more. */
  readonly time: 'watermark' | 'idle' | undefined
  sent: number
}

/**
 * The sending end of one ring: gathers records into frames and sends them. A full ring is no error and no
 * wait: what was refused is kept here, in order, and `pressed` asks the sender to bring no more. What comes
 * all the same (the rest of one input's expansion) waits on the heap behind it. With a `Backpressure` of its own, a
 * number of records may wait here before that, and what comes then may be dropped, or may take the place of the oldest.
 *
 * Only the sending thread calls.
 */
export class OutputChannel {
  readonly #writer: FrameWriter
  readonly #ring: RingWriter
  readonly #receiver: Doorbell
  readonly #refused: Refused[] = []
  readonly #sent: Float64Array
  #scratch: Uint8Array | undefined
  /** What holds behind the last record appended. */
  #watermark = Number.NEGATIVE_INFINITY
  #idle = false
  readonly #backpressure: Backpressure | undefined
  /** At most so many records are in one frame: where the oldest are dropped, it is done frame by frame. */
  readonly #frameRecords: number
  /** Records in refused frames. */
  #waiting = 0
  #keep: ((frame: Uint8Array, records: number) => void) | undefined
  /** No more records come: all that waits must go out. */
  #ended = false

  /** @param sent - the sender's row of the ring's counters */
  constructor(
    writer: FrameWriter,
    ring: RingWriter,
    receiver: Doorbell,
    sent: Float64Array = new Float64Array(COUNTER_SLOTS),
    backpressure?: Backpressure,
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
  }

  /** True while no more should come: the ring refuses what is queued here. */
  get pressed(): boolean {
    if (this.#refused.length === 0) return false
    if (this.#backpressure === undefined || this.#ended) return true
    return this.#backpressure.strategy !== 'drop' && this.#isFull(this.#backpressure)
  }

  /** True while something is queued here, whether or not more may come. */
  get waiting(): boolean {
    return this.#refused.length > 0
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
    while (refused.length > 0 && this.#sendOn(refused[0])) this.#waiting -= refused.shift()!.records
    return refused.length === 0
  }

  #sendFrame(frame: Uint8Array, records: number): void {
    this.#sent[LINK.records] += records
    this.#sent[LINK.bytes] += frame.length
    this.#send(frame, records)
  }

  #isFull({ bufferSize }: Backpressure): boolean {
    return this.#waiting + this.#writer.count >= bufferSize
  }

  /**
   * Makes room for a record: the oldest frame that waits whole is left out. Time goes on all the same: the frames behind it
   * promise no less. False: there is none.
   */
  #dropOldest(): boolean {
    const at = this.#refused.findIndex(({ records, sent }) => records > 0 && sent === 0)
    if (at === -1) return false
    const [{ bytes, records }] = this.#refused.splice(at, 1)
    this.#waiting -= records
    this.#sent[LINK.records] -= records
    this.#sent[LINK.bytes] -= bytes.length
    this.#sent[LINK.dropped] += records
    this.#supersede(at)
    return true
  }

  /**
   * What is said of time takes the place of what was said right before: else such frames pile up while records are dropped.
   * Only a watermark still holds when the channel becomes idle.
   */
  #supersede(at: number): void {
    const time = this.#refused[at]?.time
    const before = this.#refused[at - 1]?.time
    if (time === undefined || before === undefined) return
    if (time === 'idle' && before === 'watermark') return
    this.#refused.splice(at - 1, 1)
    this.#supersede(at - 1)
  }

  #send(frame: Uint8Array, records = 0, time?: Refused['time']): void {
    const whole = frame.length <= this.#ring.maxMessageBytes
    if (whole && this.#refused.length === 0 && this.#ring.tryWrite(frame, 0, frame.length)) {
      this.#receiver.ring()
      return
    }
    this.#refused.push({ bytes: frame.slice(), records, time, sent: 0 })
    this.#waiting += records
    this.#supersede(this.#refused.length - 1)
    this.drain()
  }

  #sendOn(item: Refused): boolean {
    const { bytes } = item
    if (bytes.length <= this.#ring.maxMessageBytes) {
      if (!this.#ring.tryWrite(bytes, 0, bytes.length)) return false
      this.#receiver.ring()
      return true
    }
    return this.#sendFragments(item)
  }

  #sendFragments(item: Refused): boolean {
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
