import type { RawBuffer } from './raw-buffer.ts'

/** The names of an object's fields, in their order: see `Shape`. */
export interface FieldNames {
  /** Below `MAX_SHAPES`: an index into tables. Of shapes that are known at one time, unique. */
  readonly id: number
  readonly keys: readonly string[]
}

/** What code that writes one kind of value sees of a `ValueWriter`. */
export interface ValueSink {
  put(value: unknown): void
  putTag(tag: number): void
  putHead(tag: number, count: number): void
  putCount(count: number): void
  putNumber(value: number): void
  putDouble(tag: number, value: number): void
  putString(text: string): void
  putBytes(content: Uint8Array): void
  putPlain(object: object): void
  /** The head of a plain object: the values of its fields follow, in the order of the shape. */
  beginObject(shape: FieldNames): void
  /** The head of an array: so many values follow. */
  beginArray(length: number): void
}

/** A value that is put piece by piece: one that is only made to be written need not be made. */
export interface Encodable {
  /** Puts one value. */
  encode(sink: ValueSink): void
  /** The value, which cannot be written: where it is wrong is looked for. */
  toValue(): unknown
}

/** What code that reads one kind of value sees of a `ValueReader`. */
export interface ValueSource {
  readonly memory: RawBuffer
  read(): unknown
  readCount(): number
  /** Whether the next value is absent; if so it is taken. */
  takeAbsent(): boolean
  readByte(): number
  readDouble(): number
  /** The position of the next `length` bytes, which are then behind it. */
  skip(length: number): number
}
