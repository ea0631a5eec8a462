import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc32c } from './crc32c.ts'

/** Bit by bit, as the polynomial is defined. */
function plain(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}

const from = (length: number, byteAt: (i: number) => number) =>
  Uint8Array.from({ length }, (_, i) => byteAt(i))

describe('CRC-32C', () => {
  // RFC 3720, appendix B.4, and the check value of the CRC catalogue.
  it.each([
    ['nothing', new Uint8Array(0), 0],
    ['123456789', new TextEncoder().encode('123456789'), 0xe3069283],
    ['32 zeros', from(32, () => 0), 0x8a9136aa],
    ['32 ones', from(32, () => 0xff), 0x62a8ab43],
    ['32 rising', from(32, (i) => i), 0x46dd794e],
    ['32 falling', from(32, (i) => 31 - i), 0x113fdb5c],
  ])('of %s', (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected)
  })

  it('is that of the definition, in one piece or several, at any offset', () => {
    const cut = fc.nat(900)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 900, size: 'max' }), cut, cut, (bytes, a, b) => {
        const [low, high] = [Math.min(a, b, bytes.length), Math.min(Math.max(a, b), bytes.length)]
        expect(crc32c(bytes, 0, low, high)).toBe(plain(bytes.subarray(low, high)))
        expect(crc32c(bytes.subarray(low), crc32c(bytes.subarray(0, low)))).toBe(plain(bytes))
      }),
    )
  })
})
