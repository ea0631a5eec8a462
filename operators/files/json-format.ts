import { describe } from '../../codec/errors.ts'
import type { PartitionReader } from '../contract/source.ts'
import { openBytes } from './byte-input.ts'
import { brokenRecord } from './file-error.ts'
import type { FileFormat, FilePosition, FileTuning } from './file-format.ts'
import type { FilePart } from './file-part.ts'
import { LineScanner } from './line-scanner.ts'
import { lineParts } from './lines-format.ts'

/**
 * Format `json`: each line is a value. A line of nothing but white space is passed over, a `null`
 * is dropped like every null record; a broken line is `SAGE_FILE` with path and line, for the
 * `errors` policy.
 */
export function jsonFormat(split: boolean, tuning: FileTuning): FileFormat {
  return {
    parts: (file, known) => lineParts(file, known, split, tuning),
    open: async (part, position) =>
      new JsonReader(part, await LineScanner.open(part, position, tuning.chunkBytes)),
  }
}

class JsonReader implements PartitionReader<unknown, FilePosition> {
  readonly #part: FilePart
  readonly #lines: LineScanner
  /** A line that `#take` found broken; what stood before it was handed out first. */
  #broken: { text: string; line: number; cause: unknown } | undefined

  constructor(part: FilePart, lines: LineScanner) {
    this.#part = part
    this.#lines = lines
  }

  async next(max: number): Promise<unknown[] | null> {
    do {
      const taken = this.#take(max)
      if (taken.length > 0) return taken
      if (this.#broken !== undefined) throw await this.#takeError()
    } while (await this.#lines.fill())
    return null
  }

  position(): FilePosition {
    return this.#lines.position()
  }

  close(): Promise<void> {
    return this.#lines.close()
  }

  /**
   * Values up to a broken line. That line is passed only when it comes first, so that a position
   * never skips it.
   */
  #take(max: number): unknown[] {
    const taken: unknown[] = []
    while (taken.length < max) {
      const { line } = this.#lines
      const text = this.#lines.next()
      if (text === undefined) break
      try {
        taken.push(JSON.parse(text))
      } catch (cause) {
        if (text.trim() === '') continue
        if (taken.length > 0) this.#lines.unread()
        else this.#broken = { text, line, cause }
        break
      }
    }
    return taken
  }

  async #takeError(): Promise<Error> {
    const { text, line, cause } = this.#broken!
    this.#broken = undefined
    const number = line + 1 + (await countLines(this.#part))
    return brokenRecord(
      this.#part.path,
      number,
      `expected a JSON value, got ${describe(text)}`,
      cause,
    )
  }
}

/**
 * The lines before a part that is not the first, which only a message needs: counted when one is
 * written.
 */
async function countLines(part: FilePart): Promise<number> {
  if (part.from === 0) return 0
  const input = await openBytes(part.path, 0)
  const buffer = Buffer.allocUnsafe(256 * 1024)
  let lines = 0
  for (let left = part.from; left > 0; ) {
    const count = Math.min(left, await input.read(buffer, 0))
    if (count === 0) break
    for (let at = 0; at < count; at++) if (buffer[at] === 10) lines++
    left -= count
  }
  await input.close()
  return lines
}
