import { describe, expect, it } from 'vitest'
import { IDLE } from '../contract/source.ts'
import { END, PullReader } from './pull-reader.ts'

const clock = { now: () => 0 }

/** A reader of scripted answers: functions are called, all else is returned; then the end. */
function scripted(answers: unknown[], options: { async?: boolean; now?: () => number } = {}) {
  const pull = () => {
    const answer = answers.length === 0 ? END : answers.shift()
    return typeof answer === 'function' ? answer() : answer
  }
  const { async = true, now = clock.now } = options
  return new PullReader({ method: 'fromSource', clock: { now }, pull, async, start: 0 })
}

function fail(): never {
  throw new Error('broken')
}

describe('PullReader', () => {
  it('makes batches of at most max, then ends for good', async () => {
    const reader = scripted([1, 0, '', false, null])
    expect(await reader.next(2)).toEqual([1, 0])
    expect(reader.position()).toBe(2)
    expect(await reader.next(10)).toEqual(['', false, null])
    expect(await reader.next(10)).toBeNull()
    expect(await reader.next(10)).toBeNull()
    expect(reader.position()).toBe(5)
  })

  it('hands out what it has when there is nothing yet', async () => {
    const reader = scripted([IDLE, 1, IDLE, IDLE, 2])
    const read = []
    for (let i = 0; i < 5; i++) read.push(await reader.next(10))
    expect(read).toEqual([IDLE, [1], IDLE, [2], null])
  })

  it('loses no record to a failure behind it, and moves past the failure', async () => {
    const reader = scripted([1, 2, fail, 4, fail, fail, 5])
    const read: unknown[] = []
    for (let i = 0; i < 8; i++) {
      try {
        read.push(await reader.next(10))
      } catch (error) {
        read.push((error as Error).message)
      }
    }
    expect(read).toEqual([[1, 2], 'broken', [4], 'broken', 'broken', [5], null, null])
    expect(reader.position()).toBe(7)
  })

  it('stands before a failure that it has not thrown yet', async () => {
    const reader = scripted([1, fail])
    await reader.next(10)
    expect(reader.position()).toBe(1)
  })

  it('awaits promises one at a time, behind what it has', async () => {
    const reader = scripted([1, async () => 2, async () => IDLE, async () => END, 3])
    const read = []
    for (let i = 0; i < 5; i++) read.push(await reader.next(10))
    expect(read).toEqual([[1], [2], IDLE, null, null])
  })

  it('goes on behind a rejection', async () => {
    const reader = scripted([async () => fail(), 2])
    await expect(Promise.resolve(reader.next(10))).rejects.toThrow('broken')
    expect(await reader.next(10)).toEqual([2])
  })

  it('refuses promises where none belong, and goes on', async () => {
    const reader = scripted([1, Promise.resolve(2), 3], { async: false })
    expect(await reader.next(10)).toEqual([1])
    expect(() => reader.next(10)).toThrow(expect.objectContaining({ code: 'SAGE_PROMISE' }))
    expect(await reader.next(10)).toEqual([3])
  })

  it('hands a batch on that takes long', async () => {
    let time = 0
    const slow = () => {
      time += 3
      return time
    }
    const reader = scripted(Array(100).fill(slow), { now: () => time })
    expect(await reader.next(100)).toEqual([3, 6])
    expect(await reader.next(100)).toEqual([9, 12])
  })
})
