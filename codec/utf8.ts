import type { RawBuffer } from './raw-buffer.ts'

// JavaScript strings may hold surrogates that are half of nothing. UTF-8 has no bytes for them, so
// they travel in the three bytes that its scheme would give them (as WTF-8 has it). FlatBuffers
// readers elsewhere show such text with U+FFFD in their place.

/** Bytes that `writeUtf8` needs at most for a string of this length. */
export function maxUtf8Bytes(length: number): number {
  return length * 3
}

/** Writes `text`, which is not all ASCII, at `at`. Gives the number of bytes. */
export function writeUtf8(memory: RawBuffer, text: string, at: number): number {
  if (text.isWellFormed()) return memory.utf8Write(text, at)
  let p = at
  let from = 0
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i)!
    if (point > 0xffff) i++
    else if (point >= 0xd800 && point < 0xe000) {
      p += memory.utf8Write(text.slice(from, i), p)
      memory[p++] = 0xed
      memory[p++] = 0x80 | ((point >> 6) & 0x3f)
      memory[p++] = 0x80 | (point & 0x3f)
      from = i + 1
    }
  }
  return p + memory.utf8Write(text.slice(from), p) - at
}

/** Reads the string in `memory[from, to)`. */
export function readUtf8(memory: RawBuffer, from: number, to: number): string {
  const text = memory.utf8Slice(from, to)
  return text.includes('\ufffd') ? readSurrogates(memory, from, to) : text
}

function readSurrogates(memory: RawBuffer, from: number, to: number): string {
  let text = ''
  let start = from
  for (let p = from; p + 2 < to; p++) {
    if (memory[p] !== 0xed || memory[p + 1] < 0xa0) continue
    text += memory.utf8Slice(start, p)
    const low = ((memory[p + 1] & 0x3f) << 6) | (memory[p + 2] & 0x3f)
    text += String.fromCharCode(0xd000 | low)
    p += 2
    start = p + 1
  }
  return text + memory.utf8Slice(start, to)
}
