/**
 * A `Buffer` with the encoding-specific methods that `toString` and `write` dispatch to. They are
 * not in Node's documentation, but in every version since 0.10, and they spare the dispatch, which
 * costs as much as a short string itself. They work on shared memory, which `TextDecoder` also
 * does, but only with a view per call.
 */
export interface RawBuffer extends Buffer<ArrayBufferLike> {
  latin1Slice(from: number, to: number): string
  utf8Slice(from: number, to: number): string
  ucs2Slice(from: number, to: number): string
  latin1Write(text: string, at: number, maxBytes?: number): number
  utf8Write(text: string, at: number, maxBytes?: number): number
  ucs2Write(text: string, at: number, maxBytes?: number): number
}

/** Heap memory that starts on an 8-byte boundary and belongs to nobody else; not zeroed. */
export function allocateRaw(bytes: number): RawBuffer {
  return Buffer.allocUnsafeSlow(bytes) as unknown as RawBuffer
}

/** The whole of `buffer` as a `RawBuffer`, without a copy. */
export function rawBufferOf(buffer: ArrayBufferLike): RawBuffer {
  return Buffer.from(buffer as ArrayBuffer) as unknown as RawBuffer
}
