import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sharedMs, TaskTimes, timeOf } from './task-times.ts'

const states = ['busy', 'idle', 'backpressured', 'runnable'] as const

/** A row with its times and the shared time that belongs to a time of the thread. */
function rig() {
  const row = new Float64Array(8)
  const read = (atMs: number) => states.map((state) => timeOf(row, state, sharedMs(atMs)))
  return { times: new TaskTimes(row), read }
}

/** Milliseconds since the machine began to run are large: sums of them are exact to less than a microsecond. */
const near = (ms: readonly number[]) => ms.map((one) => expect.closeTo(one, 4))

it('a step that worked is busy until its end, then runnable', () => {
  const { times, read } = rig()
  expect(read(100)).toEqual([0, 0, 0, 0])
  times.start(100)
  expect(read(103)).toEqual(near([0, 3, 0, 0]))
  times.begin(110)
  expect(read(114)).toEqual(near([4, 10, 0, 0]))
  times.worked(115)
  expect(read(116)).toEqual(near([5, 10, 0, 1]))
  times.begin(117)
  times.worked(120)
  times.stop(121)
  expect(read(500)).toEqual(near([8, 10, 0, 3]))
})

it('a step that did nothing belongs to what held it', () => {
  const { times, read } = rig()
  times.start(0)
  times.begin(10)
  times.rested('backpressured')
  expect(read(15)).toEqual(near([0, 10, 5, 0]))
  times.begin(20)
  expect(read(21)).toEqual(near([1, 10, 10, 0]))
  times.rested('idle')
  expect(read(30)).toEqual(near([0, 20, 10, 0]))
  times.begin(30)
  times.rested('busy')
  expect(read(32)).toEqual(near([2, 20, 10, 0]))
})

it('after its end nothing counts', () => {
  const { times, read } = rig()
  times.start(0)
  times.stop(7)
  times.stop(9)
  expect(read(100)).toEqual(near([0, 7, 0, 0]))
})

it('at every moment the states add up to the time since the start', () => {
  const step = fc.record({
    beforeMs: fc.integer({ min: 0, max: 50 }),
    ms: fc.integer({ min: 0, max: 50 }),
    outcome: fc.constantFrom('worked', 'busy', 'idle', 'backpressured'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { times, read } = rig()
      const sum = (atMs: number) => read(atMs).reduce((all, ms) => all + ms, 0)
      let now = 1000
      times.start(now)
      for (const { beforeMs, ms, outcome } of steps) {
        now += beforeMs
        times.begin(now)
        expect(sum(now + ms)).toBeCloseTo(now + ms - 1000, 4)
        now += ms
        if (outcome === 'worked') times.worked(now)
        else times.rested(outcome as 'busy')
        expect(sum(now)).toBeCloseTo(now - 1000, 4)
      }
      times.stop(now)
      expect(sum(now + 1e6)).toBeCloseTo(now - 1000, 4)
    }),
  )
})
