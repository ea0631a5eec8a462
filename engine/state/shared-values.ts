import { ValueReader } from '../../codec/value.ts'
import type { Arena } from '../ring/arena.ts'
import { copyBytes } from '../ring/copy.ts'
import {
  BYTES,
  CHUNK_BYTES,
  CHUNK_USED,
  FIRST_CHUNK,
  KIND,
  LAST_CHUNK,
  LENGTH,
  LIST,
  NEXT,
  NUMBER,
  VALUE_BYTES,
} from './layout.ts'
import type { NumberCells } from './number-cells.ts'
import type { SharedHeap } from './shared-heap.ts'

/** The first chunk of a list holds about this much; each further one twice as much as the last. */
const FIRST_CHUNK_BYTES = 64
/** But no more than this, or its one element. */
const MAX_CHUNK_BYTES = 1 << 16
/** A copy's memory is kept up to this size. */
const KEEP_BYTES = 1 << 20

/** A copy of a value's bytes on the heap of this thread, to be decoded when the lock is released. */
export class ValueCopy {
  bytes = new Uint8Array(256)
  length = 0
  /** Whether the bytes are the elements of a list, each behind a word with its length. */
  isList = false
  readonly #reader = new ValueReader()

  /** Makes room for `bytes` more and gives where they go. */
  extend(bytes: number): number {
    const at = this.length
    const needed = at + bytes
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2))
      grown.set(this.bytes.subarray(0, at))
      this.bytes = grown
    }
    this.length = needed
    return at
  }

  clear(): void {
    this.length = 0
    this.isList = false
    if (this.bytes.length > KEEP_BYTES) this.bytes = new Uint8Array(256)
  }

  decode(): unknown {
    if (!this.isList) return this.#decodeOne(0, this.length)
    const elements: unknown[] = []
    const words = new DataView(this.bytes.buffer)
    for (let at = 0; at < this.length; ) {
      const length = words.getInt32(at, true)
      elements.push(this.#decodeOne(at + 4, at + 4 + length))
      at += elementBytes(length)
    }
    return elements
  }

  #decodeOne(from: number, to: number): unknown {
    this.#reader.reset(this.bytes, from, to)
    return this.#reader.read()
  }
}

/** Values in blocks. Used by the lock's holder only. */
export class SharedValues {
  readonly #arena: Arena
  readonly #heap: SharedHeap
  readonly #cells: NumberCells

  constructor(arena: Arena, heap: SharedHeap, cells: NumberCells) {
    this.#arena = arena
    this.#heap = heap
    this.#cells = cells
  }

  isNumber(value: number): boolean {
    return this.#kindOf(value) === NUMBER
  }

  isList(value: number): boolean {
    return this.#kindOf(value) === LIST
  }

  /** A block with the bytes of one value. Throws `SAGE_MEMORY`. */
  write(bytes: Uint8Array): number {
    const { i32, u8 } = this.#arena
    const value = this.#heap.take(VALUE_BYTES + bytes.length)
    i32[(value + KIND) >> 2] = BYTES
    i32[(value + LENGTH) >> 2] = bytes.length
    copyBytes(bytes, 0, bytes.length, u8, value + VALUE_BYTES)
    return value
  }

  /** A list of encoded elements. Throws `SAGE_MEMORY`. */
  writeList(elements: Iterable<Uint8Array>): number {
    const { i32 } = this.#arena
    const list = this.#heap.take(LAST_CHUNK + 4)
    i32[(list + KIND) >> 2] = LIST
    i32[(list + FIRST_CHUNK) >> 2] = 0
    i32[(list + LAST_CHUNK) >> 2] = 0
    try {
      for (const bytes of elements) this.append(list, bytes)
    } catch (error) {
      this.free(list)
      throw error
    }
    return list
  }

  /** Adds one encoded element to a list. Throws `SAGE_MEMORY`, and then has changed nothing. */
  append(list: number, bytes: Uint8Array): void {
    const { i32 } = this.#arena
    const last = this.#lastChunk(list)
    const needed = elementBytes(bytes.length)
    if (last !== 0) {
      const used = i32[(last + CHUNK_USED) >> 2]
      if (CHUNK_BYTES + used + needed <= this.#heap.sizeOf(last)) {
        this.#putElement(last + CHUNK_BYTES + used, bytes)
        i32[(last + CHUNK_USED) >> 2] = used + needed
        return
      }
    }
    const chunk = this.#newChunk(last, needed)
    this.#putElement(chunk + CHUNK_BYTES, bytes)
    i32[(chunk + CHUNK_USED) >> 2] = needed
    i32[(chunk + NEXT) >> 2] = 0
    i32[(last === 0 ? list + FIRST_CHUNK : last + NEXT) >> 2] = chunk
    i32[(list + LAST_CHUNK) >> 2] = chunk
  }

  /** The bytes of a value that is no number. */
  copyTo(value: number, copy: ValueCopy): void {
    const { i32 } = this.#arena
    copy.clear()
    if (!this.isList(value)) {
      this.#copyRange(value + VALUE_BYTES, i32[(value + LENGTH) >> 2], copy)
      return
    }
    copy.isList = true
    let chunk = i32[(value + FIRST_CHUNK) >> 2]
    for (; chunk !== 0; chunk = i32[(chunk + NEXT) >> 2]) {
      this.#copyRange(chunk + CHUNK_BYTES, i32[(chunk + CHUNK_USED) >> 2], copy)
    }
  }

  /** Frees a value that no entry has. */
  free(value: number): void {
    if (this.isNumber(value)) {
      this.#cells.retire(value)
      return
    }
    const { i32 } = this.#arena
    let chunk = this.isList(value) ? i32[(value + FIRST_CHUNK) >> 2] : 0
    this.#heap.free(value)
    while (chunk !== 0) {
      const next = i32[(chunk + NEXT) >> 2]
      this.#heap.free(chunk)
      chunk = next
    }
  }

  #kindOf(value: number): number {
    return this.#arena.i32[(value + KIND) >> 2]
  }

  #lastChunk(list: number): number {
    const { i32 } = this.#arena
    let last = i32[(list + LAST_CHUNK) >> 2] || i32[(list + FIRST_CHUNK) >> 2]
    if (last === 0) return 0
    while (i32[(last + NEXT) >> 2] !== 0) last = i32[(last + NEXT) >> 2]
    return last
  }

  #newChunk(last: number, needed: number): number {
    const doubled = last === 0 ? FIRST_CHUNK_BYTES : this.#heap.sizeOf(last) * 2
    return this.#heap.take(Math.max(CHUNK_BYTES + needed, Math.min(doubled, MAX_CHUNK_BYTES)))
  }

  #putElement(at: number, bytes: Uint8Array): void {
    const { i32, u8 } = this.#arena
    i32[at >> 2] = bytes.length
    copyBytes(bytes, 0, bytes.length, u8, at + 4)
  }

  #copyRange(from: number, length: number, copy: ValueCopy): void {
    const at = copy.extend(length)
    copyBytes(this.#arena.u8, from, from + length, copy.bytes, at)
  }
}

function elementBytes(length: number): number {
  return 4 + ((length + 3) & ~3)
}
