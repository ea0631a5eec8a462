import type { PartitionReader } from '../contract/source.ts'
import { isPacked } from './byte-input.ts'
import type { FileFormat, FilePosition, FileTuning } from './file-format.ts'
import { type FilePart, rangeNames, wholeFile } from './file-part.ts'
import type { FoundFile } from './file-paths.ts'
import { LineScanner } from './line-scanner.ts'

/**
 * How a file of lines is cut into parts: by ranges of bytes, where it is large, splittable and may
 * be. What it has grown by since a checkpoint are parts of their own.
 */
export function lineParts(
  { path, size }: FoundFile,
  known: readonly FilePart[],
  split: boolean,
  tuning: FileTuning,
): string[] {
  if (isPacked(path)) return wholeFile(path, known)
  const isCut = split && size > tuning.wholeBytes
  return rangeNames(path, size, isCut ? tuning.rangeBytes : Number.POSITIVE_INFINITY, known)
}

/**
 * Format `lines`: each line is a record, blank ones too; `\n` and `\r\n` end lines, a last one adds
 * none.
 */
export function linesFormat(split: boolean, tuning: FileTuning): FileFormat {
  return {
    parts: (file, known) => lineParts(file, known, split, tuning),
    open: async (part, position) =>
      new LinesReader(await LineScanner.open(part, position, tuning.chunkBytes)),
  }
}

class LinesReader implements PartitionReader<string, FilePosition> {
  readonly #lines: LineScanner

  constructor(lines: LineScanner) {
    this.#lines = lines
  }

  next(max: number): string[] | Promise<string[] | null> {
    const ready = this.#take(max)
    return ready.length > 0 ? ready : this.#readOn(max)
  }

  position(): FilePosition {
    return this.#lines.position()
  }

  close(): Promise<void> {
    return this.#lines.close()
  }

  async #readOn(max: number): Promise<string[] | null> {
    while (await this.#lines.fill()) {
      const ready = this.#take(max)
      if (ready.length > 0) return ready
    }
    return null
  }

  #take(max: number): string[] {
    const taken: string[] = []
    while (taken.length < max) {
      const line = this.#lines.next()
      if (line === undefined) break
      taken.push(line)
    }
    return taken
  }
}
