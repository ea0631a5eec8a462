import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  dequeue,
  enqueue,
  firstTimestamp,
  isQueueEmpty,
  newItemQueue,
  type QueuedItem,
} from './item-queue.ts'

it('gives records by timestamp, then by arrival, whatever comes and goes meanwhile', () => {
  // A number: a record of that timestamp comes; null: one is taken.
  const step = fc.option(fc.integer({ min: 0, max: 12 }), { freq: 3 })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = newItemQueue()
      const model: [timestamp: number, id: number][] = []
      for (const [id, timestamp] of steps.entries()) {
        if (timestamp !== null) {
          enqueue(queue, timestamp, id, 0)
          model.push([timestamp, id])
          model.sort(([a, i], [b, j]) => a - b || i - j)
        } else if (model.length > 0) {
          const item: QueuedItem = dequeue(queue)
          expect([item.timestamp, item.value]).toEqual(model.shift())
        }
        expect(isQueueEmpty(queue)).toBe(model.length === 0)
        expect(firstTimestamp(queue)).toBe(model[0]?.[0] ?? Number.POSITIVE_INFINITY)
      }
    }),
    { numRuns: 300 },
  )
})

it('keeps no record that was taken, and no more room than for a few', () => {
  const queue = newItemQueue()
  for (let i = 0; i < 1000; i++) {
    enqueue(queue, i, i, 0)
    if (i >= 10) dequeue(queue)
    expect(queue.run.filter((item) => item !== null)).toHaveLength(Math.min(i + 1, 10))
    expect(queue.run.length).toBeLessThan(32)
  }
  expect(queue.heap).toEqual([])
})
