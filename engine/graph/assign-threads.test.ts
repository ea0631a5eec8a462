import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assignThreads } from './assign-threads.ts'

test.each([
  [
    'neighbours lie side by side',
    [2, 2],
    2,
    [
      [0, 1],
      [0, 1],
    ],
  ],
  ['more subtasks than threads share them in turn', [5], 2, [[0, 1, 0, 1, 0]]],
  ['narrow chains go where least is', [1, 3, 1], 2, [[1], [0, 1, 0], [0]]],
  ['one thread takes all', [1, 4], 1, [[0], [0, 0, 0, 0]]],
  ['no thread without a subtask', [1, 1], 8, [[0], [1]]],
])('%s', (_, widths, maxThreads, byChain) => {
  expect(assignThreads(widths, maxThreads).byChain).toEqual(byChain)
})

test('every subtask has a thread, every thread a subtask, and none has many more than another', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 16 }),
      (widths, maxThreads) => {
        const { threads, byChain } = assignThreads(widths, maxThreads)
        expect(byChain.map((places) => places.length)).toEqual(widths)
        const load = Array<number>(threads).fill(0)
        for (const place of byChain.flat()) load[place]++
        expect(threads).toBeLessThanOrEqual(maxThreads)
        expect(Math.min(...load)).toBeGreaterThan(0)
        expect(assignThreads(widths, maxThreads)).toEqual({ threads, byChain })
      },
    ),
  )
})
