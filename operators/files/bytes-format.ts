import type { PartitionReader } from '../contract/source.ts'
import { type ByteInput, openBytes } from './byte-input.ts'
import { cutOff } from './file-error.ts'
import type { FileFormat, FilePosition, FileTuning } from './file-format.ts'
import type { FileChunk } from './file-options.ts'
import type { FilePart } from './file-part.ts'
import { type FileTrace, traceOf } from './file-trace.ts'
import { lineParts } from './lines-format.ts'

/** Format `bytes`: the file as chunks of one size, the last one shorter. */
export function bytesFormat(split: boolean, tuning: FileTuning): FileFormat {
  return {
    parts: (file, known) => lineParts(file, known, split, tuning),
    open: async (part, position) => {
      const offset = position?.offset ?? part.from
      const input = await openBytes(part.path, offset, position?.trace)
      return new BytesReader(part, input, offset, tuning.chunkBytes)
    },
  }
}

class BytesReader implements PartitionReader<FileChunk, FilePosition> {
  readonly #part: FilePart
  readonly #input: ByteInput
  readonly #chunkBytes: number
  #offset: number
  #trace: FileTrace | undefined

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
    const offset = this.#offset
    const { path, to } = this.#part
    this.#offset += filled
    if (filled < size && to < Number.POSITIVE_INFINITY) throw cutOff(path, to, this.#offset)
    if (filled === 0) return null
    this.#trace = traceOf(bytes, filled)
    return [{ path, offset, bytes: filled < size ? bytes.slice(0, filled) : bytes }]
  }

  position(): FilePosition {
    const trace = this.#trace
    return { offset: this.#offset, line: 0, ...(trace && { trace }) }
  }

  close(): Promise<void> {
    return this.#input.close()
  }
}
