import { describe, StreamError } from '../../codec/errors.ts'
import { compareKeys } from '../../codec/key.ts'

/** What records are compared by. */
export type Rank = number | bigint | string

/** Numbers, bigints and dates share one order, strings have another; NaN has none. */
export function rank(value: unknown, method: string): Rank {
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  if (typeof value === 'string' || typeof value === 'bigint') return value
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime()
  throw new StreamError(
    'SAGE_USER_ERROR',
    `${method}: expected numbers, bigints, strings or dates to compare, got ${describe(value)}`,
  )
}

export function compareRanks(a: Rank, b: Rank, method: string): number {
  if (typeof a === 'string' && typeof b === 'string') return compareKeys(a, b)
  if (typeof a === 'string' || typeof b === 'string') throw unordered(a, b, method)
  return a < b ? -1 : a > b ? 1 : 0
}

function unordered(a: Rank, b: Rank, method: string): StreamError {
  return new StreamError(
    'SAGE_USER_ERROR',
    `${method}: expected values of one kind to compare, ` +
      `got ${describe(a)} and ${describe(b)} of one key`,
  )
}
