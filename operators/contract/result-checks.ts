import { describe, StreamError } from '../../codec/errors.ts'

/**
 * Whether a user function handed back a promise (or anything that can be awaited) in place of a
 * record.
 */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  return typeof (value as { then?: unknown }).then === 'function'
}

/** What a `method` that must answer at once fails with when it returned a promise. */
export function promiseReturned(method: string): StreamError {
  return new StreamError(
    'SAGE_PROMISE',
    `${method}: expected a value, got a promise; a promise is never a record: ` +
      'use asyncMap for asynchronous work',
  )
}

/** What `flatMap` fails with when its function returned something that has no items. */
export function notIterable(value: unknown): StreamError {
  const asynchronous = typeof value === 'object' && value !== null && Symbol.asyncIterator in value
  const got = asynchronous ? 'an async iterable' : describe(value)
  return new StreamError(
    'SAGE_NOT_ITERABLE',
    `expected an iterable of records, got ${got}; return [record] to emit a single one`,
  )
}

/**
 * The items that a `flatMap` function returned: none for `null` and `undefined`, one for a string,
 * an `ArrayBuffer` and a view on one, else what the iterable yields. `null` and `undefined` among
 * the items are for the caller to leave out. Throws `SAGE_PROMISE` and `SAGE_NOT_ITERABLE`.
 */
export function itemsOf(result: unknown, method = 'flatMap'): Iterable<unknown> {
  if (Array.isArray(result)) return result
  if (result === null || result === undefined) return []
  if (typeof result === 'string') return [result]
  if (typeof result === 'object') {
    if (result instanceof ArrayBuffer || ArrayBuffer.isView(result)) return [result]
    if (typeof (result as Iterable<unknown>)[Symbol.iterator] === 'function') {
      return result as Iterable<unknown>
    }
  }
  throw isPromise(result) ? promiseReturned(method) : notIterable(result)
}

/** Refuses what is no time: `SAGE_TIMESTAMP`. */
export function checkTimestamp(value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER) return value
  if (value instanceof Promise) throw promiseReturned('assignTimestamps')
  throw new StreamError(
    'SAGE_TIMESTAMP',
    `expected a timestamp, a finite number of milliseconds since the epoch >= 0, got ${describe(value)}${hintOf(value)}`,
  )
}

/** How what may well be meant becomes a timestamp. */
function hintOf(value: unknown): string {
  if (value instanceof Date) return ': use getTime() of a Date'
  if (typeof value === 'bigint') return ': use Number(…) of a bigint'
  if (typeof value === 'number' && value > Number.MAX_SAFE_INTEGER && Number.isFinite(value))
    return ', which is greater than 2^53 - 1: are these micro- or nanoseconds?'
  return ''
}
