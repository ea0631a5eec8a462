import { stringify } from 'csv-stringify/sync'
import { describe, StreamError } from '../../codec/errors.ts'
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
    const row = this.#cells(record)
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

  #cells(record: object): string[] {
    if (this.#names === undefined) this.#begin(record)
    const names = this.#names
    if (Array.isArray(record) !== (names === null)) {
      refuse(names === null ? 'an array, as before' : 'an object, as before', record)
    }
    if (names === null || names === undefined) return (record as unknown[]).map(toCell)
    for (const name of Object.keys(record)) {
      if (!names.includes(name)) refuse(`the columns ${names.join(', ')} of the file`, record)
    }
    return names.map((name) => toCell((record as Record<string, unknown>)[name]))
  }

  #begin(record: object): void {
    this.#names = Array.isArray(record) ? null : Object.keys(record)
    if (this.#names !== null) this.#rows.push([...this.#names])
  }
}

function toCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'object') return String(value)
  return value instanceof Date ? value.toISOString() : JSON.stringify(value)
}

function refuse(expected: string, got: unknown): never {
  throw new StreamError(
    'SAGE_SCHEMA_MISMATCH',
    `FileSink: expected ${expected}, got ${describe(got)}`,
  )
}
