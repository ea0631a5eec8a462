import { describe, expect, it } from 'vitest'
import { MemoryFunction } from '../contract/function.ts'
import { stateSuite } from './fixtures/state-suite.ts'
import { localStates } from './local-state.ts'
import { operatorHarness } from './operator-harness.ts'

stateSuite('the store of an operator under test', () => localStates()())

class Counting extends MemoryFunction<string, number> {
  execute(word: string) {
    return this.memory.increment(word)
  }
}

describe('stores in the operator harness', () => {
  it('a MemoryFunction remembers', () => {
    const counting = operatorHarness(Counting)
    for (const word of ['a', 'b', 'a']) counting.push(word)
    expect(counting.output).toEqual([1, 1, 2])
    expect(counting.ctx.shared().keys()).toEqual(['a', 'b'])
  })

  it('stores have names; each harness has its own', () => {
    const { ctx } = operatorHarness((n: number) => n)
    ctx.shared('one').set('k', 1)
    expect(ctx.shared('one').get('k')).toBe(1)
    expect(ctx.shared('one').name).toBe('one')
    expect(ctx.shared().get('k')).toBe(undefined)
    expect(
      operatorHarness((n: number) => n)
        .ctx.shared('one')
        .keys(),
    ).toEqual([])
  })
})
