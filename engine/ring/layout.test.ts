import { describe, expect, it } from 'vitest'
import { createArena, wrapArena } from './arena.ts'
import {
  CAPACITY_MAX,
  DATA_OFFSET,
  HEAD_OFFSET,
  initRing,
  LINE_BYTES,
  maxMessageBytes,
  messageStride,
  ringBytes,
  ringCapacity,
  TAIL_OFFSET,
} from './layout.ts'

describe('ring layout', () => {
  it('keeps head and tail on lines of their own', () => {
    expect(TAIL_OFFSET - HEAD_OFFSET).toBe(LINE_BYTES)
    expect(DATA_OFFSET - TAIL_OFFSET).toBe(LINE_BYTES)
  })

  it('adds the control lines to the capacity', () => {
    expect(ringBytes(4096)).toBe(4096 + 256)
    expect(ringBytes(CAPACITY_MAX)).toBe(2 ** 30 + 256)
  })

  it.each([0, -4096, 2048, 4095, 4097, 6144, 4096.5, 2 ** 31, 2 ** 32 + 4096, Number.NaN])(
    'refuses capacity %s',
    (capacity) => {
      const text = 'expected a ring capacity that is a power of two from 4096 to 1073741824 bytes'
      expect(() => ringBytes(capacity)).toThrow(text)
      expect(() => maxMessageBytes(capacity)).toThrow(text)
    },
  )

  it.each([
    [0, 8],
    [1, 16],
    [8, 16],
    [9, 24],
    [1016, 1024],
  ])('rounds a message of %i bytes up to a stride of %i', (length, stride) => {
    expect(messageStride(length)).toBe(stride)
  })

  it('lets the largest message, with the worst pad, into half the ring', () => {
    for (let capacity = 4096; capacity <= CAPACITY_MAX; capacity *= 2) {
      const stride = messageStride(maxMessageBytes(capacity))
      expect(stride).toBe(capacity / 4)
      expect(stride + (stride - 8)).toBeLessThan(capacity / 2)
    }
  })

  it.each([1, 32, 8192, -64])('refuses a ring at offset %i of 8192 bytes', (offset) => {
    const arena = createArena(8192)
    expect(() => initRing(arena, offset, 4096)).toThrow('expected a ring at a multiple of 64')
  })

  it('refuses a start position between steps of 8', () => {
    expect(() => initRing(createArena(8192), 0, 4096, 4)).toThrow(
      'expected a position in steps of 8',
    )
  })

  it('finds the capacity again, and refuses memory that holds no ring', () => {
    const arena = createArena(ringBytes(8192) + 64)
    initRing(arena, 64, 8192)
    expect(ringCapacity(wrapArena(arena.buffer), 64)).toBe(8192)
    expect(() => ringCapacity(arena, 1024)).toThrow('expected a ring capacity')
  })
})

describe('arena', () => {
  it('rounds up to lines and shares one memory', () => {
    const arena = createArena(65)
    expect(arena.buffer.byteLength).toBe(128)
    arena.i32[0] = 0x01020304
    expect(wrapArena(arena.buffer).u8[0]).toBe(4)
  })

  it.each([0, -1, 1.5, 2 ** 31, Number.NaN])('refuses %s bytes', (bytes) => {
    expect(() => createArena(bytes)).toThrow('bytes of shared memory, got')
  })

  it('refuses foreign memory that is no multiple of 64', () => {
    expect(() => wrapArena(new SharedArrayBuffer(72))).toThrow('got 72 bytes')
  })
})
