import { HEADER_BYTES } from './frame.ts'
import { allocateRaw, type RawBuffer } from './raw-buffer.ts'
import { makeVtable, type Table } from './table-layout.ts'
import { Unsupported } from './unsupported.ts'
import { maxUtf8Bytes, writeUtf8 } from './utf8.ts'

/** Strings up to this length are copied by a loop; a call out of JavaScript costs more. */
const LOOP_LENGTH = 40

/** A larger buffer is not kept for the next frame. */
const KEEP_BYTES = 4 << 20

const MAX_BYTES = 2 ** 30

/** Where the distances to the records start: behind their number. */
const RECORDS_AT = HEADER_BYTES + 4

/**
 * The memory in which compiled code lays down the tables of one frame, forward and in place:
 *
 * ```text
 * header │ count, distances to the records … room for more │ vtables │ record │ record …
 * ```
 *
 * FlatBuffers distances point forward, so the vector of records stands in front of them, with room
 * for as many as the last frame had and some; where that does not suffice, all behind it moves up.
 * Distances between what moves together stay right.
 */
export class TableMemory {
  // The same memory in units of each size; replaced when it grows.
  u8!: RawBuffer
  i16!: Int16Array
  i32!: Int32Array
  f32!: Float32Array
  f64!: Float64Array
  b64!: BigInt64Array
  view!: DataView
  /** Where the next table, vector or string goes: a multiple of 4. */
  position = 0
  /** Records in the frame. */
  count = 0
  /** By index of the table: its vtable while none of its fields is null. */
  readonly vtables: number[]
  #room = 16
  #capacity: number
  readonly #tables: readonly Table[]
  /** By index of the table, then by which fields are null: the other vtables of this frame. */
  readonly #nullVtables: Map<number | string, number>[]

  constructor(tables: readonly Table[], capacity: number) {
    this.#tables = tables
    this.vtables = tables.map(() => 0)
    this.#nullVtables = tables.map(() => new Map())
    this.#capacity = (capacity + 1024) & ~7
    this.#attach(allocateRaw(this.#capacity))
    this.reset()
  }

