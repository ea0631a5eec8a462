import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  addWaiting,
  firstTime,
  firstValue,
  newWaitingEvents,
  removeFirst,
} from './waiting-events.ts'

it('are taken out by time and, of one time, by arrival, and leave nothing behind', () => {
  const steps = fc.array(fc.oneof(fc.nat(5), fc.constant('take' as const)), { maxLength: 60 })
  fc.assert(
    fc.property(steps, (steps) => {
      const waiting = newWaitingEvents()
      const expected: { time: number; order: number }[] = []
      for (const [order, step] of [...steps, ...steps.map(() => 'take' as const)].entries()) {
        if (step !== 'take') {
          addWaiting(waiting, { order }, step)
          expected.push({ time: step, order })
          expected.sort((a, b) => a.time - b.time || a.order - b.order)
        } else if (expected.length > 0) {
          const { time, order: first } = expected.shift()!
          expect([firstTime(waiting), firstValue(waiting)]).toEqual([time, { order: first }])
          removeFirst(waiting)
        }
        // At most half of it is gone already.
        expect(waiting.values.length).toBeLessThanOrEqual(2 * expected.length)
      }
      expect(firstTime(waiting)).toBe(Infinity)
      expect(waiting).toEqual(newWaitingEvents())
    }),
  )
})
