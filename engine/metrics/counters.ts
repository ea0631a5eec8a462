import type { Arena } from '../ring/arena.ts'

/**
 * The numbers of a job: rows of eight doubles, one cache line each, in the job's arena.
 *
 * Owner: each row has one thread that writes it; it stores once per batch, frame or step, never per record
 * (but what an operator drops itself, which is rare).
 * Any thread may read at any time. An aligned double is stored in one piece on every 64-bit
 * platform Node runs on, so a reader sees some earlier value, never a mixed one; the values are exact
 * once the job has ended, because the message that says so is sent after the last store.
 */

/** The row of one subtask of one operator, or of a combiner. */
export const COUNTER = {
  recordsIn: 0,
  recordsOut: 1,
  errors: 2,
  retries: 3,
  dropped: 4,
  /** Errors after which the record was left out. */
  skipped: 5,
  /** Errors after which the record became a dead letter. */
  deadLettered: 6,
  /** Records that the operator holds: they wait for a retry, for a sink, or for its promise. */
  pending: 7,
} as const

/** A row of one end of a ring. The sender's row is followed by the receiver's. */
export const LINK = {
  /** Records in frames that were finished (sender), or read (receiver). */
  records: 0,
  /** Bytes of these frames, as they were before any of them was cut into fragments. */
  bytes: 1,
  /** Records that the receiver had no room for and that were left out (sender): see `configureBackpressure`. */
  dropped: 2,
} as const

/** Doubles a row. */
export const COUNTER_SLOTS = 8

/** A view on one row. */
export function counterRow(arena: Arena, offset: number, row: number): Float64Array {
  return new Float64Array(arena.buffer, offset + row * COUNTER_SLOTS * 8, COUNTER_SLOTS)
}
