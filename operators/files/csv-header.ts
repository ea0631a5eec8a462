import { describe, type StreamError } from '../../codec/errors.ts'
import { BrokenFileError, brokenRecord } from './file-error.ts'
import type { FileSourceOptions } from './file-options.ts'
import { compileRow, type MakeRow } from './row-code.ts'

/** Turns the fields of CSV rows into records: objects by the names of a header, or arrays. */
export class CsvHeader {
  readonly #path: string
  readonly #columns: readonly string[] | undefined
  readonly #plain: boolean
  #makeRow: MakeRow | undefined
  /** The names of all fields; undefined while the header is unread and where there is none. */
  names: readonly string[] | undefined

  constructor(path: string, options: FileSourceOptions, names: readonly string[] | undefined) {
    const { columns, header = true } = options
    this.#path = path
    this.#columns = header ? columns : undefined
    this.#plain = !header && columns === undefined
    const known = names ?? (header ? undefined : columns)
    if (known !== undefined) this.#learn(known)
  }

  /** What is wrong with a row of this many fields, if anything. */
  check(fields: readonly string[], line: number): StreamError | undefined {
    if (this.names === undefined || fields.length === this.names.length) return undefined
    const { length } = this.names
    const detail = `expected ${length} fields, got ${fields.length}: ${describe(fields)}`
    return brokenRecord(this.#path, line, detail)
  }

  /** The record of a row; undefined for the header itself. */
  row(fields: string[], line: number): string[] | Record<string, string> | undefined {
    if (this.#plain) return fields
    if (this.#makeRow !== undefined) return this.#makeRow(fields)
    const repeated = fields.find((name, i) => fields.indexOf(name) < i)
    if (repeated !== undefined) {
      const detail = `line ${line}: expected each column name once, got ${describe(repeated)} twice`
      throw new BrokenFileError(this.#path, detail)
    }
    this.#learn(fields)
    return undefined
  }

  #learn(names: readonly string[]): void {
    this.names = names
    const wanted = this.#columns ?? names
    const indexes = wanted.map((name) => names.indexOf(name))
    const missing = indexes.indexOf(-1)
    if (missing >= 0) {
      const detail = `expected a column ${describe(wanted[missing])}, got ${describe(names)}`
      throw new BrokenFileError(this.#path, detail)
    }
    this.#makeRow = compileRow(wanted, indexes)
  }
}
