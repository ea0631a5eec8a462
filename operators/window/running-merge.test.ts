import { expect, test } from 'vitest'
import { RunningMerge } from './running-merge.ts'

const PANES = 100
const KEYS = 200

/** Keys that have come together, each with a record in every pane, as windows of `PANES` slide over them. */
function slide(windows: number): { merges: number[]; wrong: number } {
  const memories = Array.from({ length: KEYS }, () => new RunningMerge())
  const panes: number[] = []
  const merges: number[] = []
  let wrong = 0
  let count = 0
  const merge = (a: number, b: number) => {
    count++
    return a + b
  }
  for (let to = 1; to <= windows; to++) {
    panes.push(to - 1)
    count = 0
    for (const memory of memories) {
      // Pane p holds p.
      const sum = memory.over(panes, panes, to - PANES, to, merge)
      const from = Math.max(0, to - PANES)
      if (sum !== ((from + to - 1) * (to - from)) / 2) wrong++
    }
    merges.push(count)
  }
  return { merges, wrong }
}

test('a window costs about two merges a key, however many panes it has', () => {
  const { merges, wrong } = slide(10 * PANES)
  expect(wrong).toBe(0)
  const all = merges.reduce((sum, count) => sum + count, 0)
  expect(all / (10 * PANES * KEYS)).toBeLessThan(3)
})

test('keys that begin together do not all merge all of their panes at the same window', () => {
  const { merges } = slide(10 * PANES)
  // If they did, it would be PANES a key.
  expect(Math.max(...merges) / KEYS).toBeLessThan(6)
})
