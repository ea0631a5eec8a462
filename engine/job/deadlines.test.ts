import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Deadlines } from './deadlines.ts'
import { Reply } from './reply.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

/** Deadlines and the ids of what has expired, with the time of it. */
function watched() {
  const expired: [id: number, ms: number][] = []
  const begin = performance.now()
  const deadlines = new Deadlines((reply) => {
    deadlines.remove(reply)
    expired.push([reply.id, performance.now() - begin])
  })
  let id = 0
  const add = (timeoutMs: number) => {
    const reply = new Reply(
      id++,
      () => {},
      () => {},
    )
    deadlines.add(reply, timeoutMs)
    return reply
  }
  return { deadlines, expired, add }
}

it('each ends when its time is up, unless it was removed before', () => {
  const { deadlines, expired, add } = watched()
  add(10)
  const answered = add(10)
  add(30)
  vi.advanceTimersByTime(5)
  add(10)
  deadlines.remove(answered)
  deadlines.remove(answered)
  vi.advanceTimersByTime(100)
  expect(expired).toEqual([
    [0, 10],
    [3, 15],
    [2, 30],
  ])
  expect(vi.getTimerCount()).toBe(0)
})

it('thousands of equal length have one timer', () => {
  const { expired, add } = watched()
  for (let n = 0; n < 5_000; n++) {
    add(1_000)
    if (n % 100 === 0) vi.advanceTimersByTime(1)
  }
  expect(vi.getTimerCount()).toBe(1)
  vi.advanceTimersByTime(1_000)
  expect(expired.map(([id]) => id)).toEqual(Array.from({ length: 5_000 }, (_, id) => id))
  vi.advanceTimersByTime(1_000)
  expect(vi.getTimerCount()).toBe(0)
})

it('lengths that nearly agree share a timer: never early, less than 2 % late', () => {
  const { expired, add } = watched()
  const lengths = Array.from({ length: 3_000 }, (_, n) => 0.5 + n * 1.7)
  for (const ms of lengths) add(ms)
  expect(vi.getTimerCount()).toBeLessThan(64 * 9)
  vi.advanceTimersByTime(10_000)
  expect(expired.length).toBe(lengths.length)
  for (const [id, ms] of expired) {
    expect(ms).toBeGreaterThanOrEqual(lengths[id])
    expect(ms - lengths[id]).toBeLessThan(Math.max(1, lengths[id] * 0.02))
  }
})

it('longer than a timer of Node lasts, and for ever', () => {
  const { expired, add } = watched()
  const days = 40 * 86_400_000
  add(Number.POSITIVE_INFINITY)
  expect(vi.getTimerCount()).toBe(0)
  add(days)
  vi.advanceTimersByTime(days - 1)
  expect(expired).toEqual([])
  vi.advanceTimersByTime(days * 0.02)
  expect(expired.map(([id]) => id)).toEqual([1])
})

it('none once it is closed', () => {
  const { deadlines, add } = watched()
  add(10)
  add(20)
  deadlines.close()
  expect(vi.getTimerCount()).toBe(0)
})
