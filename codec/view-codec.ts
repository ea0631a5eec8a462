import { ColumnsReader, followOffset } from './data-frame.ts'
import { FIELD, HEADER_BYTES } from './frame.ts'
import {
  type FrameOptions,
  type FrameReader,
  type FrameWriter,
  NO_COLUMNS,
  type RecordBatch,
  type RecordCodec,
  type RecordCursor,
} from './record-codec.ts'
import { compileCheck } from './schema-check.ts'
import { SchemaWriter, tableOfCodec, type WriterParts } from './schema-codec.ts'
import { compileTableWriter } from './schema-writer.ts'
import type { Table } from './table-layout.ts'
import { TableViews } from './table-views.ts'
import { type Life, type Place, placeOf } from './view.ts'
import { newView } from './view-class.ts'

const viewCodecs = new WeakMap<RecordCodec, RecordCodec>()

/** A schema's codec for those who read views: the same bytes. One for each codec. */
export function viewCodecOf(codec: RecordCodec): RecordCodec {
  const known = viewCodecs.get(codec)
  if (known !== undefined) return known
  const table = tableOfCodec(codec)!
  let writing: WriterParts | null = null
  const made: RecordCodec = {
    id: `${codec.id}:view`,
    createWriter(options) {
      writing ??= viewWriting(table)
      return new SchemaWriter(writing, options)
    },
    createReader: (options) => codec.createReader(options),
    views: {
      createCursor: () => new TableCursor(table, codec),
      guard: (record) => guardRecord(table, codec, record),
    },
  }
  viewCodecs.set(codec, made)
  return made
}

// A view on a record of the table fits: to check it would read each field twice.
function viewWriting(table: Table): WriterParts {
  const check = compileCheck(table)
  return {
    table,
    check: (value) => placeOf(value)?.table === table || check(value),
    write: compileTableWriter(table),
  }
}

class TableCursor implements RecordCursor {
  readonly #table: Table
  readonly #codec: RecordCodec
  #memory = new TableViews(new ArrayBuffer(0))
  #place: Place

  constructor(table: Table, codec: RecordCodec) {
    this.#table = table
    this.#codec = codec
    this.#place = this.#newPlace()
  }

  createReader(options: FrameOptions): FrameReader {
    return new PlaceReader(this, options)
  }

  at(place: unknown): unknown {
    const own = this.#place
    own.t = place as number
    return own.view
  }

  /** Turns to a frame in `buffer`. */
  attach(buffer: ArrayBufferLike): TableViews {
    if (buffer !== this.#memory.buffer) this.#memory = new TableViews(buffer)
    this.#memory.strings.reset()
    this.#place.r = this.#memory
    return this.#memory
  }

  // A view that stays with its record gets a copy to read, and this cursor a new view.
  #newPlace(): Place {
    const place = newView(this.#table, this.#memory)
    place.pin = () => {
      if (place !== this.#place) return
      this.#place = this.#newPlace()
      this.#place.t = place.t
      moveTo(place, writeAlone(this.#codec, place.view))
    }
    return place
  }
}

class PlaceReader implements FrameReader {
  readonly #cursor: TableCursor
  readonly #columns: ColumnsReader

  constructor(cursor: TableCursor, options: FrameOptions) {
    this.#cursor = cursor
    this.#columns = new ColumnsReader(options)
  }

  read(bytes: Uint8Array, offset: number, _length: number, batch: RecordBatch): void {
    const { view, i32 } = this.#cursor.attach(bytes.buffer)
    const at = bytes.byteOffset + offset
    const vector = followOffset(view, at + FIELD.records)
    const count = i32[vector >> 2]
    const { values } = batch
    for (let i = 0; i < count; i++) {
      const slot = vector + 4 + 4 * i
      values[i] = slot + i32[slot >> 2]
    }
    batch.count = count
    this.#columns.read(view, at, batch)
  }
}

function guardRecord(table: Table, codec: RecordCodec, record: unknown): unknown {
  const { memory, at } = writeAlone(codec, record)
  const life: Life = { ended: false, pinned: false }
  const place = newView(table, memory, life)
  place.t = at
  place.pin = () => {
    life.pinned = true
  }
  return place.view
}

interface Alone {
  readonly memory: TableViews
  readonly at: number
}

const writers = new WeakMap<RecordCodec, FrameWriter>()

/** Writes a record into memory of its own. */
function writeAlone(codec: RecordCodec, record: unknown): Alone {
  let writer = writers.get(codec)
  if (writer === undefined) {
    writer = codec.createWriter({ frameBytes: 1024, keyed: false, timestamped: false })
    writers.set(codec, writer)
  }
  writer.append(record, NO_COLUMNS)
  const memory = new TableViews(writer.finish().slice().buffer)
  writer.reset()
  const slot = HEADER_BYTES + 4
  return { memory, at: slot + memory.i32[slot >> 2] }
}

function moveTo(place: Place, { memory, at }: Alone): void {
  place.r = memory
  place.t = at
  moveNested(place.view)
}

// Asking for a nested view puts it where its parent is now.
function moveNested(view: object): void {
  for (const value of Object.values(view)) {
    const nested = placeOf(value)
    if (nested !== undefined) moveNested(nested.view)
  }
}
