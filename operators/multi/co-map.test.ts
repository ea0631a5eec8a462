import { describe, expect, it } from 'vitest'
import { BaseCoMapFunction } from '../contract/function.ts'
import { operatorHarness } from '../testing/operator-harness.ts'
import { coMapFactory, missingCoMapMethods } from './co-map.ts'

class Two extends BaseCoMapFunction<string> {
  #seen = 0
  map0(data: unknown) {
    return `0:${data}:${++this.#seen}`
  }
  map1(data: unknown) {
    return data === 'drop' ? null : `1:${data}:${++this.#seen}`
  }
}

class Four extends Two {
  map2(data: unknown) {
    return `2:${data}`
  }
  map3 = 'no method'
}

describe('coMap', () => {
  it('calls one method per input, on one instance', () => {
    const coMap = operatorHarness(coMapFactory(Two, 2))
    coMap.push('a', { input: 0 })
    coMap.push('b', { input: 1 })
    coMap.push('drop', { input: 1 })
    coMap.push('c', { input: 0 })
    expect(coMap.output).toEqual(['0:a:1', '1:b:2', '0:c:3'])
  })

  it('takes an array of functions, one per input', () => {
    const fns = [(n: number) => n + 1, (n: number) => n * 10, (_: number, ctx: any) => ctx.key]
    const coMap = operatorHarness(coMapFactory(fns, 3))
    for (const input of [0, 1, 2]) coMap.push(5, { input, key: 'k' })
    expect(coMap.output).toEqual([6, 50, 'k'])
  })

  it('works with more than five inputs', () => {
    const coMap = operatorHarness(
      coMapFactory(
        Array(7).fill((n: number) => n),
        7,
      ),
    )
    coMap.push(1, { input: 6 })
    expect(coMap.output).toEqual([1])
  })

  it('lists the methods that a class lacks', () => {
    expect(missingCoMapMethods(Two, 2)).toEqual([])
    expect(missingCoMapMethods(Two, 4)).toEqual(['map2', 'map3'])
    expect(missingCoMapMethods(Four, 4)).toEqual(['map3'])
    expect(() => coMapFactory(Two, 4)).toThrow(
      expect.objectContaining({
        code: 'SAGE_COMAP_INPUTS',
        message: 'coMap: 4 connected streams need map0 to map3, but class Two lacks map2, map3',
      }),
    )
  })

  it('refuses another number of functions than inputs', () => {
    expect(() => coMapFactory([(n: number) => n], 2)).toThrow(
      expect.objectContaining({ code: 'SAGE_COMAP_INPUTS' }),
    )
  })

  it.each([
    ['a lambda', (n: number) => n],
    ['nothing', undefined],
    ['an array with a class', [Two, (n: number) => n]],
    ['an array with a hole', [(n: number) => n, undefined]],
  ])('refuses %s', (_, fn) => {
    expect(() => coMapFactory(fn, 2)).toThrow(expect.objectContaining({ code: 'SAGE_OPTION' }))
  })
})
