import type { PartitionReader } from '../contract/source.ts'
import { type ByteInput, openBytes } from './byte-input.ts'
import type { FileFormat, FilePosition, FileTuning } from './file-format.ts'
import type { FileChunk } from './file-options.ts'
import type { FilePart } from './file-part.ts'
import { lineParts } from './lines-format.ts'

/** Format `bytes`: the file as chunks of one size, the last one shorter. */
export function bytesFormat(split: boolean, tuning: FileTuning): FileFormat {
  return {
    parts: (file) => lineParts(file, split, tuning),
    open: async (part, position) => {
      const offset = position?.offset ?? part.from
      return new BytesReader(part, await openBytes(part.path, offset), offset, tuning.chunkBytes)
    },
  }
}

class BytesReader implements PartitionReader<FileChunk, FilePosition> {
  readonly #part: FilePart
  readonly #input: ByteInput
  readonly #chunkBytes: number
  #offset: number

  constructor(part: FilePart, input: ByteInput, offset: number, chunkBytes: number) {
    this.#part = part
    this.#input = input
    this.#offset = offset
    this.#chunkBytes = chunkBytes
  }

  async next(): Promise<FileChunk[] | null> {
    const size = Math.min(this.#chunkBytes, this.#part.to - this.#offset)
    const bytes = new Uint8Array(size)
    let filled = 0
    while (filled < size) {
      const count = await this.#input.read(bytes, filled)
      if (count === 0) break
      filled += count
    }
    if (filled === 0) return null
    const offset = this.#offset
    this.#offset += filled
    return [
      { path: this.#part.path, offset, bytes: filled < size ? bytes.slice(0, filled) : bytes },
    ]
  }

  position(): FilePosition {
    return { offset: this.#offset, line: 0 }
  }

  close(): Promise<void> {
    return this.#input.close()
  }
}
