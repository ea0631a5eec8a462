import fc from 'fast-check'
import { expect, it } from 'vitest'
import { wrapArena } from '../ring/arena.ts'
import { heapStart } from './layout.ts'
import { SharedHeap } from './shared-heap.ts'
import { StateMemory } from './state-memory.ts'

function heapOf(bytes: number) {
  const arena = wrapArena(StateMemory.allocate(1, bytes))
  return { arena, heap: new SharedHeap(arena, 1), start: heapStart(1), end: heapStart(1) + bytes }
}

it('blocks lie within the heap, at multiples of their size, and never overlap', () => {
  const call = fc.oneof(
    fc.record({ take: fc.integer({ min: 1, max: 3000 }) }),
    fc.record({ free: fc.nat() }),
  )
  fc.assert(
    fc.property(fc.array(call, { maxLength: 200 }), fc.nat({ max: 20_000 }), (calls, bytes) => {
      const { heap, start, end } = heapOf(bytes)
      const held: number[] = []
      for (const made of calls) {
        if ('free' in made) {
          if (held.length > 0) heap.free(held.splice(made.free % held.length, 1)[0])
          continue
        }
        try {
          held.push(heap.take(made.take))
          expect(heap.sizeOf(held.at(-1)!)).toBeGreaterThanOrEqual(made.take)
        } catch (error) {
          expect(error).toMatchObject({ code: 'SAGE_MEMORY' })
        }
      }
      const sorted = [...held].sort((a, b) => a - b)
      for (const [index, block] of sorted.entries()) {
        const size = heap.sizeOf(block)
        expect(block % size).toBe(0)
        expect(block).toBeGreaterThanOrEqual(start)
        expect(block + size).toBeLessThanOrEqual(sorted[index + 1] ?? end)
      }
    }),
  )
})

it('joins what is free when nothing else is left', () => {
  const { heap } = heapOf(1 << 16)
  const all: number[] = []
  const takeAll = (bytes: number) => {
    for (;;) {
      try {
        all.push(heap.take(bytes))
      } catch {
        return all.length
      }
    }
  }
  const many = takeAll(64)
  expect(many).toBe(1024)
  for (const block of all.splice(0)) heap.free(block)
  const large = heap.take(16_384)
  expect(() => heap.take(1 << 16)).toThrow(
    /memory\.sharedBytes: expected room for 65536 more bytes/,
  )
  heap.free(large)
  expect(takeAll(64)).toBe(1024)
})
