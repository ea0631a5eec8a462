import { expect, it } from 'vitest'
import { SharedTime } from '../contract/shared-clock.ts'
import { ManualClock } from './manual-clock.ts'

it('stands still until it is moved', () => {
  const clock = new ManualClock(1_000)
  expect(clock.now()).toBe(1_000)
  clock.advance('2s')
  clock.advance(0.5)
  expect(clock.now()).toBe(3_000.5)
  clock.set(-7)
  expect(clock.now()).toBe(-7)
  expect(new ManualClock().now()).toBe(0)
})

it('shows its time to all who see its memory', () => {
  const clock = new ManualClock()
  const elsewhere = new SharedTime(clock.sharedTime)
  clock.set(5)
  expect(elsewhere.now()).toBe(5)
})

it('tells of every change, after it, those who ask', () => {
  const clock = new ManualClock()
  const told: [string, number][] = []
  const stop = clock.onChange(() => told.push(['a', clock.now()]))
  clock.onChange(() => told.push(['b', clock.now()]))
  clock.advance(1)
  stop()
  clock.set(4)
  expect(told).toEqual([
    ['a', 1],
    ['b', 1],
    ['b', 4],
  ])
})

it.each([
  ['a start', () => new ManualClock(Number.NaN)],
  ['a time', () => new ManualClock().set(Number.POSITIVE_INFINITY)],
  ['a span without end', () => new ManualClock().advance(Number.POSITIVE_INFINITY)],
  ['a span back', () => new ManualClock().advance(-1)],
  ['text', () => new ManualClock().advance('1 hour' as '1h')],
])('refuses %s that is none', (_, call) => {
  expect(call).toThrow(expect.objectContaining({ code: 'SAGE_OPTION' }))
})
