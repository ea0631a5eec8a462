import { ColumnsReader, ColumnsWriter, followOffset } from './data-frame.ts'
import { explainFailure } from './explain-failure.ts'
import { FIELD, HEADER_BYTES } from './frame.ts'
import type {
  FrameOptions,
  FrameReader,
  FrameWriter,
  RecordBatch,
  RecordCodec,
  RecordColumns,
} from './record-codec.ts'
import { compileCheck } from './schema-check.ts'
import { explainMismatch } from './schema-mismatch.ts'
import { compileTableReader, type TableReader } from './schema-reader.ts'
import { compileTableWriter } from './schema-writer.ts'
import { type Table, tablesOf } from './table-layout.ts'
import { TableMemory } from './table-memory.ts'
import { TableViews } from './table-views.ts'

/** The codec of streams whose records lie in `table`. Code is compiled when first needed. */
export function createSchemaCodec(table: Table): RecordCodec {
  let writing: WriterParts | null = null
  let read: TableReader | null = null
  const codec: RecordCodec = {
    id: `schema:${table.name}`,
    createWriter(options) {
      writing ??= { table, check: compileCheck(table), write: compileTableWriter(table) }
      return new SchemaWriter(writing, options)
    },
    createReader(options) {
      read ??= compileTableReader(table)
      return new SchemaReader(read, options)
    },
  }
  tables.set(codec, table)
  return codec
}

const tables = new WeakMap<RecordCodec, Table>()

/** How the records of a codec lie in a frame; null where it is no codec of a schema. */
export function tableOfCodec(codec: RecordCodec): Table | null {
  return tables.get(codec) ?? null
}

/** What a writer of records of a table is made of. */
export interface WriterParts {
  readonly table: Table
  check(value: unknown): boolean
  write(memory: TableMemory, value: unknown): number
}

/** Writes the tables of one frame. */
export class SchemaWriter implements FrameWriter {
  readonly #parts: WriterParts
  readonly #frameBytes: number
  readonly #memory: TableMemory
  readonly #columns: ColumnsWriter

  constructor(parts: WriterParts, options: FrameOptions) {
    this.#parts = parts
    this.#frameBytes = options.frameBytes
    this.#memory = new TableMemory(tablesOf(parts.table), options.frameBytes)
    this.#columns = new ColumnsWriter('records', options)
  }

  get count(): number {
    return this.#memory.count
  }

  get full(): boolean {
    return this.#memory.position + this.#columns.bytes(this.count) >= this.#frameBytes
  }

  append(value: unknown, columns: RecordColumns): void {
    const { check, write, table } = this.#parts
    if (!check(value)) throw explainMismatch(table, value)
    const memory = this.#memory
    memory.beginRecord()
    const before = memory.position
    try {
      const at = write(memory, value)
      this.#columns.append(memory.count, columns)
      memory.endRecord(at)
    } catch (failure) {
      memory.rollBack(before)
      throw explainFailure(value, failure)
    }
  }

  finish(watermark = Number.NEGATIVE_INFINITY): Uint8Array {
    const memory = this.#memory
    memory.reserve(this.#columns.bytes(memory.count))
    memory.clearRoom()
    const { u8, view, count } = memory
    u8.set(this.#columns.header)
    view.setUint32(FIELD.count, count, true)
    view.setUint32(FIELD.records, HEADER_BYTES - FIELD.records, true)
    view.setUint32(HEADER_BYTES, count, true)
    const end = this.#columns.finish(u8, view, memory.position, { count, watermark })
    return new Uint8Array(u8.buffer, 0, end)
  }

  reset(): void {
    this.#memory.reset()
    this.#columns.reset()
  }
}

class SchemaReader implements FrameReader {
  readonly #readTable: TableReader
  readonly #columns: ColumnsReader
  #views = new TableViews(new ArrayBuffer(0))

  constructor(readTable: TableReader, options: FrameOptions) {
    this.#readTable = readTable
    this.#columns = new ColumnsReader(options)
  }

  read(bytes: Uint8Array, offset: number, _length: number, batch: RecordBatch): void {
    if (bytes.buffer !== this.#views.buffer) this.#views = new TableViews(bytes.buffer)
    const views = this.#views
    views.strings.reset()
    const at = bytes.byteOffset + offset
    const { view, i32 } = views
    const vector = followOffset(view, at + FIELD.records)
    const count = i32[vector >> 2]
    const { values } = batch
    const readTable = this.#readTable
    for (let i = 0; i < count; i++) {
      const slot = vector + 4 + 4 * i
      values[i] = readTable(views, slot + i32[slot >> 2])
    }
    batch.count = count
    this.#columns.read(view, at, batch)
  }
}
