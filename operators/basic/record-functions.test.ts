import { describe, expect, it } from 'vitest'
import { StreamError } from '../../codec/errors.ts'
import { FilterFunction, KeyByFunction, MapFunction } from '../contract/function.ts'
import { operatorHarness } from '../testing/operator-harness.ts'
import { filterFactory } from './filter.ts'
import { forwardFactory } from './forward.ts'
import { inspectFactory } from './inspect.ts'
import { keyByFactory } from './key-by.ts'
import { mapFactory } from './map.ts'
import { withSchemaFactory } from './with-schema.ts'

const falsy = [0, '', false, Number.NaN, []]
const promised = expect.objectContaining({ code: 'SAGE_PROMISE' })

describe('map', () => {
  it('emits falsy records, not null and undefined', () => {
    const map = operatorHarness(mapFactory((index: number) => [...falsy, null, undefined][index]))
    for (let index = 0; index < 7; index++) map.push(index)
    expect(map.output).toEqual(falsy)
  })

  it('runs a MapFunction with its options', () => {
    class Add extends MapFunction<number, number> {
      readonly #n: number
      constructor({ n }: { n: number }) {
        super()
        this.#n = n
      }
      execute(value: number) {
        return value + this.#n
      }
    }
    const map = operatorHarness(mapFactory(Add, { n: 2 }))
    map.push(1)
    expect(map.output).toEqual([3])
  })

  it('refuses promises', () => {
    const map = operatorHarness(mapFactory(async (value: number) => value))
    expect(() => map.push(1)).toThrow(promised)
    expect(map.errors).toBe(1)
  })

  it('hands lambdas the context', () => {
    const map = operatorHarness(mapFactory((_: number, ctx: { key: string }) => ctx.key))
    map.push(1, { key: 'k' })
    expect(map.output).toEqual(['k'])
  })
})

describe('filter', () => {
  it('takes truthiness and passes falsy records on', () => {
    const filter = operatorHarness(filterFactory(() => 'yes'))
    for (const record of falsy) filter.push(record)
    expect(filter.output).toEqual(falsy)
    const none = operatorHarness(filterFactory((record: unknown) => record))
    for (const record of [0, '', false, Number.NaN, 'kept']) none.push(record)
    expect(none.output).toEqual(['kept'])
  })

  it('runs a FilterFunction', () => {
    class Positive extends FilterFunction<number> {
      execute(value: number) {
        return value > 0
      }
    }
    const filter = operatorHarness(filterFactory(Positive))
    for (const value of [1, -2, 3]) filter.push(value)
    expect(filter.output).toEqual([1, 3])
  })

  it('refuses promises, which are always truthy', () => {
    const filter = operatorHarness(filterFactory(async () => false))
    expect(() => filter.push(1)).toThrow(promised)
  })
})

describe('keyBy', () => {
  it('sets the key and keeps the record', () => {
    class ById extends KeyByFunction<{ id: number }, number> {
      execute({ id }: { id: number }) {
        return id
      }
    }
    const keyBy = operatorHarness(keyByFactory(ById))
    keyBy.push({ id: 0 })
    expect(keyBy.packets).toMatchObject([{ payload: { id: 0 }, partitionKey: 0 }])
  })

  it.each([[null], [undefined], [{}]])('refuses %s as a key', (key) => {
    const keyBy = operatorHarness(
      keyByFactory(() => key),
      { errors: 'skip' },
    )
    keyBy.push(1)
    expect([keyBy.output, keyBy.errors]).toEqual([[], 1])
  })
})

it('inspect shows each record and passes it on', () => {
  const seen: unknown[] = []
  const inspect = operatorHarness(inspectFactory((value: unknown) => void seen.push(value)))
  inspect.push(0)
  inspect.push('a')
  expect([seen, inspect.output]).toEqual([
    [0, 'a'],
    [0, 'a'],
  ])
})

it('forward passes records on', () => {
  const forward = operatorHarness(forwardFactory())
  forward.push(0)
  expect(forward.output).toEqual([0])
})

it('withSchema passes on what fits, as it is', () => {
  const validate = (value: unknown) => {
    if (typeof value !== 'object') throw new StreamError('SAGE_SCHEMA_MISMATCH', 'no object')
  }
  const checked = operatorHarness(withSchemaFactory({ validate }))
  const record = { a: 1 }
  checked.push(record)
  expect(checked.output[0]).toBe(record)
  expect(() => checked.push(1)).toThrow(expect.objectContaining({ code: 'SAGE_SCHEMA_MISMATCH' }))
})
