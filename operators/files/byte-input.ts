import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { crc32c } from '../../codec/crc32c.ts'
import { BrokenFileError, brokenFile } from './file-error.ts'
import type { FileTrace } from './file-trace.ts'

/** The bytes of one file, in order. */
export interface ByteInput {
  /** Fills `into` from index `at` on; the number of bytes read, 0 at the end of the file only. */
  read(into: Uint8Array, at: number): Promise<number>
  close(): Promise<void>
}

/** Whether a file is unpacked while it is read; such a file is never split. */
export function isPacked(path: string): boolean {
  return path.endsWith('.gz')
}

/**
 * Opens a file, unpacked when it ends in `.gz`, at an offset of its unpacked bytes. Throws
 * `SAGE_FILE`, also where the file is not the one that has left the trace before that offset.
 */
export async function openBytes(
  path: string,
  offset: number,
  trace?: FileTrace,
): Promise<ByteInput> {
  let input: ByteInput | undefined
  try {
    const at = offset - (trace?.bytes ?? 0)
    input = await (isPacked(path) ? openPacked(path, at) : openPlain(path, at))
    if (trace !== undefined) await followTrace(input, path, trace, offset)
    return input
  } catch (thrown) {
    await input?.close()
    throw brokenFile(path, 'a readable file', thrown)
  }
}

async function openPlain(path: string, offset: number): Promise<ByteInput> {
  return new PlainInput(path, await open(path, 'r'), offset)
}

async function openPacked(path: string, offset: number): Promise<ByteInput> {
  const input = new GzipInput(path)
  await input.skip(offset)
  return input
}

/**
 * Reads up to a position, over what has left its trace.
 *
 * @throws BrokenFileError where the file has other bytes there, or none
 */
async function followTrace(
  input: ByteInput,
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

class PlainInput implements ByteInput {
  readonly #path: string
  readonly #handle: FileHandle
  #offset: number

  constructor(path: string, handle: FileHandle, offset: number) {
    this.#path = path
    this.#handle = handle
    this.#offset = offset
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    try {
      const { bytesRead } = await this.#handle.read(into, at, into.length - at, this.#offset)
      this.#offset += bytesRead
      return bytesRead
    } catch (thrown) {
      throw brokenFile(this.#path, 'a readable file', thrown)
    }
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

/** A gzip file has no entry points: an offset is reached by unpacking what stands before it. */
class GzipInput implements ByteInput {
  readonly #path: string
  readonly #unpacked
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(path: string) {
    this.#path = path
    this.#unpacked = createGunzip()
    // An error of either end destroys the other with it: it surfaces in the iterator, not here.
    pipeline(createReadStream(path), this.#unpacked, () => {})
    this.#chunks = this.#unpacked[Symbol.asyncIterator]()
  }

  async skip(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; ) {
      if (!(await this.#fill())) return
      const skipped = Math.min(left, this.#rest.length)
      this.#rest = this.#rest.subarray(skipped)
      left -= skipped
    }
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    if (!(await this.#fill())) return 0
    const count = Math.min(into.length - at, this.#rest.length)
    into.set(this.#rest.subarray(0, count), at)
    this.#rest = this.#rest.subarray(count)
    return count
  }

  async close(): Promise<void> {
    this.#unpacked.destroy()
  }

  async #fill(): Promise<boolean> {
    try {
      while (this.#rest.length === 0) {
        const { done, value } = await this.#chunks.next()
        if (done) return false
        this.#rest = value
      }
      return true
    } catch (thrown) {
      throw brokenFile(this.#path, 'a whole gzip file', thrown)
    }
  }
}
