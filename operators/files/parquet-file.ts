import { type FileHandle, open } from 'node:fs/promises'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { type Compressors, type FileMetaData, parquetMetadataAsync } from 'hyparquet'
import { BrokenFileError, brokenFile } from './file-error.ts'

/** A Parquet footer is rarely larger; one that is takes a second read. */
const FOOTER_BYTES = 64 * 1024

/** An open Parquet file: what `hyparquet` reads from. */
export class ParquetFile {
  readonly path: string
  readonly #handle: FileHandle
  readonly byteLength: number

  private constructor(path: string, handle: FileHandle, byteLength: number) {
    this.path = path
    this.#handle = handle
    this.byteLength = byteLength
  }

  static async open(path: string): Promise<ParquetFile> {
    try {
      const handle = await open(path, 'r')
      return new ParquetFile(path, handle, (await handle.stat()).size)
    } catch (thrown) {
      throw brokenFile(path, 'a readable file', thrown)
    }
  }

  /**
   * Schema and row groups. Throws `SAGE_FILE` for a file that is no Parquet file or was cut off.
   */
  async metadata(): Promise<FileMetaData> {
    try {
      return await parquetMetadataAsync(this, { initialFetchSize: FOOTER_BYTES })
    } catch (thrown) {
      throw brokenFile(this.path, 'a whole Parquet file', thrown)
    }
  }

  /** The bytes `[start, end)`. An arrow function: `hyparquet` calls it without its object. */
  slice = async (start: number, end = this.byteLength): Promise<ArrayBuffer> => {
    const bytes = new Uint8Array(end - start)
    for (let filled = 0; filled < bytes.length; ) {
      const left = bytes.length - filled
      const { bytesRead } = await this.#handle.read(bytes, filled, left, start + filled)
      if (bytesRead === 0) {
        throw new BrokenFileError(this.path, `expected ${end} bytes, got ${start + filled}`)
      }
      filled += bytesRead
    }
    return bytes.buffer
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

/** What Node itself unpacks; `hyparquet` brings Snappy. */
export const compressors: Compressors = {
  GZIP: (packed) => gunzipSync(packed),
  BROTLI: (packed) => brotliDecompressSync(packed),
  ZSTD: (packed) => zstdDecompressSync(packed),
}
