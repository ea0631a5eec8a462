import { expect, it } from 'vitest'
import { localStates } from '../../operators/testing/local-state.ts'
import { ManualClock } from '../../operators/testing/manual-clock.ts'
import { ErrorThreshold } from './error-threshold.ts'

it('counts what lies within the window, over all subtasks of the operator', () => {
  const clock = new ManualClock(10_000)
  const shared = localStates()
  const of = (name: string) =>
    new ErrorThreshold({ maxErrors: 2, windowMs: 1000 }, { name, clock, shared })
  const [first, second, other] = [of('map'), of('map'), of('filter')]
  expect([first.exceed(), second.exceed(), other.exceed()]).toEqual([false, false, false])
  clock.advance(999)
  expect(first.exceed()).toBe(true)
  clock.advance(1)
  // Of the three only the last is less than a second old.
  expect([second.exceed(), first.exceed()]).toEqual([false, true])
})

it('allows none at all', () => {
  const clock = new ManualClock()
  const place = { name: 'map', clock, shared: localStates() }
  expect(new ErrorThreshold({ maxErrors: 0, windowMs: 1 }, place).exceed()).toBe(true)
})
