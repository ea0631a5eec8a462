import { describe, expect, it } from 'vitest'
import { Rig } from './fixtures/rig.ts'
import { statefulFlatMapFactory, statefulMapFactory } from './stateful-map.ts'

type Mapper = (state: any, value: any, key: unknown) => unknown

/** Calls with records of key 'k', one by one; gives what was returned, or the error. */
function run(rig: Rig, ...values: unknown[]): unknown[] {
  return values.map((value) => {
    rig.scope.key = 'k'
    try {
      return (rig.operator.call as (value: unknown) => unknown)(value)
    } catch (error) {
      return error
    }
  })
}

const map = (mapper: Mapper) => new Rig(statefulMapFactory(mapper))
const flatMap = (mapper: Mapper) => new Rig(statefulFlatMapFactory(mapper))
const failed = (code: string, text: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(text) })

describe('statefulMap', () => {
  it('has a state per key, compared by value', () => {
    const rig = map((n = 0, add, key) => [n + add, [key, n + add]])
    const seen = []
    for (const key of ['a', ['x', 1], 0, ['x', 1], 'a', '0', 0]) {
      rig.scope.key = key
      seen.push((rig.operator.call as any)(1))
    }
    expect(seen).toEqual([
      ['a', 1],
      [['x', 1], 1],
      [0, 1],
      [['x', 1], 2],
      ['a', 2],
      ['0', 1],
      [0, 2],
    ])
    expect(rig.keyed.store.size).toBe(4)
  })

  it.each([null, undefined])('%s as state forgets the key, its output is emitted', (none) => {
    const rig = map((n = 0, _) => [n === 1 ? none : n + 1, `was ${n}`])
    expect(run(rig, 0, 0, 0)).toEqual(['was 0', 'was 1', 'was 0'])
    run(rig, 0)
    expect(rig.keyed.store.size).toBe(0)
  })

  it.each([0, '', false, Number.NaN, 0n])('%s is a state', (falsy) => {
    const rig = map((state, _) => [falsy, state === undefined])
    expect(run(rig, 0, 0)).toEqual([true, false])
  })

  it.each<[string, Mapper, unknown]>([
    [
      'no pair',
      (_, v) => v,
      failed('SAGE_USER_ERROR', 'expected the function to return [state, output], got 7'),
    ],
    ['nothing', () => undefined, failed('SAGE_USER_ERROR', 'got undefined')],
    ['three', () => [1, 2, 3], failed('SAGE_USER_ERROR', 'got [1,2,3]')],
    ['a promise', async () => [1, 2], failed('SAGE_PROMISE', 'statefulMap')],
    ['a promised output', () => [1, Promise.resolve(2)], failed('SAGE_PROMISE', 'statefulMap')],
    ['a state that is no data', () => [() => 1, 2], failed('SAGE_CODEC_UNSUPPORTED', 'function')],
    [
      'a throw',
      () => {
        throw new Error('broken')
      },
      expect.objectContaining({ message: 'broken' }),
    ],
  ])('%s fails and leaves the state as it was', (_, mapper, error) => {
    const rig = map((state, value, key) =>
      value === 7 ? mapper(state, value, key) : [value, state],
    )
    expect(run(rig, 7)).toEqual([error])
    expect(rig.keyed.store.size).toBe(0)
    expect(run(rig, 1, 7, 2)).toEqual([undefined, error, 1])
  })
})

describe('statefulFlatMap', () => {
  it('emits any number', () => {
    const rig = flatMap((n = 0, v) => [n + v, n === 0 ? null : Array(n).fill(v)])
    expect(run(rig, 1, 2, 3)).toEqual([[], [2], [3, 3, 3]])
  })

  it('takes generators, and takes strings for one item', () => {
    const rig = flatMap((_, v) => [1, v])
    expect(run(rig, new Set([1, 2]), 'ab')).toEqual([[1, 2], ['ab']])
  })

  it('a generator that throws midway has done nothing', () => {
    const rig = flatMap((n = 0, v) => [
      n + 1,
      (function* () {
        yield n
        if (v === 'throw') throw new Error('midway')
      })(),
    ])
    expect(run(rig, 1, 'throw', 2)).toEqual([
      [0],
      expect.objectContaining({ message: 'midway' }),
      [1],
    ])
  })

  it('refuses what has no items', () => {
    expect(
      run(
        flatMap(() => [1, 2]),
        0,
      ),
    ).toEqual([failed('SAGE_NOT_ITERABLE', 'got 2')])
    expect(
      run(
        flatMap((_, v) => v),
        0,
      ),
    ).toEqual([failed('SAGE_USER_ERROR', '[state, outputs]')])
  })
})

it.each([undefined, 5, 'fn', class {}])('%s is no mapper', (mapper) => {
  for (const factory of [statefulMapFactory, statefulFlatMapFactory])
    expect(() => factory(mapper)).toThrow(failed('SAGE_OPTION', 'expected a function'))
})
