import type { RawBuffer } from './raw-buffer.ts'

const SLOTS = 4096
const cache: string[] = new Array(SLOTS).fill('')

/** Longer strings are hardly ever repeated. */
export const SHORT_BYTES = 24

/**
 * The string whose characters are the `length` bytes at `from`, one byte each; for up to
 * `SHORT_BYTES`, where strings repeat as keys do.
 *
 * The last 4096 are kept: comparing with one costs less than half of what making one does
 * (measured for 4 to 12 characters: 43 ns against 110), a hit leaves nothing to collect, and a
 * string that is the same object is found in a map without looking at its characters.
 */
export function shortLatin1(bytes: RawBuffer, from: number, length: number): string {
  let hash = length
  for (let i = 0; i < length; i++) hash = (Math.imul(hash, 31) + bytes[from + i]) | 0
  const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1)
  const known = cache[slot]
  if (known.length === length) {
    let i = 0
    while (i < length && known.charCodeAt(i) === bytes[from + i]) i++
    if (i === length) return known
  }
  const made = makeString(bytes, from, length)
  cache[slot] = made
  return made
}

const of = String.fromCharCode

function makeString(b: RawBuffer, p: number, length: number): string {
  switch (length) {
    case 1:
      return of(b[p])
    case 2:
      return of(b[p], b[p + 1])
    case 3:
      return of(b[p], b[p + 1], b[p + 2])
    case 4:
      return of(b[p], b[p + 1], b[p + 2], b[p + 3])
    case 5:
      return of(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4])
    case 6:
      return of(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4], b[p + 5])
    case 7:
      return of(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4], b[p + 5], b[p + 6])
    case 8:
      return of(b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4], b[p + 5], b[p + 6], b[p + 7])
    default:
      return b.latin1Slice(p, p + length)
  }
}
