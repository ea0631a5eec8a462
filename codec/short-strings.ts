import type { RawBuffer } from './raw-buffer.ts'
import { readUtf8 } from './utf8.ts'

const SLOTS = 4096
const cache: string[] = new Array(SLOTS).fill('')

/** Longer strings are hardly ever repeated, and a call out of JavaScript pays for them. */
export const SHORT_BYTES = 24

/**
 * The string whose characters are the `length` bytes at `from`, one byte each; for up to
 * `SHORT_BYTES`.
 *
 * Strings repeat in streams (codes, names, keys), so the last 4096 are kept: comparing with one
 * costs half of what making a new one does (measured for 4 to 12 characters: 43 ns against 70 with
 * `String.fromCharCode`, 110 with `latin1Slice`), and a hit leaves nothing to collect.
 */
export function shortLatin1(bytes: RawBuffer, from: number, length: number): string {
  let hash = length
  for (let i = 0; i < length; i++) hash = (Math.imul(hash, 31) + bytes[from + i]) | 0
  return cached(bytes, from, length, hash)
}

/** The string that is encoded in the `length` bytes at `from` as UTF-8; likewise. */
export function shortUtf8(bytes: RawBuffer, from: number, length: number): string {
  let hash = length
  let seen = 0
  for (let i = 0; i < length; i++) {
    const byte = bytes[from + i]
    hash = (Math.imul(hash, 31) + byte) | 0
    seen |= byte
  }
  return seen < 0x80 ? cached(bytes, from, length, hash) : readUtf8(bytes, from, from + length)
}

function cached(bytes: RawBuffer, from: number, length: number, hash: number): string {
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
