import { readError } from './error-value.ts'
import { StreamError } from './errors.ts'
import { type RawBuffer, rawBufferOf } from './raw-buffer.ts'
import { registeredByName } from './register-type.ts'
import { type Shape, setOwn, shapeOf } from './shape.ts'
import { SHORT_BYTES, shortLatin1 } from './short-strings.ts'
import { StringWindow } from './string-window.ts'
import { TAG, VIEW_CLASSES } from './value-format.ts'
import type { ValueSource } from './value-io.ts'

/**
 * Decodes what a `ValueWriter` wrote, in the same order. It believes the bytes: those from outside
 * go through `verifyFrame` first. What it gives owns its memory.
 */
export class ValueReader implements ValueSource {
  memory: RawBuffer = rawBufferOf(new ArrayBuffer(0))
  position = 0
  /** A view on the whole of the buffer. */
  view = new DataView(this.memory.buffer)
  readonly #strings = new StringWindow()
  readonly #repeats: boolean
  readonly #shapes: Shape[] = []
  #shapeCount = 0
  #end = 0

  /** @param repeats whether the values are keys or such: strings that come again and again */
  constructor(repeats = false) {
    this.#repeats = repeats
  }

  /** Starts to read `bytes[from, to)`. The memory may be shared. */
  reset(bytes: Uint8Array, from: number, to: number): void {
    const { buffer, byteOffset } = bytes
    if (buffer !== this.memory.buffer) this.#attach(buffer)
    this.position = byteOffset + from
    this.#end = byteOffset + to
    this.#shapeCount = 0
    this.#strings.reset()
  }

  /** Whether there is another value. */
  get more(): boolean {
    return this.position < this.#end
  }

  /** Starts to read at `at` of the buffer under `view`, whose owner knows how many values follow. */
  resetTo(view: DataView, at: number): void {
    if (view.buffer !== this.memory.buffer) this.#attach(view.buffer)
    this.position = at
    this.#end = at
    this.#shapeCount = 0
    this.#strings.reset()
  }

