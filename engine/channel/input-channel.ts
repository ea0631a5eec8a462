import { unreachable } from '../../codec/assert.ts'
import {
  barrierEpoch,
  FRAME_KIND,
  FragmentAssembler,
  frameKind,
  watermarkOf,
} from '../../codec/frame.ts'
import { type FrameReader, newBatch, type RecordBatch } from '../../codec/record-codec.ts'
import { COUNTER_SLOTS, LINK } from '../metrics/counters.ts'
import type { Doorbell } from '../ring/doorbell.ts'
import { EMPTY, type RingReader } from '../ring/reader.ts'

/**
 * What a look into an input found. `'time'`: no records, but the channel's time has moved. `'barrier'`: see `epoch`.
 */
export type Polled = 'records' | 'time' | 'barrier' | 'empty' | 'ended'

/**
 * The receiving end of one ring. Decodes one frame at a time into a batch and gives its room back to the
 * producer before the records are worked on: decoded records own their memory. Where they are read in place, the room is
 * given back when the next frame is asked for: then the batch has been worked on.
 *
 * Only the receiving thread calls.
 */
export class InputChannel {
  readonly #ring: RingReader
  readonly #bytes: Uint8Array
  readonly #reader: FrameReader
  readonly #producer: Doorbell
  readonly #fragments = new FragmentAssembler()
  readonly #inPlace: boolean
  readonly #taken: Float64Array
  readonly #plain: FrameReader
  /** Whole frames that were taken out of the ring before their turn, in order. */
  #ahead: Uint8Array[] = []
  #nextAhead = 0
  /** Whether the stop frame is among them. */
  #endAhead = false
  #held = false
  #marked = 0
  #ended = false
  /** The last Watermark frame; raised by the receiver as it works on records. */
  watermark = Number.NEGATIVE_INFINITY
  /** Whether the sender has nothing to say about time until its next frame. */
  idle = false
  /** The checkpoint whose barrier was read last; 0: none. */
  epoch = 0

  /**
   * @param inPlace - whether what `reader` gives lies in the frame still
   * @param taken - the receiver's row of the ring's counters
   * @param plain - reads records that own their memory; default `reader`
   */
  constructor(
    ring: RingReader,
    bytes: Uint8Array,
    reader: FrameReader,
    producer: Doorbell,
    inPlace = false,
    taken: Float64Array = new Float64Array(COUNTER_SLOTS),
    plain = reader,
  ) {
    this.#ring = ring
    this.#bytes = bytes
    this.#reader = reader
    this.#producer = producer
    this.#inPlace = inPlace
    this.#taken = taken
    this.#plain = plain
  }

  /** Records in the frames taken out of the ring so far. */
  get recordsTaken(): number {
    let ahead = 0
    for (const { count } of this.waitingAhead(newBatch())) ahead += count
    return this.#taken[LINK.records] + ahead
  }

  /** True once the stop frame has been read: nothing follows it. */
  get ended(): boolean {
    return this.#ended
  }

  /** Whether a frame lies ready, be it the one that is read in place. Loads the producer's real tail. */
  get ready(): boolean {
    return !this.#ended && (this.#hasAhead || this.#ring.peek() !== EMPTY)
  }

  /** Remembers what lies in the ring now: see `caughtUp`. */
  markPublished(): void {
    this.#marked = this.#ring.publishedTo
  }

  /** Whether all that lay in the ring at the last `markPublished` has been read, and worked on where it is read in place. */
  get caughtUp(): boolean {
    return this.#ended || (!this.#hasAhead && this.#markTaken)
  }

  get #markTaken(): boolean {
    return ((this.#marked - this.#ring.releasedTo) | 0) <= 0
  }

  get #hasAhead(): boolean {
    return this.#nextAhead < this.#ahead.length
  }

  /** Whether all that belongs to the checkpoint `epoch` has been taken out of the ring. */
  hasTaken(epoch: number, fromMain: boolean): boolean {
    return this.#ended || this.#endAhead || (fromMain ? this.#markTaken : this.epoch >= epoch)
  }