  #attach(memory: RawBuffer): void {
    const { buffer } = memory
    this.u8 = memory
    this.i16 = new Int16Array(buffer)
    this.i32 = new Int32Array(buffer)
    this.f32 = new Float32Array(buffer)
    this.f64 = new Float64Array(buffer)
    this.b64 = new BigInt64Array(buffer)
    this.view = new DataView(buffer)
  }

  /** Starts a frame. */
  reset(): void {
    this.#room = Math.max(16, this.count + (this.count >> 2))
    this.count = 0
    this.position = RECORDS_AT + 4 * this.#room
    if (this.#capacity > KEEP_BYTES) {
      this.#capacity = 65536
      this.#attach(allocateRaw(this.#capacity))
    }
    this.#tables.forEach((table, index) => {
      this.vtables[index] = this.#putVtable(table.vtable)
      this.#nullVtables[index].clear()
    })
  }

  /** Makes room for `more` bytes behind `position`. */
  reserve(more: number): void {
    const needed = this.position + more
    if (needed <= this.#capacity) return
    if (needed > MAX_BYTES) throw new Unsupported('records of more than 1 GiB in one frame')
    this.#capacity = (Math.min(Math.max(needed, this.#capacity * 2), MAX_BYTES) + 7) & ~7
    const memory = allocateRaw(this.#capacity)
    memory.set(this.u8.subarray(0, this.position))
    this.#attach(memory)
  }

  #putVtable(vtable: Uint8Array): number {
    this.reserve(vtable.length)
    const at = this.position
    this.u8.set(vtable, at)
    this.position = at + vtable.length
    return at
  }

  /**
   * The vtable of the table with this index for the fields that `nulls` tells: a bit per nullable
   * field, or a character where they are too many for bits.
   */
  nullVtable(index: number, nulls: number | string): number {
    const known = this.#nullVtables[index].get(nulls)
    if (known !== undefined) return known
    const { fields, bytes } = this.#tables[index]
    let bit = 0
    const absent = fields.filter(({ nullable }) => nullable && isNull(nulls, bit++))
    // As long as with all fields: the readers of this package look at every slot.
    const at = this.#putVtable(makeVtable(fields, bytes))
    for (const { id } of absent) this.view.setUint16(at + 4 + 2 * id, 0, true)
    this.#nullVtables[index].set(nulls, at)
    return at
  }

  /** Makes room in the vector for one more record. */
  beginRecord(): void {
    if (this.count === this.#room) this.#makeRoom()
  }

  /** Adds the table at `at` to the frame's records. */
  endRecord(at: number): void {
    const slot = RECORDS_AT + 4 * this.count++
    this.i32[slot >> 2] = at - slot
  }

  /** Takes back what was written from `position` on. */
  rollBack(position: number): void {
    this.position = position
    for (const vtables of this.#nullVtables) {
      for (const [nulls, at] of vtables) if (at >= position) vtables.delete(nulls)
    }
  }

  #makeRoom(): void {
    const start = RECORDS_AT + 4 * this.#room
    const more = (this.#room + 1) & ~1
    const delta = 4 * more
    this.reserve(delta)
    this.u8.copyWithin(start + delta, start, this.position)
    for (let i = 0; i < this.count; i++) this.i32[(RECORDS_AT >> 2) + i] += delta
    this.#tables.forEach((_, index) => {
      this.vtables[index] += delta
      const others = this.#nullVtables[index]
      for (const [nulls, at] of others) others.set(nulls, at + delta)
    })
    this.position += delta
    this.#room += more
  }

  /** Clears the part of the vector's room that no record took. */
  clearRoom(): void {
    this.u8.fill(0, RECORDS_AT + 4 * this.count, RECORDS_AT + 4 * this.#room)
  }

  /** Writes a string, and at `slot` the distance to it. */
  putString(slot: number, text: string): void {
    const length = text.length
    this.reserve(maxUtf8Bytes(length) + 8)
    const p = this.position
    const i32 = this.i32
    i32[slot >> 2] = p - slot
    if (length <= LOOP_LENGTH) {
      // Four characters a word: `position` is a multiple of 4, and what is behind the last one is 0.
      let word = (p >> 2) + 1
      let seen = 0
      let i = 0
      for (; i + 4 <= length; i += 4) {
        const a = text.charCodeAt(i)
        const b = text.charCodeAt(i + 1)
        const c = text.charCodeAt(i + 2)
        const d = text.charCodeAt(i + 3)
        seen |= a | b | c | d
        i32[word++] = a | (b << 8) | (c << 16) | (d << 24)
      }
      let rest = 0
      for (let shift = 0; i < length; i++, shift += 8) {
        const unit = text.charCodeAt(i)
        seen |= unit
        rest |= unit << shift
      }
      // FlatBuffers strings end with a zero that is not counted.
      i32[word++] = rest
      if (seen < 0x80) {
        i32[p >> 2] = length
        this.position = word << 2
        return
      }
    }
    const u8 = this.u8
    const bytes = writeUtf8(u8, text, p + 4)
    i32[p >> 2] = bytes
    u8[p + 4 + bytes] = 0
    this.closeVector(p + 5 + bytes)
  }

  /** Writes bytes, and at `slot` the distance to them. */
  putBytes(slot: number, bytes: Uint8Array): void {
    this.reserve(bytes.length + 8)
    const p = this.position
    this.i32[slot >> 2] = p - slot
    this.i32[p >> 2] = bytes.length
    this.u8.set(bytes, p + 4)
    this.closeVector(p + 4 + bytes.length)
  }

  /** Starts a vector, and writes at `slot` the distance to it. Gives where its elements go. */
  openVector(slot: number, length: number, elementBytes: number): number {
    this.reserve(length * elementBytes + 12)
    let p = this.position
    if (elementBytes === 8 && (p & 4) === 0) {
      this.i32[p >> 2] = 0
      p += 4
    }
    this.i32[slot >> 2] = p - slot
    this.i32[p >> 2] = length
    return p + 4
  }

  /** Ends what was written up to `end`, which `reserve` made room for, on a multiple of 4. */
  closeVector(end: number): void {
    let p = end
    while ((p & 3) !== 0) this.u8[p++] = 0
    this.position = p
  }
}

function isNull(nulls: number | string, bit: number): boolean {
  return typeof nulls === 'string' ? nulls[bit] === '1' : ((nulls >> bit) & 1) === 1
}
