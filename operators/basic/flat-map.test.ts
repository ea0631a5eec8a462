import { describe, expect, it } from 'vitest'
import { type Collector, FlatMapFunction, OutputTag } from '../contract/function.ts'
import { operatorHarness } from '../testing/operator-harness.ts'
import { flatMapFactory } from './flat-map.ts'

const tag = new OutputTag<string>('side')

/** Runs `execute` of the test's own as a FlatMapFunction. */
function classOf(execute: (data: any, out: Collector) => any) {
  return class extends FlatMapFunction {
    execute(data: unknown, out: Collector) {
      return execute(data, out)
    }
  }
}

describe('flatMap by a lambda', () => {
  it('leaves null and undefined items out', () => {
    const flatMap = operatorHarness(flatMapFactory(() => [0, null, '', undefined, false]))
    flatMap.push(1)
    expect(flatMap.output).toEqual([0, '', false])
  })

  it('may return nothing', () => {
    const flatMap = operatorHarness(flatMapFactory(() => undefined))
    flatMap.push(1)
    expect([flatMap.output, flatMap.errors]).toEqual([[], 0])
  })

  it.each([
    ['SAGE_NOT_ITERABLE', () => 1],
    ['SAGE_PROMISE', async () => [1]],
  ])('fails with %s', (code, fn) => {
    const flatMap = operatorHarness(flatMapFactory(fn))
    expect(() => flatMap.push(1)).toThrow(expect.objectContaining({ code }))
  })
})

describe('flatMap by a class', () => {
  it('emits collected items behind returned ones, call by call', () => {
    const flatMap = operatorHarness(
      classOf((n: number, out) => {
        out.collect(`c${n}`)
        return n === 2 ? null : [`r${n}`]
      }),
    )
    for (const n of [1, 2, 3]) flatMap.push(n)
    expect(flatMap.output).toEqual(['r1', 'c1', 'c2', 'r3', 'c3'])
  })

  it('emits what a generator collects while it runs', () => {
    class Generated extends FlatMapFunction<number, string> {
      *execute(n: number, out: Collector<string>) {
        out.collect('c1')
        yield `r${n}`
        out.collect('c2')
      }
    }
    const flatMap = operatorHarness(Generated)
    flatMap.push(1)
    expect(flatMap.output).toEqual(['r1', 'c1', 'c2'])
  })

  it('drops what a failed call has collected', () => {
    const flatMap = operatorHarness(
      classOf((n: number, out) => {
        out.collect(n)
        if (n === 1) throw new Error('broken')
      }),
      { errors: 'skip' },
    )
    for (const n of [1, 2]) flatMap.push(n)
    expect(flatMap.output).toEqual([2])
  })

  it('changes no array that it was given', () => {
    const own = ['r']
    const flatMap = operatorHarness(
      classOf((_, out) => {
        out.collect('c')
        return own
      }),
    )
    flatMap.push(1)
    expect([flatMap.output, own]).toEqual([['r', 'c'], ['r']])
  })

  it('takes a string as one item, before collected ones', () => {
    const flatMap = operatorHarness(
      classOf((_, out) => {
        out.collect('c')
        return 'whole'
      }),
    )
    flatMap.push(1)
    expect(flatMap.output).toEqual(['whole', 'c'])
  })

  it('fails for what has no items, also when something was collected', () => {
    const flatMap = operatorHarness(
      classOf((_, out) => {
        out.collect('c')
        return 5
      }),
    )
    expect(() => flatMap.push(1)).toThrow(expect.objectContaining({ code: 'SAGE_NOT_ITERABLE' }))
    expect(flatMap.output).toEqual([])
  })

  it('reaches side outputs', () => {
    const flatMap = operatorHarness(classOf((text: string, out) => out.collectTo(tag, text)))
    flatMap.push('a')
    expect([flatMap.output, flatMap.sideOutput(tag)]).toEqual([[], ['a']])
  })

  it('emits in finish, without the last record’s key, before it closes', async () => {
    const steps: string[] = []
    class Buffered extends FlatMapFunction<string, string> {
      readonly #held: string[] = []
      execute(text: string) {
        this.#held.push(text)
      }
      override finish(out: Collector<string>) {
        steps.push(`finish ${this.ctx.key}`)
        for (const text of this.#held) out.collect(text)
        out.collectTo(tag, 'end')
      }
      override close() {
        steps.push('close')
      }
    }
    const flatMap = operatorHarness(Buffered)
    flatMap.push('a', { key: 'k' })
    flatMap.push('b', { key: 'k' })
    expect(flatMap.output).toEqual([])
    await flatMap.end()
    expect(flatMap.output).toEqual(['a', 'b'])
    expect(flatMap.sideOutput(tag)).toEqual(['end'])
    expect(steps).toEqual(['finish undefined', 'close'])
  })

  it('refuses an asynchronous finish', async () => {
    class Late extends FlatMapFunction {
      execute() {}
      override async finish() {}
    }
    await expect(operatorHarness(Late).end()).rejects.toMatchObject({ code: 'SAGE_PROMISE' })
  })
})
