import { ColumnsReader, ColumnsWriter, followOffset } from './data-frame.ts'
import { FIELD, HEADER_BYTES } from './frame.ts'
import type {
  FrameOptions,
  FrameReader,
  FrameWriter,
  RecordBatch,
  RecordCodec,
  RecordColumns,
} from './record-codec.ts'
import { ValueReader } from './value-reader.ts'
import { ValueWriter } from './value-writer.ts'

/** The codec of streams without a schema: carries every record that is data (value-format.ts). */
export const generalCodec: RecordCodec = {
  id: 'general',
  createWriter: (options) => new GeneralWriter(options),
  createReader: (options) => new GeneralReader(options),
}

/** Where the values start: behind the header and the length of `Frame.values`. */
const VALUES_AT = HEADER_BYTES + 4

class GeneralWriter implements FrameWriter {
  count = 0
  readonly #frameBytes: number
  readonly #values: ValueWriter
  readonly #columns: ColumnsWriter

  constructor(options: FrameOptions) {
    this.#frameBytes = options.frameBytes
    this.#values = new ValueWriter(VALUES_AT, options.frameBytes + 1024)
    this.#columns = new ColumnsWriter('values', options)
  }

  get full(): boolean {
    return this.#values.position + this.#columns.bytes(this.count) >= this.#frameBytes
  }

  append(value: unknown, columns: RecordColumns): void {
    const before = this.#values.length
    this.#values.write(value)
    try {
      this.#columns.append(this.count, columns)
    } catch (error) {
      this.#values.truncate(before)
      throw error
    }
    this.count++
  }

  finish(watermark = Number.NEGATIVE_INFINITY): Uint8Array {
    const values = this.#values
    values.ensure(this.#columns.bytes(this.count))
    const { memory, position, view } = values
    memory.set(this.#columns.header)
    view.setUint32(FIELD.count, this.count, true)
    view.setUint32(FIELD.values, HEADER_BYTES - FIELD.values, true)
    view.setUint32(HEADER_BYTES, values.length, true)
    const { count } = this
    const end = this.#columns.finish(memory, view, position, { count, watermark })
    return new Uint8Array(memory.buffer, 0, end)
  }

  reset(): void {
    this.count = 0
    this.#values.truncate(0)
    this.#columns.reset()
  }
}

class GeneralReader implements FrameReader {
  readonly #values = new ValueReader()
  readonly #columns: ColumnsReader

  constructor(options: FrameOptions) {
    this.#columns = new ColumnsReader(options)
  }

  read(bytes: Uint8Array, offset: number, _length: number, batch: RecordBatch): void {
    const reader = this.#values
    reader.reset(bytes, offset, offset)
    const at = reader.position
    const { view } = reader
    const count = view.getUint32(at + FIELD.count, true)
    reader.position = followOffset(view, at + FIELD.values) + 4
    const values = batch.values
    for (let i = 0; i < count; i++) values[i] = reader.read()
    batch.count = count
    this.#columns.read(view, at, batch)
  }
}
