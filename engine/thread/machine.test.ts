import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { thisMachine } from './machine.ts'

const DAY = 86_400_000

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('waits for longer than a timer of Node does: an interval of checkpoints may be months', () => {
  const work = vi.fn()
  thisMachine.after(60 * DAY, work)
  vi.advanceTimersByTime(60 * DAY - 1)
  expect(work).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  expect(work).toHaveBeenCalledOnce()
})

it('a long wait is called off in any part of it', () => {
  const work = vi.fn()
  for (const day of [1, 30, 59]) {
    const callOff = thisMachine.after(60 * DAY, work)
    vi.advanceTimersByTime(day * DAY)
    callOff()
  }
  vi.advanceTimersByTime(100 * DAY)
  expect(work).not.toHaveBeenCalled()
})
