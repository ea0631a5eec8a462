import { checkNesting, explainFailure, isRefusal } from './explain-failure.ts'
import { allocateRaw, type RawBuffer } from './raw-buffer.ts'
import { hasShape, MAX_SHAPES, type Shape, shapeOf } from './shape.ts'
import { Unsupported } from './unsupported.ts'
import { objectWriterOf } from './value-classes.ts'
import { MAX_DEPTH, MAX_SHORT_STRING, TAG } from './value-format.ts'
import type { Encodable, FieldNames, ValueSink } from './value-io.ts'

/** Depth from which on a value is looked at for cycles, before it is written on. */
const CYCLE_CHECK_DEPTH = 16

/** Strings up to this length are copied by a loop; a call out of JavaScript costs more. */
const LOOP_LENGTH = 40

/** Longer strings are measured before they are written: room for the worst case would be too much. */
const MEASURED_FROM = 4096

/**
 * Shapes that a frame may define. Records that are all different gain nothing by shapes: with 60 kinds in turn at random
 * a record took 2.1 us, and 1.2 without; with 16 it took 0.6.
 */
const MAX_FRAME_SHAPES = 32

/** After a frame with more, so many go without shapes: 1, then 2, 4, … */
const MAX_FRAMES_WITHOUT = 64

/** A larger buffer is not kept for the next frame. */
const KEEP_BYTES = 4 << 20

/** Encodes values (see value-format.ts) one after the other into growing memory of its own. */
export class ValueWriter implements ValueSink {
  /** The memory, of which `[start, position)` is written. Replaced when it grows. */
  memory: RawBuffer
  position: number
  readonly #start: number
  view: DataView
  #capacity: number
  #depth = 0
  #nestingChecked = false
  // Shapes defined in this frame, by number, and where: a truncation takes definitions back.
  readonly #shapes: FieldNames[] = []
  readonly #shapeStarts: number[] = []
  // By a shape's id the number it may have: true only if `#shapes` has that shape there.
  readonly #shapeNumbers = new Uint16Array(MAX_SHAPES)
  #lastShape: Shape = shapeOf([])!
  #usesShapes = true
  #framesWithout = 0
  #nextWithout = 1

