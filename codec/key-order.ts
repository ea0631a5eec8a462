import type { Key } from './key-value.ts'

/**
 * The order of keys where one is promised, as for `Array.prototype.sort`: booleans, then numbers
 * and bigints by value (`1` before `1n`, `NaN` last), then strings by code point, then arrays
 * element by element.
 */
export function compareKeys(a: Key, b: Key): number {
  const rank = rankOf(a)
  const byRank = rank - rankOf(b)
  if (byRank !== 0) return byRank
  if (rank === 0) return Number(a) - Number(b)
  if (rank === 1) return compareNumeric(a as number | bigint, b as number | bigint)
  if (rank === 2) return compareCodePoints(a as string, b as string)
  return compareArrays(a as readonly Key[], b as readonly Key[])
}

const SURROGATE = /[\ud800-\udfff]/

/**
 * Whether the key is a string without surrogates: among such, `<` gives the order of {@link compareKeys}, three times as
 * fast.
 */
export function isPlainKey(key: Key): key is string {
  return typeof key === 'string' && !SURROGATE.test(key)
}

/** Sorts keys in place, by {@link compareKeys}. */
export function sortKeys(keys: Key[]): Key[] {
  return keys.every(isPlainKey) ? keys.sort() : keys.sort(compareKeys)
}

function rankOf(key: Key): number {
  if (typeof key === 'string') return 2
  if (typeof key === 'number' || typeof key === 'bigint') return 1
  return typeof key === 'boolean' ? 0 : 3
}

function compareNumeric(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1
  if (a > b) return 1
  const aIsNaN = Number.isNaN(a)
  const bIsNaN = Number.isNaN(b)
  if (aIsNaN || bIsNaN) return Number(aIsNaN) - Number(bIsNaN)
  return Number(typeof a === 'bigint') - Number(typeof b === 'bigint')
}

function compareCodePoints(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length)
  let i = 0
  while (i < shorter && a.charCodeAt(i) === b.charCodeAt(i)) i++
  if (i === shorter) return a.length - b.length
  // A difference in the second half of a surrogate pair is one of the whole pair.
  const before = i === 0 ? 0 : a.charCodeAt(i - 1)
  const from = before >= 0xd800 && before < 0xdc00 ? i - 1 : i
  return a.codePointAt(from)! - b.codePointAt(from)!
}

function compareArrays(a: readonly Key[], b: readonly Key[]): number {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) {
    const order = compareKeys(a[i], b[i])
    if (order !== 0) return order
  }
  return a.length - b.length
}
