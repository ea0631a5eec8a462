import { expect, it } from 'vitest'
import type { OperatorContext, OperatorFactory } from '../contract/operator.ts'
import { operatorHarness } from '../testing/operator-harness.ts'
import { combinePanes } from './pane-combiner.ts'
import { PaneLayout } from './pane-layout.ts'
import { sumContents } from './window-contents.ts'

const layout = new PaneLayout({ size: 20, slide: 10, offset: 0 })

function combiner(maxPanes?: number) {
  const harness = operatorHarness(combinePanes(layout, sumContents(), maxPanes))
  return {
    harness,
    add: (value: number, timestamp: number, key = 'k') =>
      void harness.push(value, { key, timestamp }),
    sent: () => {
      harness.output.length = 0
      return harness.packets.splice(0).map((p) => [p.partitionKey, p.timestamp / 1e6, p.payload])
    },
  }
}

it('sends a partial result before the watermark that reaches the end of its pane', () => {
  const { harness, add, sent } = combiner()
  for (const [i, key] of ['a', 'b', 'a', 'a'].entries()) add(i, 10 * i, key)
  add(7, 5, 'a')
  harness.advanceWatermark(9)
  expect(sent()).toEqual([])
  harness.advanceWatermark(10)
  expect(sent()).toEqual([['a', 0, [0, 7]]])
  harness.advanceWatermark(30)
  expect(sent()).toEqual([
    ['b', 10, [1, 1]],
    ['a', 20, [2, 2]],
  ])
  harness.endOfBatch()
  expect(sent()).toEqual([['a', 30, [3, 3]]])
  harness.endOfBatch()
  expect(sent()).toEqual([])
})

it('sends a record behind the watermark as it is, at once', () => {
  const { harness, add, sent } = combiner()
  harness.advanceWatermark(15)
  add(1, 14)
  add(2, 15)
  expect(sent()).toEqual([['k', 14, [1]]])
  harness.endOfBatch()
  expect(sent()).toEqual([['k', 10, [1, 2]]])
})

it('is bounded: a pane too many sends all that are held', () => {
  const { add, sent } = combiner(2)
  add(1, 0, 'a')
  add(2, 10, 'a')
  add(3, 5, 'a')
  expect(sent()).toEqual([])
  add(4, 0, 'b')
  expect(sent()).toEqual([
    ['a', 0, [0, 4]],
    ['a', 10, [1, 2]],
  ])
  add(5, 20, 'a')
  add(6, 30, 'c')
  expect(sent()).toEqual([
    ['b', 0, [0, 4]],
    ['a', 20, [2, 5]],
  ])
})

it('lets records pass where there is nothing to reduce, and tries again', () => {
  const { harness, add, sent } = combiner()
  const raw = () => sent().filter(([, , payload]) => (payload as unknown[]).length === 1).length
  for (let i = 0; i < 1024; i++) add(1, 0, `once ${i}`)
  expect(raw()).toBe(0)
  for (let i = 0; i < 32_768; i++) add(1, 0, 'hot')
  expect(raw()).toBe(32_768)
  for (let i = 0; i < 1024; i++) for (let n = 0; n < 2; n++) add(1, 0, `twice ${i}`)
  add(1, 0, 'hot')
  expect(raw()).toBe(0)
  harness.endOfBatch()
  expect(sent()).toHaveLength(2049)
})

it('sends under the watermark that held when it took the records, and leaves the scope as it was', () => {
  const watermarks: number[] = []
  let scope: OperatorContext['scope'] | undefined
  const factory = combinePanes(layout, sumContents(), 1)
  const spied: OperatorFactory = {
    ...factory,
    create: (context) => {
      scope = context.scope
      const out = {
        collect: () => void watermarks.push(scope!.watermark),
        collectTo: () => undefined,
      }
      const made = factory.create({ ...context, out })
      const call = made.call as Function
      return { ...made, call: (value, ctx) => call(value, ctx, out) }
    },
  }
  const harness = operatorHarness(spied)
  harness.push(1, { key: 'a', timestamp: 5 })
  harness.advanceWatermark(7)
  harness.advanceWatermark(12)
  harness.push(2, { key: 'b', timestamp: 13 })
  scope!.watermark = 99
  harness.endOfBatch()
  expect(scope!.watermark).toBe(99)
  expect(watermarks).toEqual([7, 12])
})