  /** The first value starts at `start`: what lies before it is its owner's. */
  constructor(start = 0, capacity = 1024) {
    this.#start = start
    this.position = start
    this.#capacity = start + capacity
    this.memory = allocateRaw(this.#capacity)
    this.view = new DataView(this.memory.buffer)
  }

  /** Bytes written. */
  get length(): number {
    return this.position - this.#start
  }

  /** What is written: a view, valid until the next `write` or `truncate`. */
  bytes(): Uint8Array {
    // No Buffer, whose `slice` copies nothing.
    return new Uint8Array(this.memory.buffer, this.#start, this.length)
  }

  /** Adds a value. Throws `SAGE_CODEC_UNSUPPORTED`, and then has added nothing. */
  write(value: unknown): void {
    const before = this.position
    try {
      this.put(value)
    } catch (failure) {
      this.#depth = 0
      this.truncate(before - this.#start)
      throw explainFailure(value, failure)
    } finally {
      this.#nestingChecked = false
    }
  }

  /** Adds a value that is put piece by piece; as `write` does, but for what `encode` itself throws. */
  writeEncodable(item: Encodable): void {
    const before = this.position
    try {
      item.encode(this)
    } catch (failure) {
      this.#depth = 0
      this.truncate(before - this.#start)
      // What its own code throws is told as it is.
      throw isRefusal(failure) ? explainFailure(item.toValue(), failure) : failure
    } finally {
      this.#nestingChecked = false
    }
  }

  /** Takes back what was written beyond the first `length` bytes, which end between two values. */
  truncate(length: number): void {
    this.position = this.#start + length
    const starts = this.#shapeStarts
    while (starts.length > 0 && starts[starts.length - 1] >= this.position) {
      starts.pop()
      this.#shapes.pop()
    }
    if (length > 0) return
    this.#turnToFrame()
    if (this.#capacity <= KEEP_BYTES) return
    const kept = this.memory.subarray(0, this.#start)
    this.#capacity = this.#start + 65536
    this.#replace(kept)
  }

  #turnToFrame(): void {
    if (this.#usesShapes) this.#nextWithout = 1
    else if (--this.#framesWithout < 0) this.#usesShapes = true
  }

  #giveUpShapes(): void {
    this.#usesShapes = false
    this.#framesWithout = this.#nextWithout
    this.#nextWithout = Math.min(2 * this.#nextWithout, MAX_FRAMES_WITHOUT)
  }

  /** Makes room for `more` bytes behind `position`. */
  ensure(more: number): void {
    const needed = this.position + more
    if (needed <= this.#capacity) return
    if (needed > 2 ** 30) throw new Unsupported('a record of more than 1 GiB')
    this.#capacity = Math.max(needed, Math.min(this.#capacity * 2, 2 ** 30))
    this.#replace(this.memory.subarray(0, this.position))
  }

  #replace(content: Uint8Array): void {
    this.memory = allocateRaw(this.#capacity)
    this.memory.set(content)
    this.view = new DataView(this.memory.buffer)
  }

  /** Adds a value, or throws when it is half added: for `write` and what writes parts of a value. */
  put(value: unknown): void {
    if (typeof value === 'number') this.putNumber(value)
    else if (typeof value === 'string') this.putString(value)
    else if (typeof value === 'object' && value !== null) this.#putObject(value)
    else this.#putRare(value)
  }

  #putRare(value: unknown): void {
    if (value === null) this.putTag(TAG.Null)
    else if (value === undefined) this.putTag(TAG.Undefined)
    else if (typeof value === 'boolean') this.putTag(value ? TAG.True : TAG.False)
    else if (typeof value === 'bigint') this.#putBigint(value)
    else throw new Unsupported(`a ${typeof value}`)
  }

  putTag(tag: number): void {
    if (this.position === this.#capacity) this.ensure(1)
    this.memory[this.position++] = tag
  }

  /** A tag and a count. */
  putHead(tag: number, count: number): void {
    this.putTag(tag)
    this.putCount(count)
  }

  putCount(count: number): void {
    const p = this.position
    if (p + 5 > this.#capacity) this.ensure(5)
    if (count < 0x80) {
      this.memory[p] = count
      this.position = p + 1
    } else this.#putLongCount(count)
  }

  #putLongCount(count: number): void {
    let rest = count
    while (rest >= 0x80) {
      this.memory[this.position++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.memory[this.position++] = rest
  }

  putNumber(value: number): void {
    const p = this.position
    if (p + 9 > this.#capacity) this.ensure(9)
    const bytes = this.memory
    if ((value | 0) !== value || (value === 0 && 1 / value < 0)) {
      bytes[p] = TAG.Double
      this.view.setFloat64(p + 1, value, true)
      this.position = p + 9
    } else if (value >= 0 && value < 128) {
      bytes[p] = TAG.SmallInt | value
      this.position = p + 1
    } else if (value >= -0x80 && value < 0x80) {
      bytes[p] = TAG.Int8
      bytes[p + 1] = value
      this.position = p + 2
    } else if (value >= -0x8000 && value < 0x8000) {
      bytes[p] = TAG.Int16
      bytes[p + 1] = value
      bytes[p + 2] = value >> 8
      this.position = p + 3
    } else {
      bytes[p] = TAG.Int32
      this.view.setInt32(p + 1, value, true)
      this.position = p + 5
    }
  }

  /** A tag and a double. */
  putDouble(tag: number, value: number): void {
    this.ensure(9)
    this.memory[this.position] = tag
    this.view.setFloat64(this.position + 1, value, true)
    this.position += 9
  }

  putString(text: string): void {
    const length = text.length
    if (length > LOOP_LENGTH) {
      this.#putLongString(text)
      return
    }
    const p = this.position
    if (p + length >= this.#capacity) this.ensure(length + 1)
    const bytes = this.memory
    let seen = 0
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i)
      bytes[p + 1 + i] = unit
      seen |= unit
    }
    if (seen <= 0xff) {
      bytes[p] = TAG.ShortString | length
      this.position = p + 1 + length
    } else this.#putUtf16(text)
  }

  #putLongString(text: string): void {
    const length = text.length
    if (length < MEASURED_FROM && this.#putAscii(text)) return
    // ASCII, unless the text has some character of more than one byte in UTF-8.
    if (Buffer.byteLength(text) !== length && !isLatin1(text)) {
      this.#putUtf16(text)
      return
    }
    this.ensure(length + 6)
    this.#putLatin1Head(length)
    this.memory.latin1Write(text, this.position, length)
    this.position += length
  }

  /** One call out of JavaScript both writes the text and tells whether it is ASCII; else nothing has been put. */
  #putAscii(text: string): boolean {
    const length = text.length
    this.ensure(3 * length + 6)
    const before = this.position
    this.#putLatin1Head(length)
    const written = this.memory.utf8Write(text, this.position, 3 * length)
    this.position = written === length ? this.position + length : before
    return written === length
  }

  #putLatin1Head(length: number): void {
    if (length <= MAX_SHORT_STRING) this.putTag(TAG.ShortString | length)
    else this.putHead(TAG.Latin1, length)
  }

  #putUtf16(text: string): void {
    this.ensure(text.length * 2 + 6)
    this.putHead(TAG.Utf16, text.length)
    this.memory.ucs2Write(text, this.position, text.length * 2)
    this.position += text.length * 2
  }

  /** A count and as many bytes. */
  putBytes(content: Uint8Array): void {
    this.ensure(content.length + 5)
    this.putCount(content.length)
    this.memory.set(content, this.position)
    this.position += content.length
  }

  #putBigint(value: bigint): void {
    if (BigInt.asIntN(64, value) === value) {
      this.ensure(9)
      this.memory[this.position] = TAG.BigInt64
      this.view.setBigInt64(this.position + 1, value, true)
      this.position += 9
      return
    }
    const digits = (value < 0n ? -value : value).toString(16)
    const magnitude = Buffer.from(digits.length % 2 === 1 ? `0${digits}` : digits, 'hex').reverse()
    this.putTag(TAG.BigInt)
    this.putTag(value < 0n ? 1 : 0)
    this.putBytes(magnitude)
  }

  #putObject(object: object): void {
    if (++this.#depth > CYCLE_CHECK_DEPTH) this.#checkDepth(object)
    if (Array.isArray(object) && Object.getPrototypeOf(object) === Array.prototype) {
      this.#putArray(object)
    } else {
      const prototype = Object.getPrototypeOf(object)
      if (prototype === Object.prototype || prototype === null) this.putPlain(object)
      else objectWriterOf(object, prototype)(this, object)
    }
    this.#depth--
  }

  // Deep values are rare, so that walking the rest of one twice costs little; and what ends in a
  // cycle must not have been written a thousand times before that is found out.
  #checkDepth(object: object): void {
    if (this.#depth > MAX_DEPTH) throw new Unsupported(`values nested deeper than ${MAX_DEPTH}`)
    if (this.#nestingChecked) return
    checkNesting(object, MAX_DEPTH - this.#depth)
    this.#nestingChecked = true
  }

  beginArray(length: number): void {
    this.putHead(TAG.Array, length)
  }

  #putArray(array: readonly unknown[]): void {
    const length = array.length
    const before = this.position
    this.putHead(TAG.Array, length)
    for (let i = 0; i < length; i++) {
      const element = array[i]
      if (element === undefined && !(i in array)) {
        this.truncate(before - this.#start)
        this.#putSparse(array)
        return
      }
      this.put(element)
    }
  }

  #putSparse(array: readonly unknown[]): void {
    const indices = Object.keys(array).filter((key) => String(Number(key) >>> 0) === key)
    this.putTag(TAG.SparseArray)
    this.putNumber(array.length)
    this.putCount(indices.length)
    for (const index of indices) {
      this.putNumber(Number(index))
      this.put(array[Number(index)])
    }
  }

  /** The own enumerable properties of an object, as a plain object. */
  putPlain(object: object): void {
    const shape = this.#usesShapes ? this.#shapeFor(object) : null
    if (shape === null) this.#putDictionary(object)
    else shape.writeFields(this, object as Record<string, unknown>)
  }

  /** The shape of an object, named to the reader; null where it is to be written without one. */
  #shapeFor(object: object): Shape | null {
    const guess = this.#lastShape.next
    const shape = hasShape(object, guess) ? guess : this.#findShape(object)
    if (shape === null) return null
    this.#lastShape = shape
    if (this.#shapes.length === MAX_FRAME_SHAPES && !this.#knows(shape)) {
      this.#giveUpShapes()
      return null
    }
    this.beginObject(shape)
    return shape
  }

  #knows(shape: FieldNames): boolean {
    return this.#shapes[this.#shapeNumbers[shape.id]] === shape
  }

  beginObject(shape: FieldNames): void {
    if (this.#knows(shape)) this.putHead(TAG.ShapeUse, this.#shapeNumbers[shape.id])
    else this.#defineShape(shape)
  }

  #findShape(object: object): Shape | null {
    const shape = shapeOf(Object.keys(object))
    if (shape !== null) this.#lastShape.next = shape
    return shape
  }

  #defineShape(shape: FieldNames): void {
    this.#shapeNumbers[shape.id] = this.#shapes.length
    this.#shapes.push(shape)
    this.#shapeStarts.push(this.position)
    this.putHead(TAG.ShapeDefine, shape.keys.length)
    for (const key of shape.keys) this.putString(key)
  }

  #putDictionary(object: object): void {
    const keys = Object.keys(object)
    this.putHead(TAG.Object, keys.length)
    for (const key of keys) {
      this.putString(key)
      this.put((object as Record<string, unknown>)[key])
    }
  }
}

function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false
  return true
}