  #attach(buffer: ArrayBufferLike): void {
    this.memory = rawBufferOf(buffer)
    this.view = new DataView(buffer)
  }

  read(): unknown {
    const tag = this.memory[this.position++]
    if (tag >= TAG.SmallInt) return tag - TAG.SmallInt
    if (tag >= TAG.ShortString) return this.#readLatin1(tag - TAG.ShortString)
    switch (tag) {
      case TAG.Null:
        return null
      case TAG.Undefined:
        return undefined
      case TAG.False:
        return false
      case TAG.True:
        return true
      case TAG.Int8:
        return (this.memory[this.position++] << 24) >> 24
      case TAG.Int16:
        return this.#readInt16()
      case TAG.Int32:
        return this.#readInt32()
      case TAG.Double:
        return this.readDouble()
      case TAG.ShapeUse:
        return this.#shapes[this.readCount()].readObject(this)
      case TAG.ShapeDefine:
        return this.#readDefinition().readObject(this)
      case TAG.Array:
        return this.#readArray()
      default:
        return this.#readOther(tag)
    }
  }

  #readOther(tag: number): unknown {
    switch (tag) {
      case TAG.BigInt64:
        return this.view.getBigInt64(this.skip(8), true)
      case TAG.BigInt:
        return this.#readBigint()
      case TAG.Latin1:
        return this.#readLatin1(this.readCount())
      case TAG.Utf16:
        return this.#readUtf16()
      case TAG.SparseArray:
        return this.#readSparse()
      case TAG.Object:
        return this.#readDictionary()
      case TAG.Map:
        return this.#readMap()
      case TAG.Set:
        return new Set(this.#readArray())
      case TAG.Date:
        return new Date(this.readDouble())
      case TAG.ArrayBuffer:
        return this.#readBytes()
      case TAG.View:
        return VIEW_CLASSES[this.readByte()].of(this.#readBytes())
      case TAG.RegExp:
        return this.#readRegExp()
      case TAG.Error:
        return readError(this)
      case TAG.Registered:
        return this.#readRegistered()
      default:
        // Absent.
        return undefined
    }
  }

  readByte(): number {
    return this.memory[this.position++]
  }

  skip(length: number): number {
    const at = this.position
    this.position = at + length
    return at
  }

  readCount(): number {
    const bytes = this.memory
    let byte = bytes[this.position++]
    if (byte < 0x80) return byte
    let count = byte & 0x7f
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = bytes[this.position++]
      count |= (byte & 0x7f) << shift
    }
    return count >>> 0
  }

  readDouble(): number {
    return this.view.getFloat64(this.skip(8), true)
  }

  /** Whether the next value is absent; if so it is taken. */
  takeAbsent(): boolean {
    if (this.memory[this.position] !== TAG.Absent) return false
    this.position++
    return true
  }

  #readInt16(): number {
    return this.view.getInt16(this.skip(2), true)
  }

  #readInt32(): number {
    return this.view.getInt32(this.skip(4), true)
  }

  #readLatin1(length: number): string {
    if (length === 0) return ''
    const from = this.skip(length)
    if (this.#repeats && length <= SHORT_BYTES) return shortLatin1(this.memory, from, length)
    return this.#strings.latin1(this.memory, from, from + length)
  }

  #readUtf16(): string {
    const length = this.readCount() * 2
    const from = this.skip(length)
    return this.memory.ucs2Slice(from, from + length)
  }

  #readBigint(): bigint {
    const negative = this.readByte() === 1
    const length = this.readCount()
    const from = this.skip(length)
    const digits = Buffer.from(this.memory.subarray(from, from + length))
      .reverse()
      .toString('hex')
    const magnitude = BigInt(`0x${digits}`)
    return negative ? -magnitude : magnitude
  }

  #readArray(): unknown[] {
    const length = this.readCount()
    // Keys and points: the first push would make room for 17 elements.
    if (length === 2) return [this.read(), this.read()]
    if (length === 3) return [this.read(), this.read(), this.read()]
    if (length === 1) return [this.read()]
    const array: unknown[] = []
    for (let i = 0; i < length; i++) array.push(this.read())
    return array
  }

  #readSparse(): unknown[] {
    const length = this.read() as number
    const array: unknown[] = []
    if (length > 0) {
      // The other way round, memory for all the holes would be reserved.
      array[length - 1] = undefined
      delete array[length - 1]
    }
    for (let count = this.readCount(); count > 0; count--) {
      const index = this.read() as number
      array[index] = this.read()
    }
    return array
  }

  #readDefinition(): Shape {
    const keys: string[] = []
    for (let count = this.readCount(); count > 0; count--) keys.push(this.read() as string)
    const shape = shapeOf(keys)!
    this.#shapes[this.#shapeCount++] = shape
    return shape
  }

  #readDictionary(): object {
    const object = {}
    for (let count = this.readCount(); count > 0; count--) {
      const key = this.read() as string
      setOwn(object, key, this.read())
    }
    return object
  }

  #readMap(): Map<unknown, unknown> {
    const map = new Map()
    for (let count = this.readCount(); count > 0; count--) {
      const key = this.read()
      map.set(key, this.read())
    }
    return map
  }

  #readBytes(): ArrayBuffer {
    const length = this.readCount()
    const from = this.skip(length)
    // A copy onto the heap, also of shared memory.
    const copy = new Uint8Array(length)
    copy.set(this.memory.subarray(from, from + length))
    return copy.buffer
  }

  #readRegExp(): RegExp {
    const pattern = new RegExp(this.read() as string, this.read() as string)
    pattern.lastIndex = this.read() as number
    return pattern
  }

  #readRegistered(): unknown {
    const name = this.read() as string
    const data = this.read()
    const type = registeredByName(name)
    if (type === undefined) {
      const message = `expected a type that this thread's job module has registered, got '${name}'`
      throw new StreamError('SAGE_CODEC_UNSUPPORTED', message)
    }
    return type.decode(data)
  }
}
