/** Turns the records of one file into bytes. Every record is read during `add`, none is kept. */
export interface RecordWriter {
  /** False when the record belongs into a new file. */
  fits(record: unknown): boolean
  /** Takes a record, or throws without a trace when it cannot be written. */
  add(record: unknown): void
  /** About how many bytes wait to be taken. */
  readonly size: number
  /** `size` from which on taking is worth while. */
  readonly takeAt: number
  /** The bytes of what was added since the last call. */
  take(): Uint8Array
  /** What stands behind the last record: for a file format with a foot. */
  end(): Uint8Array
}
