import type { RawBuffer } from './raw-buffer.ts'

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
