import { type RawBuffer, rawBufferOf } from './raw-buffer.ts'
import { MAX_WINDOW_STRING, StringWindow } from './string-window.ts'
import { readUtf8 } from './utf8.ts'

/** A buffer in units of each size, as compiled code reads it; may be shared memory. */
export class TableViews {
  readonly buffer: ArrayBufferLike
  readonly u8: RawBuffer
  readonly i8: Int8Array
  readonly i16: Int16Array
  readonly u16: Uint16Array
  readonly i32: Int32Array
  readonly u32: Uint32Array
  readonly f32: Float32Array
  readonly f64: Float64Array
  readonly b64: BigInt64Array
  readonly view: DataView
  /** To be reset for each frame. */
  readonly strings = new StringWindow()

  constructor(buffer: ArrayBufferLike) {
    // What is left of the last unit at the end is padding: no frame reaches into it.
    const units = (size: number): number => Math.floor(buffer.byteLength / size)
    this.buffer = buffer
    this.u8 = rawBufferOf(buffer)
    this.i8 = new Int8Array(buffer)
    this.i16 = new Int16Array(buffer, 0, units(2))
    this.u16 = new Uint16Array(buffer, 0, units(2))
    this.i32 = new Int32Array(buffer, 0, units(4))
    this.u32 = new Uint32Array(buffer, 0, units(4))
    this.f32 = new Float32Array(buffer, 0, units(4))
    this.f64 = new Float64Array(buffer, 0, units(8))
    this.b64 = new BigInt64Array(buffer, 0, units(8))
    this.view = new DataView(buffer)
  }

  /** The string to which the distance at `slot` leads. */
  string(slot: number): string {
    const at = slot + this.i32[slot >> 2]
    const length = this.i32[at >> 2]
    const from = at + 4
    const to = from + length
    if (length > MAX_WINDOW_STRING || !this.#isAscii(from, to)) return readUtf8(this.u8, from, to)
    return this.strings.latin1(this.u8, from, to)
  }

  // Strings start at a multiple of 4 and zeros follow them up to one.
  #isAscii(from: number, to: number): boolean {
    const i32 = this.i32
    let seen = 0
    for (let word = from >> 2; word << 2 < to; word++) seen |= i32[word]
    return (seen & 0x80808080) === 0
  }

  /** A copy of the bytes to which the distance at `slot` leads. */
  bytes(slot: number): Uint8Array {
    const at = slot + this.i32[slot >> 2]
    const copy = new Uint8Array(this.i32[at >> 2])
    copy.set(this.u8.subarray(at + 4, at + 4 + copy.length))
    return copy
  }
}
