import { describe, StreamError } from './errors.ts'

/**
 * What records are grouped by, compared by value: `-0` equals `0`, `NaN` equals `NaN`, arrays are
 * equal when their elements are; `1`, `1n`, `'1'` and `true` are four keys.
 */
export type Key = string | number | bigint | boolean | readonly Key[]

/** Arrays nested deeper are refused: a cycle would never end. */
const MAX_KEY_DEPTH = 64

/**
 * Gives `value` as a key, with `-0` turned into `0`; throws `SAGE_KEY` for what cannot be one. An
 * array that holds no `-0` is given back as it is.
 */
export function checkKey(value: unknown): Key {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return value + 0
  return checkOther(value, value, 0)
}

function checkOther(value: unknown, whole: unknown, depth: number): Key {
  if (typeof value === 'boolean' || typeof value === 'bigint' || typeof value === 'string') {
    return value
  }
  if (typeof value === 'number') return value + 0
  if (!Array.isArray(value) || depth === MAX_KEY_DEPTH) throw notAKey(value, whole, depth)
  let copy: Key[] | null = null
  for (let i = 0; i < value.length; i++) {
    const element = checkOther(value[i], whole, depth + 1)
    if (copy === null && Object.is(value[i], element) === false) copy = value.slice(0, i)
    if (copy !== null) copy.push(element)
  }
  return copy ?? (value as readonly Key[])
}

function notAKey(value: unknown, whole: unknown, depth: number): StreamError {
  const inside = depth === 0 ? '' : ` inside ${describe(whole)}`
  const got = depth === MAX_KEY_DEPTH ? `arrays nested deeper than ${depth}` : describe(value)
  const message = `a key must be a string, number, bigint, boolean or an array of these, got ${got}${inside}`
  return new StreamError('SAGE_KEY', message)
}

/** Whether two keys are the same key. */
export function equalKeys(a: Key, b: Key): boolean {
  if (a === b) return true
  if (typeof a === 'number') return Number.isNaN(a) && Number.isNaN(b)
  if (typeof a !== 'object' || typeof b !== 'object' || a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!equalKeys(a[i], b[i])) return false
  return true
}
