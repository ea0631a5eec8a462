import { crc32c } from '../../codec/crc32c.ts'

/** Of what stands before a position: by this a file is known again that was replaced meanwhile. */
export interface FileTrace {
  readonly bytes: number
  /** CRC-32C. */
  readonly crc: number
}

const TRACE_BYTES = 64

/** The trace of a position with these bytes before it: `[0, end)`. */
export function traceOf(bytes: Uint8Array, end: number): FileTrace {
  const from = Math.max(0, end - TRACE_BYTES)
  return { bytes: end - from, crc: crc32c(bytes, 0, from, end) }
}
