import { describe, expect, it } from 'vitest'
import { isPromise, itemsOf, notIterable, promiseReturned } from './result-checks.ts'

describe('itemsOf', () => {
  it.each([
    ['an array', [0, '', false, null], [0, '', false, null]],
    ['a set', new Set([1, 2]), [1, 2]],
    ['a map', new Map([['a', 1]]), [['a', 1]]],
    ['an empty array', [], []],
    ['nothing (null)', null, []],
    ['nothing (undefined)', undefined, []],
    ['a string', 'ab', ['ab']],
    ['an empty string', '', ['']],
  ])('takes %s apart as flatMap does', (_, result, items) => {
    expect([...itemsOf(result)]).toEqual(items)
  })

  it.each([
    ['a typed array', new Uint8Array([1, 2])],
    ['a Buffer', Buffer.from('ab')],
    ['a DataView', new DataView(new ArrayBuffer(2))],
    ['an ArrayBuffer', new ArrayBuffer(2)],
  ])('takes %s as one item', (_, bytes) => {
    const [item, ...others] = itemsOf(bytes)
    expect(item).toBe(bytes)
    expect(others).toEqual([])
  })

  it('iterates a generator lazily', () => {
    let made = 0
    function* numbers() {
      while (true) yield made++
    }
    const iterator = itemsOf(numbers())[Symbol.iterator]()
    expect(iterator.next().value).toBe(0)
    expect(made).toBe(1)
  })

  async function* asynchronous() {
    yield 1
  }

  it.each([
    ['a number', 7, '7'],
    ['false', false, 'false'],
    ['an object', { a: 1 }, '{"a":1}'],
    ['a function', Math.max, 'function max'],
    ['an async iterable', asynchronous(), 'got an async iterable'],
  ])('refuses %s', (_, result, shown) => {
    expect(() => itemsOf(result)).toThrow(
      expect.objectContaining({
        code: 'SAGE_NOT_ITERABLE',
        message: expect.stringContaining(shown),
      }),
    )
  })

  it('refuses a promise by the name of the method', () => {
    expect(() => itemsOf(Promise.resolve([1]), 'processBatch')).toThrow(
      expect.objectContaining({
        code: 'SAGE_PROMISE',
        message: expect.stringMatching(/^processBatch: .*asyncMap/),
      }),
    )
  })
})

describe('isPromise', () => {
  it('knows what can be awaited', () => {
    const thenable = { then: () => undefined }
    expect([Promise.resolve(), thenable].map(isPromise)).toEqual([true, true])
  })

  it('takes records for records', () => {
    const records = [null, undefined, 0, '', 'then', {}, { then: 'later' }, [], () => 1]
    expect(records.filter(isPromise)).toEqual([])
  })
})

it('errors name what to do', () => {
  expect(promiseReturned('map')).toMatchObject({
    code: 'SAGE_PROMISE',
    message: expect.stringContaining('use asyncMap'),
  })
  expect(notIterable(5)).toMatchObject({
    code: 'SAGE_NOT_ITERABLE',
    message: 'expected an iterable of records, got 5; return [record] to emit a single one',
  })
})
