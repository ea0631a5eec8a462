import { expect, it } from 'vitest'
import { SinkFunction } from '../contract/function.ts'
import { operatorHarness } from '../testing/operator-harness.ts'
import { sinkFactory } from './sink.ts'

it('ignores what the function returns', () => {
  const sink = operatorHarness(sinkFactory((value: number) => value))
  sink.push(1)
  expect(sink.output).toEqual([])
})

it('finishes once all its promises have settled, then closes', async () => {
  const steps: string[] = []
  class Slow extends SinkFunction<string> {
    async execute(text: string) {
      await undefined
      steps.push(text)
    }
    override async finish() {
      await undefined
      steps.push('finish')
    }
    override close() {
      steps.push('close')
    }
  }
  const sink = operatorHarness(Slow)
  sink.push('a')
  sink.push('b')
  await sink.end()
  expect(steps).toEqual(['a', 'b', 'finish', 'close'])
})

it('a rejection is a failure of its record', async () => {
  const fails = async (n: number) => {
    if (n === 1) throw new Error('disk full')
  }
  const skipping = operatorHarness(sinkFactory(fails), { errors: 'skip' })
  await skipping.push(1)
  await skipping.push(2)
  expect(skipping.errors).toBe(1)
  const failing = operatorHarness(sinkFactory(fails))
  await expect(failing.push(1)).rejects.toMatchObject({ code: 'SAGE_USER_ERROR' })
})

it('has a capacity, 1 by default', () => {
  expect(sinkFactory(() => {}).capacity).toBe(1)
  expect(sinkFactory(() => {}, undefined, 8).capacity).toBe(8)
})

it.each([[0], [-1], [1.5], [Number.NaN], ['2']])('refuses %s as capacity', (capacity) => {
  expect(() => sinkFactory(() => {}, undefined, capacity as number)).toThrow(
    expect.objectContaining({ code: 'SAGE_OPTION', message: expect.stringContaining('capacity') }),
  )
})
