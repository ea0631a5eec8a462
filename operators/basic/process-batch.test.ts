import { expect, it } from 'vitest'
import type { StreamState } from '../contract/stream-state.ts'
import { operatorHarness } from '../testing/operator-harness.ts'
import { MAX_BATCH, processBatchFactory } from './process-batch.ts'

const sum = (items: number[]) => [items.reduce((a, b) => a + b, 0)]

it('is called with what was at hand together', async () => {
  const batch = operatorHarness(processBatchFactory(sum))
  batch.push(1)
  batch.push(2)
  expect(batch.output).toEqual([])
  batch.endOfBatch()
  batch.endOfBatch()
  batch.push(10)
  await batch.end()
  expect(batch.output).toEqual([3, 10])
})

it('is not called for nothing', async () => {
  const batch = operatorHarness(processBatchFactory(() => ['called']))
  await batch.end()
  expect(batch.output).toEqual([])
})

it('takes at most so many records at once', () => {
  const batch = operatorHarness(processBatchFactory((items: number[]) => [items.length]))
  for (let i = 0; i < 2 * MAX_BATCH + 1; i++) batch.push(i)
  expect(batch.output).toEqual([MAX_BATCH, MAX_BATCH])
})

it('hands the same state to every call', () => {
  const count = (_: unknown, state: StreamState) => [state.increment('calls')]
  const batch = operatorHarness(processBatchFactory(count))
  for (const value of [1, 2]) {
    batch.push(value)
    batch.endOfBatch()
  }
  expect(batch.output).toEqual([1, 2])
  expect(batch.ctx.shared().get('calls')).toBe(2)
})

it('refuses what a flatMap refuses', () => {
  const batch = operatorHarness(processBatchFactory(async () => []))
  batch.push(1)
  expect(() => batch.endOfBatch()).toThrow(
    expect.objectContaining({
      code: 'SAGE_PROMISE',
      message: expect.stringMatching(/^processBatch/),
    }),
  )
})
