import { expect, it } from 'vitest'
import { copyBytes } from './copy.ts'

it('copies the range and nothing beside it, at every alignment and length', () => {
  const source = Uint8Array.from({ length: 160 }, (_, i) => i + 1)
  for (let from = 0; from < 9; from++) {
    for (let length = 0; length <= 130; length++) {
      for (const at of [8, 9, 15]) {
        const target = new Uint8Array(new SharedArrayBuffer(160))
        copyBytes(source, from, from + length, target, at)
        const expected = new Uint8Array(160)
        expected.set(source.subarray(from, from + length), at)
        expect(Buffer.compare(target, expected)).toBe(0)
      }
    }
  }
})