  /**
   * Takes what belongs to the checkpoint `epoch` out of the ring, before its turn: so its sender gets rid of what it has, and the
   * barrier comes, however slowly records are worked on. True when anything was there. What is read in place must have been
   * worked on. `poll` then gives it in its turn.
   */
  takeAhead(epoch: number, fromMain: boolean): boolean {
    if (this.#held) this.#release()
    let moved = false
    while (!this.hasTaken(epoch, fromMain)) {
      const length = this.#ring.peek()
      if (length === EMPTY) break
      this.#keepAhead(this.#ring.position, length)
      this.#release()
      moved = true
    }
    return moved
  }

  /** The records taken ahead and not given yet, frame by frame, decoded into `batch`. */
  *waitingAhead(batch: RecordBatch): Iterable<RecordBatch> {
    for (let i = this.#nextAhead; i < this.#ahead.length; i++) {
      const frame = this.#ahead[i]
      if (frameKind(frame, 0) !== FRAME_KIND.Data) continue
      this.#plain.read(frame, 0, frame.length, batch)
      yield batch
    }
  }

  #keepAhead(position: number, length: number): void {
    const kind = frameKind(this.#bytes, position)
    if (kind === FRAME_KIND.Barrier) {
      this.epoch = barrierEpoch(this.#bytes, position)
      return
    }
    const frame =
      kind === FRAME_KIND.Fragment
        ? this.#fragments.add(this.#bytes, position, length)
        : this.#bytes.slice(position, position + length)
    if (frame !== null) this.#ahead.push(frame)
    if (kind === FRAME_KIND.Stop) this.#endAhead = true
  }

  #pollAhead(batch: RecordBatch): Polled | undefined {
    while (this.#hasAhead) {
      const frame = this.#ahead[this.#nextAhead++]
      if (!this.#hasAhead) {
        this.#ahead = []
        this.#nextAhead = 0
      }
      const found = this.#take(frame, 0, frame.length, batch)
      if (found !== 'nothing') return found
    }
    return undefined
  }

  /** Reads up to the next frame of records. */
  poll(batch: RecordBatch): Polled {
    if (this.#held) this.#release()
    if (this.#hasAhead) {
      const found = this.#pollAhead(batch)
      if (found !== undefined) return found
    }
    while (!this.#ended) {
      const length = this.#ring.peek()
      if (length === EMPTY) return 'empty'
      const found = this.#take(this.#bytes, this.#ring.position, length, batch)
      if (found === 'records' && this.#inPlace) this.#held = true
      else this.#release()
      if (found !== 'nothing') return found
    }
    return 'ended'
  }

  #release(): void {
    this.#held = false
    if (this.#ring.release()) this.#producer.ring()
  }

  /** What the frame has brought, or completed. */
  #take(
    bytes: Uint8Array,
    position: number,
    length: number,
    batch: RecordBatch,
  ): Exclude<Polled, 'empty' | 'ended'> | 'nothing' {
    const kind = frameKind(bytes, position)
    // A barrier says nothing about time.
    if (kind !== FRAME_KIND.Barrier) this.idle = kind === FRAME_KIND.Idle
    switch (kind) {
      case FRAME_KIND.Data:
        this.#read(bytes, position, length, batch)
        return 'records'
      case FRAME_KIND.Fragment: {
        const whole = this.#fragments.add(bytes, position, length)
        if (whole === null) return 'nothing'
        this.#read(whole, 0, whole.length, batch)
        return 'records'
      }
      case FRAME_KIND.Watermark:
        this.watermark = Math.max(this.watermark, watermarkOf(bytes, position))
        return 'time'
      case FRAME_KIND.Idle:
        return 'time'
      case FRAME_KIND.Barrier:
        this.epoch = barrierEpoch(bytes, position)
        return 'barrier'
      case FRAME_KIND.Stop:
        this.#ended = true
        return 'nothing'
      default:
        return unreachable(`frame kind ${kind}`)
    }
  }

  #read(bytes: Uint8Array, position: number, length: number, batch: RecordBatch): void {
    this.#reader.read(bytes, position, length, batch)
    this.#taken[LINK.records] += batch.count
    this.#taken[LINK.bytes] += length
  }
}
