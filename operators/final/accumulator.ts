import { StreamError } from '../../codec/errors.ts'
import { cloneValue } from '../../codec/value.ts'
import { isPromise, promiseReturned } from '../contract/result-checks.ts'

/**
 * What may be kept of a record: a copy, where it is an object. Others may hold the record itself,
 * and a reducer may change in place what it accumulates.
 */
export function keptRecord(record: unknown): unknown {
  if (typeof record !== 'object' || record === null) return record
  return isFlat(record) ? { ...record } : cloneValue(record)
}

/**
 * Whether a plain object holds primitives only: then its shallow copy is a whole one, and much
 * cheaper.
 */
function isFlat(record: object): boolean {
  if (Object.getPrototypeOf(record) !== Object.prototype) return false
  for (const name in record) {
    const field: unknown = (record as Record<string, unknown>)[name]
    const type = typeof field
    if ((type === 'object' && field !== null) || type === 'function' || type === 'symbol')
      return false
  }
  return true
}

/**
 * Checks the accumulator that a user's function returned. `null` means that the key has none any
 * more; `undefined` is a forgotten `return`.
 */
export function checkAccumulator(result: unknown, method: string): unknown {
  if (result === undefined) throw noAccumulator(method)
  if (isPromise(result)) throw promiseReturned(method)
  return result
}

function noAccumulator(method: string): StreamError {
  return new StreamError(
    'SAGE_USER_ERROR',
    `${method}: expected the function to return the accumulator, got undefined; ` +
      'return it also when it was changed in place, or null to forget it',
  )
}
