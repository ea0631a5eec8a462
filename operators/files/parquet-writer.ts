import { zstdCompressSync } from 'node:zlib'
import { ByteWriter, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer'
import { describe, StreamError } from '../../codec/errors.ts'
import { jsonLoss } from '../../codec/json-loss.ts'
import type { RecordWriter } from './record-writer.ts'

type ColumnType = 'STRING' | 'DOUBLE' | 'INT64' | 'BOOLEAN' | 'TIMESTAMP' | 'BYTE_ARRAY' | 'JSON'

interface Column {
  /** Unknown while every value was null. */
  type: ColumnType | undefined
  values: unknown[]
}

/**
 * A row group is held in memory until it is written: it ends at so many rows or (estimated) bytes.
 */
const GROUP_ROWS = 32_768
const GROUP_BYTES = 4 * 1024 * 1024

/**
 * Format `parquet` (`hyparquet-writer`, ZSTD): a column for each field. Numbers are DOUBLE (whether
 * a column holds only integers is known at its end, and rows go out before), bigints INT64, dates
 * timestamps of milliseconds, nested values JSON; every column is nullable.
 *
 * The first row group fixes the columns. A value of another type is `SAGE_SCHEMA_MISMATCH`; a field
 * that the written groups do not know, or know as null only, begins a new file.
 */
export function parquetWriter(): RecordWriter {
  return new ParquetRecords()
}

class ParquetRecords implements RecordWriter {
  readonly takeAt = GROUP_BYTES
  readonly #columns = new Map<string, Column>()
  readonly #bytes = new ByteWriter()
  #writer: ParquetWriter | undefined
  #rows = 0
  #estimate = 0

  get size(): number {
    return this.#rows >= GROUP_ROWS ? GROUP_BYTES : this.#estimate
  }

  fits(record: unknown): boolean {
    if (this.#writer === undefined || typeof record !== 'object' || record === null) return true
    return Object.entries(record).every(
      ([name, value]) => isNull(value) || this.#columns.get(name)?.type !== undefined,
    )
  }

  add(record: unknown): void {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      refuse('an object', record)
    }
    if (Object.keys(record).length === 0) refuse('an object with fields', record)
    const entries = Object.entries(record).filter(([, value]) => !isNull(value))
    const types = entries.map(([name, value]) => this.#typeOf(name, value))
    if (this.#writer === undefined) for (const name of Object.keys(record)) this.#columnOf(name)
    for (const [i, [name, value]] of entries.entries()) {
      const column = this.#columnOf(name)
      column.type = types[i]
      column.values[this.#rows] = value
      this.#estimate += sizeOf(value)
    }
    this.#rows++
  }

  take(): Uint8Array {
    if (this.#rows === 0) return new Uint8Array(0)
    const columnData = [...this.#columns].map(([name, { values }]) => {
      const data = Array.from({ length: this.#rows }, (_, row) => values[row] ?? null)
      return { name, data }
    })
    this.#writer ??= this.#createWriter()
    this.#writer.write({ columnData, rowGroupSize: this.#rows })
    for (const column of this.#columns.values()) column.values = []
    this.#rows = 0
    this.#estimate = 0
    return this.#drain()
  }

  end(): Uint8Array {
    const rest = this.take()
    this.#writer?.finish()
    return Buffer.concat([rest, this.#drain()])
  }

  #createWriter(): ParquetWriter {
    const columnData = [...this.#columns].map(([name, { type = 'STRING' }]) => {
      return { name, data: [], type, nullable: true }
    })
    return new ParquetWriter({
      writer: this.#bytes,
      schema: schemaFromColumnData({ columnData }),
      codec: 'ZSTD',
      compressors: { ZSTD: (bytes) => zstdCompressSync(bytes) },
      createdBy: 'sage-stream',
    })
  }

  #columnOf(name: string): Column {
    let column = this.#columns.get(name)
    if (column === undefined) {
      column = { type: undefined, values: [] }
      this.#columns.set(name, column)
    }
    return column
  }

  #typeOf(name: string, value: unknown): ColumnType {
    const type = typeOf(value)
    const known = this.#columns.get(name)?.type ?? type
    if (type !== known) refuse(`${known} in column '${name}', as before`, value)
    return type
  }

  /**
   * The bytes written so far; the writer's own offset goes on counting from the file's beginning.
   */
  #drain(): Uint8Array {
    const bytes = this.#bytes.getBytes().slice()
    this.#bytes.index = 0
    return bytes
  }
}

function isNull(value: unknown): boolean {
  return value === null || value === undefined
}

function typeOf(value: unknown): ColumnType {
  if (typeof value === 'string') return 'STRING'
  if (typeof value === 'number') return 'DOUBLE'
  if (typeof value === 'boolean') return 'BOOLEAN'
  if (typeof value === 'bigint') {
    if (BigInt.asIntN(64, value) !== value) refuse('a bigint of 64 bits', value)
    return 'INT64'
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) refuse('a date', value)
    return 'TIMESTAMP'
  }
  if (value instanceof Uint8Array) return 'BYTE_ARRAY'
  const lost = jsonLoss(value)
  if (lost !== undefined) refuse('values that JSON can hold', lost)
  return 'JSON'
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 4
  if (value instanceof Uint8Array) return value.length + 4
  return typeof value === 'object' && !(value instanceof Date) ? 64 : 8
}

function refuse(expected: string, got: unknown): never {
  throw new StreamError(
    'SAGE_SCHEMA_MISMATCH',
    `FileSink: expected ${expected}, got ${describe(got)}`,
  )
}
