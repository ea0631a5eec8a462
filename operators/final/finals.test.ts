import { describe, expect, it } from 'vitest'
import type { OperatorFactory } from '../contract/operator.ts'
import { operatorHarness } from '../testing/operator-harness.ts'
import { entriesFactory } from './entries.ts'
import { foldFinalFactory } from './fold-final.ts'
import { maxFinalFactory, minFinalFactory } from './min-max-final.ts'
import { reduceFactory } from './reduce.ts'
import { reduceFinalFactory } from './reduce-final.ts'

interface Total {
  n: number
}

/** What an operator emits for records of one key, up to its end. */
async function run(factory: OperatorFactory, values: readonly unknown[]) {
  const harness = operatorHarness(factory)
  for (const value of values) harness.push(value, { key: 'k' })
  await harness.end()
  return harness.output
}

const addInPlace = (acc: Total, value: Total) => {
  acc.n += value.n
  return acc
}
const userError = (text: string) =>
  expect.objectContaining({ code: 'SAGE_USER_ERROR', message: expect.stringContaining(text) })

describe('reduce', () => {
  it('runs per key and begins with the first record', () => {
    const reduce = operatorHarness(reduceFactory((a: number, b: number) => a + b))
    reduce.push(1, { key: 'a' })
    reduce.push(10, { key: ['b'] })
    reduce.push(2, { key: 'a' })
    reduce.push(20, { key: ['b'] })
    expect(reduce.output).toEqual([1, 10, 3, 30])
  })

  it('changes neither records nor what it has emitted when fn works in place', async () => {
    const records = [{ n: 1 }, { n: 2 }, { n: 3 }]
    expect(await run(reduceFactory(addInPlace), records)).toEqual([{ n: 1 }, { n: 3 }, { n: 6 }])
    expect(records).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
  })

  it('keeps what consumers of its output cannot change', () => {
    const reduce = operatorHarness(
      reduceFactory((a: { list: number[] }, b: { list: number[] }) => ({
        list: [...a.list, ...b.list],
      })),
    )
    for (const n of [1, 2, 3]) {
      reduce.push({ list: [n] }, { key: 'k' })
      ;(reduce.output.at(-1) as { list: number[] }).list.push(99)
    }
    expect(reduce.output).toEqual([
      { list: [1, 99] },
      { list: [1, 2, 99] },
      { list: [1, 2, 3, 99] },
    ])
  })

  it('forgets a key by null', async () => {
    const upTo = (a: number, b: number) => (a + b > 5 ? null : a + b)
    expect(await run(reduceFactory(upTo), [3, 2, 1, 4, 1])).toEqual([3, 5, 4, 5])
  })

  it('refuses undefined, promises and classes', () => {
    const reduce = operatorHarness(
      reduceFactory(() => undefined),
      { errors: 'skip' },
    )
    for (const n of [1, 2]) reduce.push(n, { key: 'k' })
    expect([reduce.output, reduce.errors]).toEqual([[1], 1])
    const late = operatorHarness(reduceFactory(async () => 1))
    late.push(1, { key: 'k' })
    expect(() => late.push(1, { key: 'k' })).toThrow(
      expect.objectContaining({ code: 'SAGE_PROMISE' }),
    )
    expect(() => reduceFactory(class {})).toThrow(expect.objectContaining({ code: 'SAGE_OPTION' }))
  })
})

describe('reduceFinal', () => {
  it('leaves records alone when fn works in place', async () => {
    const records = [{ n: 1 }, { n: 2 }, { n: 3 }]
    expect(await run(reduceFinalFactory(addInPlace), records)).toEqual([{ n: 6 }])
    expect(records).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
  })

  it('leaves a record alone that fn has made its accumulator', async () => {
    const records = [{ n: 1 }, { n: 5 }, { n: 2 }]
    const restart = (acc: Total, value: Total) => (value.n === 5 ? value : addInPlace(acc, value))
    expect(await run(reduceFinalFactory(restart), records)).toEqual([{ n: 7 }])
    expect(records).toEqual([{ n: 1 }, { n: 5 }, { n: 2 }])
  })

  it('hands fn two arguments, so Math.max will do', async () => {
    expect(await run(reduceFinalFactory(Math.max), [3, 9, 4])).toEqual([9])
  })

  it('says what is missing when fn returns nothing', () => {
    const reduce = operatorHarness(reduceFinalFactory(() => {}))
    reduce.push(1, { key: 'k' })
    expect(() => reduce.push(2, { key: 'k' })).toThrow(
      userError('reduceFinal: expected the function to return'),
    )
  })
})

