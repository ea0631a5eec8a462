/**
 * How the records of one stream become bytes and come back. The engine asks a codec for one writer
 * per ring it sends into and one reader per ring it reads from; both belong to one thread.
 */
export interface RecordCodec {
  /** Names the codec in error messages, in `explain()` and in the graph's fingerprint. */
  readonly id: string
  /** One for each ring that is written. */
  createWriter(options: FrameOptions): FrameWriter
  /** One for each ring that is read. */
  createReader(options: FrameOptions): FrameReader
  /** Set where the records' readers want views (`read: 'view'`). */
  readonly views?: RecordViews
}

/** The two ways to views on records. */
export interface RecordViews {
  /** Views in the frames themselves, for one way into a chain, however many rings lead there. */
  createCursor(): RecordCursor
  /** A view on a copy of `record`, to be ended with its call: for strict mode. */
  guard(record: unknown): unknown
}

/** One view, put on one record after the other. */
export interface RecordCursor {
  /**
   * A reader whose batches hold, in place of records, where they lie. Until all of a batch is used the frame must stay
   * as it is, and no other reader of this cursor may read.
   */
  createReader(options: FrameOptions): FrameReader
  /** The view, now on the record at a place that the last frame read gave. */
  at(place: unknown): unknown
}

/** What a frame carries beside its records. Equal on both sides of a ring. */
export interface FrameOptions {
  /** A frame is handed on once it has about this many bytes. */
  readonly frameBytes: number
  /** Whether each record's key travels in the frame's key column. */
  readonly keyed: boolean
  /**
   * Whether each record's timestamp (ms since the epoch, a double; NaN = none) and the watermark that held before
   * it travel in the time columns.
   */
  readonly timestamped: boolean
}

/** What travels beside a record. The engine has one such object per chain and changes it from record to record. */
export interface RecordColumns {
  readonly key: unknown
  /** Milliseconds since the epoch; NaN = none. */
  readonly timestamp: number
  /** No record with an earlier timestamp was to follow when this one was sent; -Infinity: nothing is promised. */
  readonly watermark: number
  /** Correlates a record with the `ask` that it is derived from; 0 = none. */
  readonly ask: number
}

/** Those of a record that has none. */
export const NO_COLUMNS: RecordColumns = {
  key: undefined,
  timestamp: Number.NaN,
  watermark: Number.NEGATIVE_INFINITY,
  ask: 0,
}

/**
 * Gathers records into one `Data` frame, in heap memory of its own.
 *
 * Life: `append`* → `finish` → (the bytes are copied into a ring, or kept) → `reset` → …
 */
export interface FrameWriter {
  /** Records appended since the last `reset`. */
  readonly count: number
  /** True once the frame has reached `frameBytes`: time to `finish` it. `append` still works. */
  readonly full: boolean
  /**
   * Adds one record. Throws `SAGE_CODEC_UNSUPPORTED`, `SAGE_SCHEMA_MISMATCH` or `SAGE_KEY` for what cannot be carried
   * and then leaves the frame exactly as it was before the call.
   */
  append(value: unknown, columns: RecordColumns): void
  /**
   * The finished FlatBuffer: a view on the writer's memory, valid until `reset` or the next `append`.
   *
   * @param watermark - what holds behind the last record (timestamped frames). Default -Infinity
   */
  finish(watermark?: number): Uint8Array
  /** Begins the next frame. */
  reset(): void
}

/** What a reader decodes a frame into. The arrays are reused: entries at and beyond `count` are stale. */
export interface RecordBatch {
  count: number
  values: unknown[]
  /** Filled only when the frames are keyed. */
  readonly keys: unknown[]
  /** Filled only when the frames are timestamped. */
  timestamps: number[]
  /** The watermark before each record, and behind the last. Filled only when the frames are timestamped. */
  readonly watermarks: number[]
  /** Whether any record of the frame is derived from an `ask`. */
  asked: boolean
  /** Filled only when `asked`. */
  readonly asks: number[]
}

/** A batch to decode into. */
export function newBatch(): RecordBatch {
  return { count: 0, values: [], keys: [], timestamps: [], watermarks: [], asked: false, asks: [] }
}

/** Decodes `Data` frames. Values own their memory: nothing decoded points into the frame. */
export interface FrameReader {
  /**
   * Decodes the frame at `bytes[offset, offset + length)` into `batch` (from index 0). `offset` is a multiple of 8 and so is
   * `bytes.byteOffset + offset`; the memory may be shared. The engine calls it only with frames of its own
   * writers; bytes from outside go through `verifyFrame` first.
   */
  read(bytes: Uint8Array, offset: number, length: number, batch: RecordBatch): void
}
