import { FIELD, FRAME_KIND, frameHeader, type OptionalField } from './frame.ts'
import { checkKey } from './key.ts'
import type { RawBuffer } from './raw-buffer.ts'
import type { FrameOptions, RecordBatch } from './record-codec.ts'
import { ValueReader } from './value-reader.ts'
import { ValueWriter } from './value-writer.ts'

/** The optional columns of a frame that is being written: the keys and timestamps of its records. */
export class ColumnsWriter {
  readonly #keys: ValueWriter | null
  #timestamps: Float64Array | null

  constructor(options: FrameOptions) {
    this.#keys = options.keyed ? new ValueWriter() : null
    this.#timestamps = options.timestamped ? new Float64Array(64) : null
  }

  /** Adds those of record number `index`; throws `SAGE_KEY`, and then has added nothing. */
  append(index: number, key: unknown, timestamp: number): void {
    if (this.#keys !== null) this.#keys.write(checkKey(key))
    if (this.#timestamps === null) return
    if (index === this.#timestamps.length) {
      const larger = new Float64Array(index * 2)
      larger.set(this.#timestamps)
      this.#timestamps = larger
    }
    this.#timestamps[index] = timestamp
  }

  /** Bytes needed at most behind the records of a frame. */
  bytes(count: number): number {
    const keys = this.#keys === null ? 0 : this.#keys.length + 12
    return this.#timestamps === null ? keys : keys + count * 8 + 12
  }

  /** Writes the columns to `memory` from `at` on, and their place into the header. Gives the end. */
  finish(memory: RawBuffer, view: DataView, at: number, count: number): number {
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
      const vector = pad(memory, end, 8, 4)
      view.setUint32(FIELD.timestamps, vector - FIELD.timestamps, true)
      view.setUint32(vector, count, true)
      for (let i = 0; i < count; i++) view.setFloat64(vector + 4 + i * 8, this.#timestamps[i], true)
      end = vector + 4 + count * 8
    }
    return end
  }

  reset(): void {
    this.#keys?.truncate(0)
  }
}

/** The next position that is `rest` modulo `size`, with zeros up to there. */
function pad(memory: RawBuffer, from: number, size: number, rest: number): number {
  let at = from
  while (at % size !== rest) memory[at++] = 0
  return at
}

/** The header of Data frames with records in `column` and the optional columns of `options`. */
export function dataHeader(column: OptionalField, options: FrameOptions): Uint8Array {
  const present: OptionalField[] = [column]
  if (options.keyed) present.push('keys')
  if (options.timestamped) present.push('timestamps')
  return frameHeader(FRAME_KIND.Data, present)
}

/** Reads the optional columns of frames. */
export class ColumnsReader {
  readonly #keys: ValueReader | null
  readonly #timestamped: boolean

  constructor(options: FrameOptions) {
    this.#keys = options.keyed ? new ValueReader(true) : null
    this.#timestamped = options.timestamped
  }

  /**
   * Fills in the keys and timestamps of the `batch.count` records of the frame at `at`. `view` is
   * on the whole of a buffer.
   */
  read(view: DataView, at: number, batch: RecordBatch): void {
    const { count, keys, timestamps } = batch
    if (this.#keys !== null) {
      const vector = followOffset(view, at + FIELD.keys)
      this.#keys.resetTo(view, vector + 4)
      for (let i = 0; i < count; i++) keys[i] = this.#keys.read()
    }
    if (this.#timestamped) {
      const vector = followOffset(view, at + FIELD.timestamps)
      for (let i = 0; i < count; i++) timestamps[i] = view.getFloat64(vector + 4 + i * 8, true)
    }
  }
}

/** Where the distance at `at` leads to. */
export function followOffset(view: DataView, at: number): number {
  return at + view.getUint32(at, true)
}
