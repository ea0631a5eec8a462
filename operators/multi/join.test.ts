import { describe, expect, it } from 'vitest'
import { BaseJoinFunction } from '../contract/function.ts'
import { operatorHarness } from '../testing/operator-harness.ts'
import { joinFactory } from './join.ts'

class Tagged extends BaseJoinFunction<string, string, string, string> {
  override execute(payload: string, key: string, tag: 0 | 1) {
    return [`${key}/${tag}/${payload}`]
  }
}

/** A join whose result for both sides is the test's own. */
function returning(result: unknown) {
  return class extends BaseJoinFunction {
    override execute() {
      return result as any
    }
  }
}

describe('join', () => {
  it('calls execute with payload, key and side', () => {
    const join = operatorHarness(joinFactory(Tagged))
    join.push('a', { key: 'k', input: 0 })
    join.push('b', { key: 'l', input: 1 })
    expect(join.output).toEqual(['k/0/a', 'l/1/b'])
  })

  it('calls left and right where a class has both', () => {
    class Sides extends BaseJoinFunction {
      left(payload: string, key: string) {
        return [`left ${key} ${payload}`]
      }
      right = (payload: string, key: string) => [`right ${key} ${payload}`]
    }
    const join = operatorHarness(joinFactory(Sides))
    join.push('a', { key: 'k', input: 0 })
    join.push('b', { key: 'k', input: 1 })
    expect(join.output).toEqual(['left k a', 'right k b'])
  })

  it('counts left and right only when they are functions', () => {
    class Data extends Tagged {
      left = 'data'
      right = 'data'
    }
    const join = operatorHarness(joinFactory(Data))
    join.push('a', { key: 'k' })
    expect(join.output).toEqual(['k/0/a'])
  })

  it.each([
    ['nothing', undefined, []],
    ['null', null, []],
    ['an empty list', [], []],
    ['nulls in a list', [null, 0, undefined], [0]],
    ['a set', new Set(['a', 'b']), ['a', 'b']],
    ['a row that is no list', { id: 1 }, [{ id: 1 }]],
    ['a primitive', 0, [0]],
    ['a string', 'ab', ['ab']],
  ])('emits the rows of %s', (_, result, rows) => {
    const join = operatorHarness(joinFactory(returning(result)))
    join.push('a', { key: 'k' })
    expect(join.output).toEqual(rows)
  })

  async function* asynchronous() {
    yield 1
  }

  it.each([
    ['SAGE_PROMISE', Promise.resolve([1])],
    ['SAGE_NOT_ITERABLE', asynchronous()],
    ['SAGE_NOT_ITERABLE', () => 1],
  ])('fails with %s', (code, result) => {
    const join = operatorHarness(joinFactory(returning(result)))
    expect(() => join.push('a', { key: 'k' })).toThrow(expect.objectContaining({ code }))
  })

  it('gets its options, opens and closes', async () => {
    const steps: string[] = []
    class Stepped extends Tagged {
      constructor(options: { name: string }) {
        super()
        steps.push(options.name)
      }
      override open() {
        steps.push('open')
      }
      override close() {
        steps.push('close')
      }
    }
    await operatorHarness(joinFactory(Stepped, { name: 'new' })).end()
    expect(steps).toEqual(['new', 'open', 'close'])
  })

  it('refuses a class without a way to join', () => {
    class None extends BaseJoinFunction {}
    class Half extends BaseJoinFunction {
      left() {
        return []
      }
    }
    for (const Class of [None, Half]) {
      expect(() => operatorHarness(joinFactory(Class))).toThrow(
        expect.objectContaining({
          code: 'SAGE_OPTION',
          message: expect.stringContaining(Class.name),
        }),
      )
    }
  })
})
