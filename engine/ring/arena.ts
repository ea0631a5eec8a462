import { describe, StreamError } from '../../codec/errors.ts'

/**
 * The largest arena: every byte position in it is a small integer of V8, so no position is boxed.
 */
export const ARENA_BYTES_MAX = 2 ** 31 - 64

/**
 * The shared memory of a whole job, seen through the views that its users need.
 * It is allocated once, before the first thread starts, and never grows or moves.
 */
export interface Arena {
  readonly buffer: SharedArrayBuffer
  readonly u8: Uint8Array
  readonly i32: Int32Array
  readonly f64: Float64Array
}

/** Allocates zeroed shared memory of at least `bytes` bytes (rounded up to whole cache lines). */
export function createArena(bytes: number): Arena {
  if (!Number.isInteger(bytes) || bytes < 1 || bytes > ARENA_BYTES_MAX) {
    throw new StreamError(
      'SAGE_MEMORY',
      `expected 1 to ${ARENA_BYTES_MAX} bytes of shared memory, got ${describe(bytes)}`,
    )
  }
  return wrapArena(new SharedArrayBuffer(Math.ceil(bytes / 64) * 64))
}

/** The views on shared memory that {@link createArena} allocated, on this or on another thread. */
export function wrapArena(buffer: SharedArrayBuffer): Arena {
  if (buffer.byteLength % 64 !== 0 || buffer.byteLength > ARENA_BYTES_MAX) {
    throw new StreamError(
      'SAGE_MEMORY',
      `expected shared memory in lines of 64 bytes, at most ${ARENA_BYTES_MAX} bytes, ` +
        `got ${buffer.byteLength} bytes`,
    )
  }
  return {
    buffer,
    u8: new Uint8Array(buffer),
    i32: new Int32Array(buffer),
    f64: new Float64Array(buffer),
  }
}
