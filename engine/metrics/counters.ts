import type { Arena } from '../ring/arena.ts'

/**
 * The numbers of one subtask of one operator: eight doubles, one cache line, in the job's arena.
 *
 * Owner: the thread that runs the subtask is the only writer; it stores once per batch, never per record.
 * Any thread may read at any time. An aligned double is stored in one piece on every 64-bit
 * platform Node runs on, so a reader sees some earlier value, never a mixed one; the values are exact
 * once the job has ended, because the message that says so is sent after the last store.
 */
export const COUNTER = {
  recordsIn: 0,
  recordsOut: 1,
  errors: 2,
  retries: 3,
  dropped: 4,
} as const

/** Doubles a row. */
export const COUNTER_SLOTS = 8

/** A view on one row. */
export function counterRow(arena: Arena, offset: number, row: number): Float64Array {
  return new Float64Array(arena.buffer, offset + row * COUNTER_SLOTS * 8, COUNTER_SLOTS)
}
