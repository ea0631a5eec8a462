import { expect, it } from 'vitest'
import { wrapArena } from '../ring/arena.ts'
import { NumberCells } from './number-cells.ts'
import { SharedHeap } from './shared-heap.ts'
import { StateMemory } from './state-memory.ts'

/** The cells as two threads see them. */
function twoThreads() {
  const arena = wrapArena(StateMemory.allocate(2, 1 << 16))
  const heap = new SharedHeap(arena, 2)
  return { arena, a: new NumberCells(arena, heap, 0), b: new NumberCells(arena, heap, 1) }
}

it('gives no key a cell that a thread may be adding to', () => {
  const { arena, a, b } = twoThreads()
  const cell = b.take(1)
  const generation = b.generationOf(cell)
  expect(a.add(cell, generation, 2)).toBe(3)
  b.retire(cell)
  expect(a.add(cell, generation, 2)).toBe(Number.NaN)
  const other = b.take(10)
  expect(other).not.toBe(cell)
  // Once it works on another one, the first may be used again; the generation is then not the old one.
  expect(a.add(other, b.generationOf(other), 1)).toBe(11)
  expect(b.take(100)).toBe(cell)
  expect([a.add(cell, generation, 1), a.peek(cell, generation)]).toEqual([Number.NaN, Number.NaN])
  expect(b.load(cell)).toBe(100)
  // Nor does one that has died keep a cell for ever.
  expect(a.add(cell, b.generationOf(cell), 1)).toBe(101)
  b.retire(cell)
  NumberCells.bury(arena, 0)
  expect(b.take(0)).toBe(cell)
})

it('holds a number back from all others, and gives it up as it was', () => {
  const { a, b } = twoThreads()
  const cell = a.take(-0)
  const generation = a.generationOf(cell)
  expect(a.hold(cell)).toBe(-0)
  expect(b.add(cell, generation, 1)).toBe(Number.NaN)
  expect(b.peek(cell, generation)).toBe(Number.NaN)
  // With the lock held: the thread that has it is dead.
  expect(b.load(cell)).toBe(-0)
  expect(b.hold(cell)).toBe(-0)
  expect(b.addTo(cell, 1.5)).toBe(1.5)
  expect(a.add(cell, generation, 1)).toBe(2.5)
})
