import { describe, expect, it } from 'vitest'
import { CAPACITY_MIN } from './layout.ts'
import { forbidden, stressRing } from './ring.stress.ts'

describe('two threads and a ring', () => {
  it.each([
    { what: 'the smallest ring', messages: 2_000_000, capacityBytes: CAPACITY_MIN, position: 0 },
    {
      what: 'a wrap at 2^32',
      messages: 1_000_000,
      capacityBytes: 1 << 14,
      position: 2 ** 32 - 8192,
    },
    {
      what: 'a wrap at 2^31',
      messages: 1_000_000,
      capacityBytes: 1 << 16,
      position: 2 ** 31 - 8192,
    },
    { what: 'a wide ring', messages: 1_000_000, capacityBytes: 1 << 20, position: 0 },
  ])('see only what is allowed: $what', async ({ messages, capacityBytes, position }) => {
    const seen = await stressRing({ messages, capacityBytes, position, seed: 0x5a6e })
    expect(forbidden(seen)).toEqual([])
    expect(seen['seen at once'] + seen['not yet seen']).toBe(messages)
    expect(seen['room at once'] + seen['no room']).toBe(messages)
  })
})
