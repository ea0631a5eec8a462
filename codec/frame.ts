import { StreamError } from './errors.ts'

/**
 * The layout of a frame (schema: `frame.fbs`). Little endian; the frame starts at a multiple of 8.
 *
 * FlatBuffers readers find fields through the vtable. Frames of this package put all of them in
 * the same place, so that its own reader needs no vtable of the frame:
 *
 * ```text
 *   0  u32    offset of the root table = 28
 *   4  u16    vtable: its size = 22
 *   6  u16      size of the table = 40
 *   8  u16[9]   where each field lies in the table, 0 = absent: kind 36, count 4, records 8,
 *               values 12, keys 16, timestamps 20, fragment 24, watermarks 28, asks 32
 *  26  u16    padding
 *  28  i32    table: distance back to its vtable = 24
 *  32  u32      count
 *  36  u32      records     distance from here to the vector (0 where absent; also the next ones)
 *  40  u32      values
 *  44  u32      keys
 *  48  u32      timestamps
 *  52  u32      fragment    distance from here to the Fragment table
 *  56  u32      watermarks  distance from here to the vector (0 where absent; also the next)
 *  60  u32      asks
 *  64  u8       kind
 *  65  u8[3]    padding
 *  68  u8[4]    padding
 *  72         the vectors
 * ```
 *
 * A `Fragment` frame goes on so:
 *
 * ```text
 *  72  u16[5]   vtable of Fragment: 10, 16, 4, 8, 12
 *  82  u16      padding
 *  84  i32    table: distance back to its vtable = 12
 *  88  u32      total
 *  92  u32      offset
 *  96  u32      distance to data = 4
 * 100  u32    data: length
 * 104         data
 * ```
 *
 * A `Watermark` frame goes on so:
 *
 * ```text
 *  72  u32      padding
 *  76  u32    watermarks: length = 1
 *  80  f64      the watermark
 * ```
 */
export const HEADER_BYTES = 72

/** What a frame is: the values of `Frame.kind`. */
export const FRAME_KIND = {
  Data: 0,
  Fragment: 1,
  Stop: 2,
  Watermark: 3,
  Barrier: 4,
  Idle: 5,
} as const

/** Where the fields lie, from the start of the frame. */
export const FIELD = {
  count: 32,
  records: 36,
  values: 40,
  keys: 44,
  timestamps: 48,
  fragment: 52,
  watermarks: 56,
  asks: 60,
  kind: 64,
} as const

/** The frame's table, and the vtable's slots in the order of `frame.fbs`. */
const TABLE_AT = 28
const VTABLE_AT = 4
const VTABLE_BYTES = 22
const TABLE_BYTES = 40
const VTABLE_SLOTS = [
  'kind',
  'count',
  'records',
  'values',
  'keys',
  'timestamps',
  'fragment',
  'watermarks',
  'asks',
] as const

/** A field whose presence depends on what the frame carries. `kind` and `count` are always there. */
export type OptionalField = Exclude<(typeof VTABLE_SLOTS)[number], 'kind' | 'count'>

/** The first `HEADER_BYTES` of a frame with these fields; count and distances are left 0. */
export function frameHeader(kind: number, present: readonly OptionalField[]): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, TABLE_AT, true)
  view.setUint16(VTABLE_AT, VTABLE_BYTES, true)
  view.setUint16(VTABLE_AT + 2, TABLE_BYTES, true)
  VTABLE_SLOTS.forEach((name, slot) => {
    const there = name === 'kind' || name === 'count' || present.includes(name)
    if (there) view.setUint16(VTABLE_AT + 4 + 2 * slot, FIELD[name] - TABLE_AT, true)
  })
  view.setInt32(TABLE_AT, TABLE_AT - VTABLE_AT, true)
  bytes[FIELD.kind] = kind
  return bytes
}

/** The kind of the frame at `offset`: a value of `FRAME_KIND`, or one this version does not know. */
export function frameKind(bytes: Uint8Array, offset: number): number {
  return bytes[offset + FIELD.kind]
}

/** A frame that says that nothing follows. */
export function stopFrame(): Uint8Array {
  return frameHeader(FRAME_KIND.Stop, [])
}

/** A frame that says that its sender has nothing to say about time until its next frame. */
export function idleFrame(): Uint8Array {
  return frameHeader(FRAME_KIND.Idle, [])
}

/** A frame that says: what lies before belongs to checkpoint `epoch`, what lies behind does not. */
export function barrierFrame(epoch: number): Uint8Array {
  const bytes = frameHeader(FRAME_KIND.Barrier, [])
  new DataView(bytes.buffer).setUint32(FIELD.count, epoch, true)
  return bytes
}

/** The epoch of the Barrier frame at `offset`. */
export function barrierEpoch(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer).getUint32(bytes.byteOffset + offset + FIELD.count, true)
}

/** Where a Watermark frame's vector and its only element lie, from the start of the frame. */
export const WATERMARK_VECTOR = 76
const WATERMARK_AT = 80
export const WATERMARK_FRAME_BYTES = 88

const promise = makeWatermarkFrame()
const promiseView = new DataView(promise.buffer)

