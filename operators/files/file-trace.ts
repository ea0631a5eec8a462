import { crc32c } from '../../codec/crc32c.ts'
import { BrokenFileError } from './file-error.ts'

/** Of what stands before a position: by this a file is known again that was replaced meanwhile. */
export interface FileTrace {
  readonly bytes: number
  /** CRC-32C. */
  readonly crc: number
}

const TRACE_BYTES = 64

/** What a trace is followed in. */
interface Bytes {
  /** As of `ByteInput`. */
  read(into: Uint8Array, at: number): Promise<number>
}

/** The trace of a position with these bytes before it: `[0, end)`. */
export function traceOf(bytes: Uint8Array, end: number): FileTrace {
  const from = Math.max(0, end - TRACE_BYTES)
  return { bytes: end - from, crc: crc32c(bytes, 0, from, end) }
}

/**
 * Reads up to a position, over what has left its trace.
 *
 * @throws BrokenFileError where the file has other bytes there, or none
 */
export async function followTrace(
  input: Bytes,
  path: string,
  trace: FileTrace,
  offset: number,
): Promise<void> {
  const bytes = new Uint8Array(trace.bytes)
  let filled = 0
  while (filled < bytes.length) {
    const count = await input.read(bytes, filled)
    if (count === 0) break
    filled += count
  }
  if (filled === bytes.length && crc32c(bytes) === trace.crc) return
  const got = filled < bytes.length ? `${offset - bytes.length + filled} bytes` : 'another'
  throw new BrokenFileError(
    path,
    `expected the file that was read up to byte ${offset}, got ${got}`,
  )
}
