import { stringify } from 'csv-stringify/sync'
import { describe, StreamError } from '../../codec/errors.ts'
import { jsonLoss } from '../../codec/json-loss.ts'
import type { RecordWriter } from './record-writer.ts'

/**
 * Format `csv` (`csv-stringify`): objects under a header, which the first record of each file
 * gives, or arrays without one. Dates are ISO text, nested values JSON, null and undefined nothing.
 */
export function csvWriter(): RecordWriter {
  return new CsvWriter()
}

class CsvWriter implements RecordWriter {
  readonly takeAt = 64 * 1024
  /**
   * The names of the file's columns; null for a file of arrays, undefined before the first record.
   */
  #names: readonly string[] | null | undefined
  #rows: string[][] = []
  size = 0

  fits(): boolean {
    return true
  }

  add(record: unknown): void {
    if (typeof record !== 'object' || record === null) refuse('an object or an array', record)
    const names = this.#names === undefined ? namesOf(record) : this.#names
    const row = cellsOf(record, names)
    if (this.#names === undefined) {
      this.#names = names
      if (names !== null) this.#rows.push([...names])
    }
    this.#rows.push(row)
    for (const cell of row) this.size += cell.length + 1
  }

  take(): Uint8Array {
    if (this.#rows.length === 0) return new Uint8Array(0)
    // A row of one empty cell would otherwise be a blank line, which readers pass over.
    const text = stringify(this.#rows, { quoted_empty: this.#rows[0].length === 1 })
    this.#rows = []
    this.size = 0
    return Buffer.from(text)
  }

  end(): Uint8Array {
    return this.take()
  }
}

/** The columns of the file that a record begins; null: it has none. */
function namesOf(record: object): readonly string[] | null {
  if (Array.isArray(record)) return null
  const names = Object.keys(record)
  return names.length > 0 ? names : refuse('an object with fields', record)
}

function cellsOf(record: object, names: readonly string[] | null): string[] {
  if (Array.isArray(record) !== (names === null)) {
    refuse(names === null ? 'an array, as before' : 'an object, as before', record)
  }
  if (names === null) {
    // Readers take a line without cells for a blank one.
    const cells = record as unknown[]
    return cells.length > 0 ? cells.map(toCell) : refuse('an array with cells', record)
  }
  for (const name of Object.keys(record)) {
    if (!names.includes(name)) refuse(`the columns ${names.join(', ')} of the file`, record)
  }
  return names.map((name) => toCell((record as Record<string, unknown>)[name]))
}

function toCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'object') return String(value)
  if (value instanceof Date) return value.toISOString()
  const lost = jsonLoss(value)
  if (lost !== undefined) refuse('values that text can hold', lost)
  return JSON.stringify(value)
}

function refuse(expected: string, got: unknown): never {
  throw new StreamError(
    'SAGE_SCHEMA_MISMATCH',
    `FileSink: expected ${expected}, got ${describe(got)}`,
  )
}