/**
 * A frame that promises: no record with a timestamp before `watermark` follows in this channel. Valid until the next call: there
 * may be one for each batch, and a frame costs more to make than to send.
 */
export function watermarkFrame(watermark: number): Uint8Array {
  promiseView.setFloat64(WATERMARK_AT, watermark, true)
  return promise
}

function makeWatermarkFrame(): Uint8Array {
  const bytes = new Uint8Array(WATERMARK_FRAME_BYTES)
  bytes.set(frameHeader(FRAME_KIND.Watermark, ['watermarks']))
  const view = new DataView(bytes.buffer)
  view.setUint32(FIELD.watermarks, WATERMARK_VECTOR - FIELD.watermarks, true)
  view.setUint32(WATERMARK_VECTOR, 1, true)
  return bytes
}

const scratch = new DataView(new ArrayBuffer(8))

/** The watermark of the Watermark frame at `offset`. */
export function watermarkOf(bytes: Uint8Array, offset: number): number {
  // A view of the frame would cost more than eight bytes do.
  for (let i = 0; i < 8; i++) scratch.setUint8(i, bytes[offset + WATERMARK_AT + i])
  return scratch.getFloat64(0, true)
}

/** Bytes of a Fragment frame that are not data. */
export const FRAGMENT_OVERHEAD_BYTES = 104

const FRAGMENT_VTABLE_AT = HEADER_BYTES
const FRAGMENT_AT = 84

/** Where the fields of a Fragment frame's Fragment lie, from the start of the frame. */
export const FRAGMENT_TOTAL = 88
export const FRAGMENT_OFFSET = 92
export const FRAGMENT_LENGTH = 100
const fragmentHead = makeFragmentHead()

/** The first bytes of a Fragment frame, whose fields are 0. */
export function fragmentHeader(): Uint8Array {
  return fragmentHead.slice()
}

function makeFragmentHead(): Uint8Array {
  const bytes = new Uint8Array(FRAGMENT_OVERHEAD_BYTES)
  bytes.set(frameHeader(FRAME_KIND.Fragment, ['fragment']))
  const view = new DataView(bytes.buffer)
  view.setUint32(FIELD.fragment, FRAGMENT_AT - FIELD.fragment, true)
  for (const [index, entry] of [10, 16, 4, 8, 12].entries()) {
    view.setUint16(FRAGMENT_VTABLE_AT + 2 * index, entry, true)
  }
  view.setInt32(FRAGMENT_AT, FRAGMENT_AT - FRAGMENT_VTABLE_AT, true)
  view.setUint32(FRAGMENT_AT + 12, 4, true)
  return bytes
}

/**
 * Writes a Fragment frame that carries `source[from, to)` of a frame of `source.length` bytes to
 * the start of `target`. Gives its length: `FRAGMENT_OVERHEAD_BYTES + to - from`.
 */
export function writeFragmentFrame(
  target: Uint8Array,
  source: Uint8Array,
  from: number,
  to: number,
): number {
  target.set(fragmentHead)
  const view = new DataView(target.buffer, target.byteOffset)
  view.setUint32(FRAGMENT_TOTAL, source.length, true)
  view.setUint32(FRAGMENT_OFFSET, from, true)
  view.setUint32(FRAGMENT_LENGTH, to - from, true)
  target.set(source.subarray(from, to), FRAGMENT_OVERHEAD_BYTES)
  return FRAGMENT_OVERHEAD_BYTES + to - from
}

/** Puts the Fragments of one channel together again. */
export class FragmentAssembler {
  #whole: Uint8Array | null = null
  #filled = 0

  /**
   * Takes the Fragment frame at `bytes[offset, offset + length)`. Gives the whole frame, in memory
   * of its own that starts at a multiple of 8, once its last piece has come; else null.
   */
  add(bytes: Uint8Array, offset: number, length: number): Uint8Array | null {
    if (length < FRAGMENT_OVERHEAD_BYTES || frameKind(bytes, offset) !== FRAME_KIND.Fragment) {
      throw corrupt('a Fragment frame', `${length} bytes of kind ${frameKind(bytes, offset)}`)
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset, length)
    const total = view.getUint32(FRAGMENT_TOTAL, true)
    const at = view.getUint32(FRAGMENT_OFFSET, true)
    const size = view.getUint32(FRAGMENT_LENGTH, true)
    const whole = this.#whole ?? new Uint8Array(total)
    const next = `bytes from ${this.#filled} of ${whole.length}`
    if (total !== whole.length || at !== this.#filled || size > total - at) {
      throw corrupt(next, `${size} bytes from ${at} of ${total}`)
    }
    if (size > length - FRAGMENT_OVERHEAD_BYTES) throw corrupt(next, `a frame of ${length} bytes`)
    const data = offset + FRAGMENT_OVERHEAD_BYTES
    whole.set(bytes.subarray(data, data + size), at)
    this.#filled += size
    const complete = this.#filled === total
    this.#whole = complete ? null : whole
    if (complete) this.#filled = 0
    return complete ? whole : null
  }
}

function corrupt(expected: string, got: string): StreamError {
  return new StreamError('SAGE_FRAME_CORRUPT', `expected ${expected}, got ${got}`)
}
