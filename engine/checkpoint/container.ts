import { crc32c } from '../../codec/crc32c.ts'
import { StreamError } from '../../codec/errors.ts'
import { type Files, type OpenFile, readFully, writeFully } from '../../operators/contract/files.ts'
import * as at from './layout.ts'
import { corrupt, fileFailure, readFailure } from './store-error.ts'

/** The header of a file (layout.ts). */
export function headerOf(kind: number): Uint8Array {
  const header = new Uint8Array(at.HEADER_BYTES)
  const view = new DataView(header.buffer)
  header.set(at.MAGIC)
  view.setUint16(at.VERSION_OFFSET, at.FORMAT_VERSION, true)
  view.setUint16(at.KIND_OFFSET, kind, true)
  view.setUint32(at.HEADER_CRC_OFFSET, crc32c(header, 0, 0, at.HEADER_CRC_OFFSET), true)
  return header
}

/** What ends a file whose blocks end at `descriptionAt`. */
export interface Ending {
  readonly bytes: Uint8Array
  /** Of header and description. */
  readonly crc: number
}

/** Description and tail. */
export function endingOf(kind: number, descriptionAt: number, description: unknown): Ending {
  const text = new TextEncoder().encode(JSON.stringify(description))
  const bytes = new Uint8Array(text.length + at.TAIL_BYTES)
  bytes.set(text)
  const crc = crc32c(text, crc32c(headerOf(kind)))
  const tail = bytes.subarray(text.length)
  const view = new DataView(bytes.buffer, text.length)
  view.setFloat64(at.DESCRIPTION_AT_OFFSET, descriptionAt, true)
  view.setUint32(at.DESCRIPTION_BYTES_OFFSET, text.length, true)
  view.setUint32(at.CRC_OFFSET, crc, true)
  view.setUint32(at.TAIL_CRC_OFFSET, crc32c(tail, 0, 0, at.TAIL_CRC_OFFSET), true)
  view.setUint32(at.END_MARK_OFFSET, at.END_MARK, true)
  return { bytes, crc }
}

/** Creates a file that has no blocks, durably but for its name; its length in bytes. */
export async function writeDescription(
  files: Files,
  path: string,
  kind: number,
  description: unknown,
): Promise<number> {
  const header = headerOf(kind)
  const ending = endingOf(kind, header.length, description).bytes
  try {
    const file = await files.create(path)
    try {
      await writeFully(file, header, 0)
      await writeFully(file, ending, header.length)
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    throw fileFailure(path, 'to write it', error)
  }
  return header.length + ending.length
}

/** What a file says of itself. */
export interface Description {
  /** As it was written: whoever asked for it knows its type. */
  readonly value: unknown
  /** Where it begins, which is where the blocks end. */
  readonly at: number
  /** Of the whole file. */
  readonly bytes: number
  readonly crc: number
}

/**
 * Reads and checks header, description and tail, not the blocks.
 *
 * @throws StreamError `SAGE_CHECKPOINT_CORRUPT`; `SAGE_CHECKPOINT_INCOMPATIBLE` for a file of another version
 */
export async function readDescription(
  files: Files,
  path: string,
  kind: number,
): Promise<Description> {
  return withFile(files, path, (file) => describeFile(file, path, kind))
}

/** Opens a file for `use`. */
export async function withFile<R>(
  files: Files,
  path: string,
  use: (file: OpenFile) => Promise<R>,
): Promise<R> {
  const file = await openFile(files, path)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

/** Opens a file to be read; what the system says against it becomes a `StreamError`. */
export async function openFile(files: Files, path: string): Promise<OpenFile> {
  try {
    return await files.open(path)
  } catch (error) {
    throw readFailure(path, error)
  }
}

async function describeFile(file: OpenFile, path: string, kind: number): Promise<Description> {
  const bytes = await file.size()
  const least = at.HEADER_BYTES + at.TAIL_BYTES
  if (bytes < least) throw corrupt(path, `at least ${least} bytes`, `${bytes}`)
  const header = await readBytes(file, path, 0, at.HEADER_BYTES)
  checkHeader(path, header, kind)
  const tail = await readBytes(file, path, bytes - at.TAIL_BYTES, at.TAIL_BYTES)
  const end = checkTail(path, tail, bytes)
  const text = await readBytes(file, path, end.at, end.length)
  const crc = crc32c(text, crc32c(header))
  if (crc !== end.crc) throw corrupt(path, `a description with CRC ${end.crc}`, `${crc}`)
  return { value: JSON.parse(new TextDecoder().decode(text)), at: end.at, bytes, crc }
}

/** Exactly so many bytes of a file. */
export async function readBytes(
  file: OpenFile,
  path: string,
  from: number,
  length: number,
  into: Uint8Array = new Uint8Array(length),
): Promise<Uint8Array> {
  let read: number
  try {
    read = await readFully(file, into, from)
  } catch (error) {
    throw readFailure(path, error)
  }
  if (read < length) throw corrupt(path, `${length} bytes at ${from}`, `${read}`)
  return into
}

function checkHeader(path: string, header: Uint8Array, kind: number): void {
  const view = new DataView(header.buffer)
  const crc = crc32c(header, 0, 0, at.HEADER_CRC_OFFSET)
  if (at.MAGIC.some((byte, i) => header[i] !== byte)) {
    throw corrupt(path, 'a checkpoint file', 'another beginning')
  }
  if (view.getUint32(at.HEADER_CRC_OFFSET, true) !== crc) {
    throw corrupt(path, `a header with CRC ${crc}`, `${view.getUint32(at.HEADER_CRC_OFFSET, true)}`)
  }
  const version = view.getUint16(at.VERSION_OFFSET, true)
  if (version !== at.FORMAT_VERSION) {
    // No damage: an older checkpoint must not silently take the place of one that only another release can read.
    const message = `checkpoint file '${path}': expected format version ${at.FORMAT_VERSION}, got ${version}`
    throw new StreamError('SAGE_CHECKPOINT_INCOMPATIBLE', message)
  }
  const got = view.getUint16(at.KIND_OFFSET, true)
  if (got !== kind) throw corrupt(path, `a file of kind ${kind}`, `${got}`)
}

function checkTail(path: string, tail: Uint8Array, bytes: number) {
  const view = new DataView(tail.buffer)
  const crc = crc32c(tail, 0, 0, at.TAIL_CRC_OFFSET)
  const isWhole =
    view.getUint32(at.END_MARK_OFFSET, true) === at.END_MARK &&
    view.getUint32(at.TAIL_CRC_OFFSET, true) === crc
  if (!isWhole) throw corrupt(path, 'a tail', 'a file that is cut off or changed')
  const descriptionAt = view.getFloat64(at.DESCRIPTION_AT_OFFSET, true)
  const length = view.getUint32(at.DESCRIPTION_BYTES_OFFSET, true)
  if (descriptionAt + length + at.TAIL_BYTES !== bytes) {
    throw corrupt(path, `${descriptionAt + length + at.TAIL_BYTES} bytes`, `${bytes}`)
  }
  return { at: descriptionAt, length, crc: view.getUint32(at.CRC_OFFSET, true) }
}
