import { expect, it } from 'vitest'
import { type Collector, OutputTag, ProcessFunction } from '../contract/function.ts'
import { operatorHarness } from '../testing/operator-harness.ts'
import { BRANCH_FALSE, BRANCH_TRUE, branchFactory } from './branch.ts'
import { processFactory } from './process.ts'

const big = new OutputTag<number>('big')

it('process: a lambda gets value, ctx and out', () => {
  const process = operatorHarness(
    processFactory((value: number, ctx: { key: string }, out: Collector) => {
      out.collect(`${ctx.key}${value}`)
      out.collect(null)
      if (value > 1) out.collectTo(big, value)
    }),
  )
  process.push(1, { key: 'a' })
  process.push(2, { key: 'b' })
  expect(process.output).toEqual(['a1', 'b2'])
  expect(process.sideOutput(new OutputTag('big'))).toEqual([2])
})

it('process: a class has open, finish and close', async () => {
  const steps: string[] = []
  class Sum extends ProcessFunction<number, number> {
    #sum = 0
    override open() {
      steps.push('open')
    }
    process(value: number) {
      this.#sum += value
    }
    override finish(out: Collector<number>) {
      out.collect(this.#sum)
    }
    override close() {
      steps.push('close')
    }
  }
  const process = operatorHarness(Sum)
  process.push(1)
  process.push(2)
  await process.end()
  expect(process.output).toEqual([3])
  expect(steps).toEqual(['open', 'close'])
})

it('process: refuses a promise and a class without process', () => {
  const process = operatorHarness(processFactory(async () => {}))
  expect(() => process.push(1)).toThrow(expect.objectContaining({ code: 'SAGE_PROMISE' }))
  class Other {
    execute() {}
  }
  expect(() => operatorHarness(processFactory(Other))).toThrow(
    expect.objectContaining({ code: 'SAGE_OPTION', message: expect.stringContaining('process()') }),
  )
})

it('branch: each record goes one way, by truthiness', () => {
  const branch = operatorHarness(branchFactory((value: number) => value % 2))
  for (const value of [0, 1, 2, 3]) branch.push(value)
  expect(branch.sideOutput(BRANCH_TRUE)).toEqual([1, 3])
  expect(branch.sideOutput(BRANCH_FALSE)).toEqual([0, 2])
  expect(branch.output).toEqual([])
})

it('branch: an asynchronous predicate is refused, not taken for true', () => {
  const branch = operatorHarness(branchFactory(async () => false))
  expect(() => branch.push(1)).toThrow(expect.objectContaining({ code: 'SAGE_PROMISE' }))
  expect(branch.sideOutput(BRANCH_TRUE)).toEqual([])
})
