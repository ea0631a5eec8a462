import { checkKey } from '../../codec/key.ts'
import { checkTimestamp, itemsOf, promiseReturned } from '../../operators/contract/result-checks.ts'

/**
 * The items of a flatMap's result, whole before the first is passed on: a generator that throws midway has
 * emitted nothing, and a retry repeats nothing.
 */
export function arrayOf(result: unknown): readonly unknown[] {
  const items = itemsOf(result)
  return Array.isArray(items) ? items : Array.from(items)
}

/** What compiled text does with a call's result before it proceeds: for the calls made outside of it. */
export function checked(shape: string, result: unknown): unknown {
  if (shape === 'key') return checkKey(result)
  if (shape === 'timestamp') return checkTimestamp(result)
  if (shape === 'flatMap') return arrayOf(result)
  if (shape !== 'sink' && shape !== 'async' && result instanceof Promise)
    throw promiseReturned(shape)
  return result
}
