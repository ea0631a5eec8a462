import { corruptFrame } from './frame-bounds.ts'
import { MAX_DEPTH, MAX_SHAPE_KEYS, TAG, VIEW_CLASSES } from './value-format.ts'
import { ValueReader } from './value-reader.ts'

/** What a value turned out to be, as far as what holds it must know. */
type Kind = 'string' | 'number' | 'boolean' | 'bigint' | 'array' | 'object' | 'absent' | 'other'

/** Walks encoded values (value-format.ts) without believing them. */
export class ValueVerifier {
  readonly #bytes: Uint8Array
  readonly #end: number
  readonly #shapes: number[] = []
  position: number

  constructor(bytes: Uint8Array, from: number, to: number) {
    this.#bytes = bytes
    this.position = from
    this.#end = to
  }

  /** Throws `SAGE_FRAME_CORRUPT` unless a record comes next, and goes behind it. */
  verifyValue(): void {
    if (this.#value(0) === 'absent') throw this.#corrupt('a value', 'none')
  }

  /** Likewise for a key. */
  verifyKey(depth = 0): void {
    const at = this.position
    if (this.#bytes[at] === TAG.Array && depth < MAX_DEPTH) {
      this.position++
      for (let count = this.#count(); count > 0; count--) this.verifyKey(depth + 1)
      return
    }
    const kind = this.#value(0)
    if (kind !== 'string' && kind !== 'number' && kind !== 'boolean' && kind !== 'bigint') {
      throw this.#corrupt('a key', `tag ${this.#bytes[at]}`)
    }
  }

  #corrupt(expected: string, got: string): Error {
    return corruptFrame(`${expected} before ${this.position}`, got)
  }

  #take(bytes: number): number {
    const at = this.position
    if (bytes > this.#end - at) throw this.#corrupt(`${bytes} bytes`, `${this.#end - at}`)
    this.position = at + bytes
    return at
  }

  #count(): number {
    let count = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#bytes[this.#take(1)]
      count += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80 && count < 2 ** 32) return count
    }
    throw this.#corrupt('a count', 'one beyond 32 bits')
  }

  #expect(kind: Kind, depth: number): void {
    const got = this.#value(depth)
    if (got !== kind) throw this.#corrupt(kind, got)
  }

  #optional(kind: Kind | null, depth: number): void {
    if (this.position < this.#end && this.#bytes[this.position] === TAG.Absent) this.position++
    else if (kind !== null) this.#expect(kind, depth)
    else this.#present(depth)
  }

  #present(depth: number): void {
    if (this.#value(depth) === 'absent') throw this.#corrupt('a value', 'none')
  }

  #value(depth: number): Kind {
    if (depth > MAX_DEPTH) throw this.#corrupt(`at most ${MAX_DEPTH} levels`, 'more')
    const tag = this.#bytes[this.#take(1)]
    if (tag >= TAG.SmallInt) return 'number'
    if (tag >= TAG.ShortString) {
      this.#take(tag - TAG.ShortString)
      return 'string'
    }
    return this.#primitive(tag) ?? this.#container(tag, depth + 1)
  }

  #primitive(tag: number): Kind | null {
    switch (tag) {
      case TAG.Null:
      case TAG.Undefined:
        return 'other'
      case TAG.False:
      case TAG.True:
        return 'boolean'
      case TAG.Int8:
        return this.#skip(1, 'number')
      case TAG.Int16:
        return this.#skip(2, 'number')
      case TAG.Int32:
        return this.#skip(4, 'number')
      case TAG.Double:
        return this.#skip(8, 'number')
      case TAG.BigInt64:
        return this.#skip(8, 'bigint')
      case TAG.BigInt:
        return this.#bigint()
      case TAG.Latin1:
        return this.#skip(this.#count(), 'string')
      case TAG.Utf16:
        return this.#skip(this.#count() * 2, 'string')
      case TAG.Date:
        return this.#skip(8, 'other')
      case TAG.ArrayBuffer:
        return this.#skip(this.#count(), 'other')
      case TAG.View:
        return this.#arrayView()
      case TAG.Absent:
        return 'absent'
      default:
        return null
    }
  }

  #skip(bytes: number, kind: Kind): Kind {
    this.#take(bytes)
    return kind
  }

  #bigint(): Kind {
    this.#take(1)
    const bytes = this.#count()
    // The language has no bigints beyond 2^30 bits.
    if (bytes === 0 || bytes > 2 ** 27) throw this.#corrupt('a bigint', `one of ${bytes} bytes`)
    return this.#skip(bytes, 'bigint')
  }

  #arrayView(): Kind {
    const viewClass = VIEW_CLASSES[this.#bytes[this.#take(1)]]
    const bytes = this.#count()
    if (viewClass === undefined || bytes % viewClass.elementBytes !== 0) {
      throw this.#corrupt('a view', `${bytes} bytes of ${viewClass?.name ?? 'no class'}`)
    }
    return this.#skip(bytes, 'other')
  }

  #container(tag: number, depth: number): Kind {
    switch (tag) {
      case TAG.Array:
        return this.#values(this.#count(), depth, 'array')
      case TAG.Set:
        return this.#values(this.#count(), depth, 'other')
      case TAG.Map:
        return this.#values(this.#count() * 2, depth, 'other')
      case TAG.SparseArray:
        return this.#sparse(depth)
      case TAG.ShapeDefine:
        return this.#defineShape(depth)
      case TAG.ShapeUse:
        return this.#useShape(depth)
      case TAG.Object:
        return this.#dictionary(depth)
      case TAG.RegExp:
        return this.#regExp(depth)
      case TAG.Error:
        return this.#error(depth)
      case TAG.Registered:
        this.#expect('string', depth)
        return this.#values(1, depth, 'other')
      default:
        throw this.#corrupt('a tag', `${tag}`)
    }
  }

  #values(count: number, depth: number, kind: Kind): Kind {
    for (let i = 0; i < count; i++) this.#present(depth)
    return kind
  }

  #sparse(depth: number): Kind {
    const length = this.#index(depth, 2 ** 32)
    for (let count = this.#count(); count > 0; count--) {
      this.#index(depth, length)
      this.#present(depth)
    }
    return 'array'
  }

  #index(depth: number, limit: number): number {
    const at = this.position
    this.#expect('number', depth)
    const index = this.#read(at) as number
    if (index >>> 0 !== index || index >= limit) throw this.#corrupt('an index', `${index}`)
    return index
  }

  #defineShape(depth: number): Kind {
    const keys = this.#count()
    if (keys > MAX_SHAPE_KEYS) throw this.#corrupt(`at most ${MAX_SHAPE_KEYS} keys`, `${keys}`)
    for (let i = 0; i < keys; i++) this.#expect('string', depth)
    this.#shapes.push(keys)
    return this.#values(keys, depth, 'object')
  }

  #useShape(depth: number): Kind {
    const number = this.#count()
    const keys = this.#shapes[number]
    if (keys === undefined) throw this.#corrupt('a shape', `number ${number}`)
    return this.#values(keys, depth, 'object')
  }

  #dictionary(depth: number): Kind {
    for (let count = this.#count(); count > 0; count--) {
      this.#expect('string', depth)
      this.#present(depth)
    }
    return 'object'
  }

  #regExp(depth: number): Kind {
    const at = this.position
    this.#expect('string', depth)
    this.#expect('string', depth)
    this.#expect('number', depth)
    try {
      this.#read(at - 1)
    } catch (cause) {
      throw this.#corrupt('a regular expression', String(cause))
    }
    return 'other'
  }

  #error(depth: number): Kind {
    const at = this.position
    this.#expect('string', depth)
    const className = this.#read(at) as string
    if (!ERROR_CLASSES.has(className)) throw this.#corrupt('a class of errors', className)
    this.#expect('string', depth)
    this.#optional('string', depth)
    this.#optional('string', depth)
    this.#optional(null, depth)
    this.#optional('array', depth)
    this.#optional('object', depth)
    return 'other'
  }

  /** What stands at `at`, which has been verified. */
  #read(at: number): unknown {
    const reader = new ValueReader()
    reader.reset(this.#bytes, at, this.position)
    return reader.read()
  }
}

const ERROR_CLASSES = new Set([
  ...['Error', 'TypeError', 'RangeError', 'SyntaxError', 'ReferenceError', 'EvalError'],
  ...['URIError', 'AggregateError'],
])