describe('foldFinal', () => {
  it('builds once per key, and folds in place or not', async () => {
    let built = 0
    const builder = (): number[] => {
      built++
      return []
    }
    const folder = (acc: number[], value: number) => {
      acc.push(value)
      return acc
    }
    expect(await run(foldFinalFactory(builder, folder), [1, 0, 2])).toEqual([[1, 0, 2]])
    expect(built).toBe(1)
  })

  it('takes falsy accumulators', async () => {
    expect(
      await run(
        foldFinalFactory(
          () => 0,
          (acc: number, v: number) => acc * v,
        ),
        [1, 2],
      ),
    ).toEqual([0])
  })

  it('may begin with null or undefined, and emits nothing for null', async () => {
    const first = (acc: number | null | undefined, value: number) => acc ?? value
    expect(
      await run(
        foldFinalFactory(() => null, first),
        [3, 4],
      ),
    ).toEqual([3])
    expect(
      await run(
        foldFinalFactory(() => undefined, first),
        [3, 4],
      ),
    ).toEqual([3])
    expect(
      await run(
        foldFinalFactory(
          () => 0,
          () => null,
        ),
        [3, 4],
      ),
    ).toEqual([])
  })

  it('says what is missing when the folder returns nothing', () => {
    const fold = operatorHarness(
      foldFinalFactory(
        () => [],
        (acc: number[], v: number) => void acc.push(v),
      ),
    )
    expect(() => fold.push(1, { key: 'k' })).toThrow(
      userError('return it also when it was changed in place'),
    )
  })

  it.each([
    ['builder', [1, Math.max]],
    ['folder', [Math.max, undefined]],
    ['merge', [Math.max, Math.max, 'merge']],
  ] as const)('refuses a %s that is no function', (part, [builder, folder, merge]) => {
    expect(() => foldFinalFactory(builder, folder, merge)).toThrow(
      expect.objectContaining({
        code: 'SAGE_OPTION',
        message: expect.stringContaining(`foldFinal ${part}`),
      }),
    )
  })
})

describe('minFinal and maxFinal', () => {
  const rows = [
    { id: 1, by: 5 },
    { id: 2, by: 9 },
    { id: 3, by: 9 },
    { id: 4, by: 5 },
  ]

  it('compare by a selector; the first of equals wins', async () => {
    const by = (row: { by: number }) => row.by
    expect(await run(maxFinalFactory(by), rows)).toEqual([rows[1]])
    expect(await run(minFinalFactory(by), rows)).toEqual([rows[0]])
  })

  it.each([
    ['numbers', [3, -1, 2], 3, -1],
    ['bigints', [3n, 10n, 2n], 10n, 2n],
    ['numbers and bigints', [3, 10n, 2.5], 10n, 2.5],
    ['infinities', [0, Infinity, -Infinity], Infinity, -Infinity],
    ['strings by code point', ['\u{1f600}', '\uffee', 'a'], '\u{1f600}', 'a'],
    ['dates', [new Date(5), new Date(9), new Date(1)], new Date(9), new Date(1)],
  ])('compare %s', async (_, values, max, min) => {
    expect(await run(maxFinalFactory(), values)).toEqual([max])
    expect(await run(minFinalFactory(), values)).toEqual([min])
  })

  it.each([
    ['an object', {}, 'got {}'],
    ['NaN', Number.NaN, 'got NaN'],
    ['an invalid date', new Date(Number.NaN), 'got Date'],
    ['true', true, 'got true'],
  ])('refuse %s', (_, value, text) => {
    expect(() => operatorHarness(maxFinalFactory()).push(value, { key: 'k' })).toThrow(
      userError(text),
    )
  })

  it('refuse to compare numbers with strings', () => {
    const max = operatorHarness(maxFinalFactory(), { errors: 'skip' })
    for (const value of [1, '2', 3]) max.push(value, { key: 'k' })
    expect(max.errors).toBe(1)
    expect(max.logs[0].message).toContain('got "2" and 1 of one key')
  })
})

describe('entries', () => {
  it('pairs key and record', () => {
    const entries = operatorHarness(entriesFactory())
    entries.push(0, { key: 'a' })
    entries.push('', { key: false })
    expect(entries.output).toEqual([
      ['a', 0],
      [false, ''],
    ])
  })

  it('gives away copies of array keys', () => {
    const key = ['a', [1]]
    const entries = operatorHarness(entriesFactory())
    entries.push(1, { key })
    expect(entries.output).toEqual([[['a', [1]], 1]])
    expect((entries.output[0] as unknown[])[0]).not.toBe(key)
  })
})
