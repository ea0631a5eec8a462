import { type CsvError, Parser } from 'csv-parse'
import { describe, type StreamError } from '../../codec/errors.ts'
import type { PartitionReader } from '../contract/source.ts'
import { type ByteInput, openBytes } from './byte-input.ts'
import { CsvHeader } from './csv-header.ts'
import { brokenRecord } from './file-error.ts'
import type { FileFormat, FilePosition, FileTuning } from './file-format.ts'
import type { FileSourceOptions } from './file-options.ts'
import { type FilePart, wholeFile } from './file-part.ts'
import { type FileTrace, traceOf } from './file-trace.ts'

/**
 * Format `csv` (RFC 4180, `csv-parse`): quoted fields may hold commas, quotes and line breaks.
 * Blank lines are passed over. A row with more or fewer fields than the header is `SAGE_FILE` for
 * the `errors` policy, as is a broken quote (which takes what stands up to the next quote with it).
 *
 * Never split: whether a line break inside a range ends a row depends on all quotes before it.
 */
export function csvFormat(options: FileSourceOptions, tuning: FileTuning): FileFormat {
  return {
    parts: ({ path }, known) => wholeFile(path, known),
    open: async (part, position) => {
      const input = await openBytes(part.path, position?.offset ?? 0, position?.trace)
      const header = new CsvHeader(part.path, options, position?.header)
      return new CsvReader(part, input, header, position ?? { offset: 0, line: 0 }, tuning)
    },
  }
}

/** More than the parser looks ahead before it knows that a row has ended. */
const KEPT_BYTES = 128

/** A row or an error, and the position behind it. */
interface Item {
  readonly fields?: string[]
  readonly error?: StreamError
  readonly offset: number
  readonly line: number
}

class CsvReader implements PartitionReader<unknown, FilePosition> {
  readonly #part: FilePart
  readonly #input: ByteInput
  readonly #header: CsvHeader
  readonly #chunkBytes: number
  readonly #parser: Parser
  /** Where the parser's own counts begin. */
  readonly #origin: FilePosition
  #items: Item[] = []
  #taken = 0
  #offset: number
  #line: number
  #ended = false
  /** What was read last, with the end of what was read before, and where it stands in the file. */
  #window: Uint8Array = new Uint8Array(0)
  #windowAt: number
  /** Of what stands before the next row, where that does not begin within the window. */
  #trace: FileTrace | undefined

  constructor(
    part: FilePart,
    input: ByteInput,
    header: CsvHeader,
    origin: FilePosition,
    tuning: FileTuning,
  ) {
    this.#part = part
    this.#input = input
    this.#header = header
    this.#origin = origin
    this.#offset = origin.offset
    this.#windowAt = origin.offset
    this.#trace = origin.trace
    this.#line = origin.line
    this.#chunkBytes = tuning.chunkBytes
    this.#parser = this.#createParser(origin.offset === 0)
  }

  async next(max: number): Promise<unknown[] | null> {
    while (true) {
      const rows = this.#take(max)
      if (rows.length > 0) return rows
      if (this.#ended) return null
      await this.#readOn()
    }
  }

  position(): FilePosition {
    const header = this.#header.names
    const trace = this.#traceHere()
    const place = { offset: this.#offset, line: this.#line, ...(trace && { trace }) }
    return header === undefined ? place : { ...place, header }
  }

  async close(): Promise<void> {
    this.#parser.destroy()
    await this.#input.close()
  }

  #take(max: number): unknown[] {
    const rows: unknown[] = []
    while (rows.length < max && this.#taken < this.#items.length) {
      const { fields, error, offset, line } = this.#items[this.#taken]
      const broken = error ?? this.#header.check(fields!, line)
      if (broken !== undefined && rows.length > 0) break
      this.#taken++
      this.#offset = offset
      this.#line = line
      if (broken !== undefined) throw broken
      const row = this.#header.row(fields!, line)
      if (row !== undefined) rows.push(row)
    }
    return rows
  }

  /** What stands before the next row lies in the window, or came before that. */
  #traceHere(): FileTrace | undefined {
    const end = this.#offset - this.#windowAt
    return end > 0 ? traceOf(this.#window, end) : this.#trace
  }

  async #readOn(): Promise<void> {
    this.#items = []
    this.#taken = 0
    this.#trace = this.#traceHere()
    const kept = this.#window.subarray(-KEPT_BYTES)
    this.#windowAt += this.#window.length - kept.length
    // Not reused: the parser keeps what stands behind the last row.
    const buffer = Buffer.allocUnsafeSlow(kept.length + this.#chunkBytes)
    buffer.set(kept)
    const count = await this.#input.read(buffer, kept.length)
    this.#ended = count === 0
    this.#window = buffer.subarray(0, kept.length + count)
    const chunk = this.#window.subarray(kept.length)
    await new Promise<void>((resolve) => {
      if (this.#ended) this.#parser.end(() => resolve())
      else this.#parser.write(chunk, () => resolve())
    })
  }

  /**
   * Rows are collected as the parser finds them: returning none keeps its stream's own queue empty.
   */
  #createParser(bom: boolean): Parser {
    const parser = new Parser({
      bom,
      record_delimiter: ['\r\n', '\n'],
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
      on_record: (fields: string[], { bytes, lines }) => {
        const { offset, line } = this.#origin
        this.#items.push({ fields, offset: offset + bytes, line: line + lines })
        return null
      },
      on_skip: (error) => {
        if (error !== undefined) this.#noteError(error)
        return undefined
      },
    })
    parser.on('error', (error) => this.#noteError(error as CsvError))
    return parser
  }

  #noteError(cause: CsvError): void {
    const last = this.#items.at(-1)
    const line = this.#origin.line + Number(cause.lines ?? 0)
    if (last?.error !== undefined && last.line === line) return
    const error = brokenRecord(
      this.#part.path,
      line,
      `expected CSV, got ${describe(cause.message)}`,
      cause,
    )
    this.#items.push({ error, offset: last?.offset ?? this.#offset, line })
  }
}
