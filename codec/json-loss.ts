/** Of these `JSON.stringify` makes `{}`, whatever they hold. */
const EMPTIED = [Map, Set, WeakMap, WeakSet, RegExp, Error, Promise, ArrayBuffer]

/**
 * The first thing in `value` that JSON would lose without a word: a `Map` or `Set`, an `Error` or `RegExp`, bytes (of which
 * it makes an object with a field for each). Undefined: there is none. `NaN` and infinite numbers are null in JSON, fields that
 * are undefined are left out.
 */
export function jsonLoss(value: unknown): object | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) {
    for (const item of value) {
      const lost = jsonLoss(item)
      if (lost !== undefined) return lost
    }
    return undefined
  }
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return undefined
    if (ArrayBuffer.isView(value) || EMPTIED.some((Class) => value instanceof Class)) return value
  }
  for (const name in value) {
    const lost = jsonLoss((value as Record<string, unknown>)[name])
    if (lost !== undefined) return lost
  }
  return undefined
}
