import { FIELD, FRAME_KIND, frameHeader, type OptionalField } from './frame.ts'
import { checkKey } from './key.ts'
import type { RawBuffer } from './raw-buffer.ts'
import type { FrameOptions, RecordBatch, RecordColumns } from './record-codec.ts'
import { ValueReader } from './value-reader.ts'
import { ValueWriter } from './value-writer.ts'

/** Doubles beside the records of a frame, one each or one more. */
class DoubleColumn {
  #values = new Float64Array(64)

  set(index: number, value: number): void {
    if (index === this.#values.length) {
      const larger = new Float64Array(index * 2)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[index] = value
  }

  /** Zeros before `count`. */
  clear(count: number): void {
    while (this.#values.length < count) this.set(this.#values.length, 0)
    this.#values.fill(0, 0, count)
  }

  /** Writes the vector behind `at` and its place to `field`. Gives the end. */
  finish(memory: RawBuffer, view: DataView, at: number, field: number, count: number): number {
    const vector = pad(memory, at, 8, 4)
    view.setUint32(field, vector - field, true)
    view.setUint32(vector, count, true)
    for (let i = 0; i < count; i++) view.setFloat64(vector + 4 + i * 8, this.#values[i], true)
    return vector + 4 + count * 8
  }
}

/** Bytes of a vector of `count` doubles with what aligns it. */
const doublesBytes = (count: number): number => count * 8 + 12

/** The columns of a frame that is being written: what travels beside its records. */
export class ColumnsWriter {
  readonly #headers: { readonly plain: Uint8Array; readonly asked: Uint8Array }
  readonly #keys: ValueWriter | null
  readonly #timestamps: DoubleColumn | null
  readonly #watermarks = new DoubleColumn()
  readonly #asks = new DoubleColumn()
  #asked = false
  #last = Number.NEGATIVE_INFINITY

  /** @param column - where the records are */
  constructor(column: OptionalField, options: FrameOptions) {
    this.#headers = {
      plain: dataHeader(column, options, false),
      asked: dataHeader(column, options, true),
    }
    this.#keys = options.keyed ? new ValueWriter() : null
    this.#timestamps = options.timestamped ? new DoubleColumn() : null
  }

  /** The first bytes of the frame. */
  get header(): Uint8Array {
    return this.#asked ? this.#headers.asked : this.#headers.plain
  }

  /** Adds those of record number `index`; throws `SAGE_KEY`, and then has added nothing. */
  append(index: number, columns: RecordColumns): void {
    // What a function emits at the end of its input has no key.
    const { key } = columns
    if (this.#keys !== null) this.#keys.write(key === undefined ? undefined : checkKey(key))
    if (this.#timestamps !== null) {
      this.#timestamps.set(index, columns.timestamp)
      this.#last = columns.watermark
      this.#watermarks.set(index, this.#last)
    }
    if (this.#asked || columns.ask !== 0) this.#ask(index, columns.ask)
  }

  /** Bytes needed at most behind the records of a frame. */
  bytes(count: number): number {
    let bytes = this.#keys === null ? 0 : this.#keys.length + 12
    if (this.#timestamps !== null) bytes += doublesBytes(count) + doublesBytes(count + 1)
    return this.#asked ? bytes + doublesBytes(count) : bytes
  }

  /**
   * Writes the columns to `memory` from `at` on, and their place into the header. Gives the end.
   *
   * @param watermark - what holds behind the last record
   */
  finish(
    memory: RawBuffer,
    view: DataView,
    at: number,
    { count, watermark }: { readonly count: number; readonly watermark: number },
  ): number {
    let end = at
    if (this.#keys !== null) {
      const keys = this.#keys.bytes()
      const vector = pad(memory, end, 4, 0)
      view.setUint32(FIELD.keys, vector - FIELD.keys, true)
      view.setUint32(vector, keys.length, true)
      memory.set(keys, vector + 4)
      end = vector + 4 + keys.length
    }
    if (this.#timestamps !== null) {
      end = this.#timestamps.finish(memory, view, end, FIELD.timestamps, count)
      this.#watermarks.set(count, count === 0 ? watermark : Math.max(watermark, this.#last))
      end = this.#watermarks.finish(memory, view, end, FIELD.watermarks, count + 1)
    }
    return this.#asked ? this.#asks.finish(memory, view, end, FIELD.asks, count) : end
  }

  reset(): void {
    this.#keys?.truncate(0)
    this.#asked = false
  }

  #ask(index: number, ask: number): void {
    if (!this.#asked) this.#asks.clear(index)
    this.#asked = true
    this.#asks.set(index, ask)
  }
}

/** The next position that is `rest` modulo `size`, with zeros up to there. */
function pad(memory: RawBuffer, from: number, size: number, rest: number): number {
  let at = from
  while (at % size !== rest) memory[at++] = 0
  return at
}

function dataHeader(column: OptionalField, options: FrameOptions, asked: boolean): Uint8Array {
  const present: OptionalField[] = [column]
  if (options.keyed) present.push('keys')
  if (options.timestamped) present.push('timestamps', 'watermarks')
  if (asked) present.push('asks')
  return frameHeader(FRAME_KIND.Data, present)
}

/** Reads the columns of frames. */
export class ColumnsReader {
  readonly #keys: ValueReader | null
  readonly #timestamped: boolean

  constructor(options: FrameOptions) {
    this.#keys = options.keyed ? new ValueReader(true) : null
    this.#timestamped = options.timestamped
  }

  /**
   * Fills in what travels beside the `batch.count` records of the frame at `at`. `view` is on the
   * whole of a buffer.
   */
  read(view: DataView, at: number, batch: RecordBatch): void {
    const { count, keys } = batch
    if (this.#keys !== null) {
      const vector = followOffset(view, at + FIELD.keys)
      this.#keys.resetTo(view, vector + 4)
      for (let i = 0; i < count; i++) keys[i] = this.#keys.read()
    }
    if (this.#timestamped) {
      readDoubles(view, at + FIELD.timestamps, batch.timestamps, count)
      readDoubles(view, at + FIELD.watermarks, batch.watermarks, count + 1)
    }
    batch.asked = view.getUint32(at + FIELD.asks, true) !== 0
    if (batch.asked) readDoubles(view, at + FIELD.asks, batch.asks, count)
  }
}

function readDoubles(view: DataView, field: number, target: number[], count: number): void {
  const first = followOffset(view, field) + 4
  for (let i = 0; i < count; i++) target[i] = view.getFloat64(first + i * 8, true)
}

/** Where the distance at `at` leads to. */
export function followOffset(view: DataView, at: number): number {
  return at + view.getUint32(at, true)
}
