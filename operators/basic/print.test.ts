import { describe, expect, it } from 'vitest'
import { operatorHarness } from '../testing/operator-harness.ts'
import { printFactory } from './print.ts'
import { formatRecord } from './print-format.ts'

class Point {
  readonly x = 1
  readonly y = 2
  readonly z = 3
  readonly w = 4
}

describe('print', () => {
  it('puts prefix and separator before each record', () => {
    const print = operatorHarness(printFactory('out', ' | ', false))
    print.push({ word: 'to', count: 1 })
    print.push(0)
    expect(print.output).toEqual(['out | word=to, count=1', 'out | 0'])
  })

  it('leaves both out where there is no prefix', () => {
    const print = operatorHarness(printFactory('', ' | ', false))
    print.push('text')
    print.push('')
    expect(print.output).toEqual(['text', ''])
  })

  it('colours keys where asked to', () => {
    const print = operatorHarness(printFactory('', '', true))
    print.push({ a: { b: 'x' } })
    expect(print.output).toEqual(['\u001b[34ma\u001b[39m={\u001b[34mb\u001b[39m="x"}'])
  })
})

describe('formatRecord', () => {
  it.each([
    ['a string', 'two\nlines', 'two\nlines'],
    ['a bigint', 5n, '5n'],
    ['minus zero', -0, '-0'],
    ['NaN', Number.NaN, 'NaN'],
    ['false', false, 'false'],
    ['an empty object', {}, '{}'],
    ['nested objects', { a: { b: { c: 'x' } }, l: ['y'] }, 'a={b={c="x"}}, l=["y"]'],
    ['null and undefined inside', { a: null, b: undefined }, 'a=null, b=undefined'],
    ['a list of strings', ['a', 'b'], '["a", "b"]'],
    ['a list of lists', [[1], []], '[[1], []]'],
    ['five items', [1, 2, 3, 4, 5], '[1, 2, 3, 4, 5]'],
    ['a hole', new Array(1), '[undefined]'],
    ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['an invalid date', new Date(Number.NaN), 'Invalid Date'],
    ['a regular expression', /a+/g, '/a+/g'],
    ['an error', new TypeError('no'), 'TypeError: no'],
    [
      'a map',
      new Map<unknown, unknown>([
        ['a', 1],
        [[2], 'b'],
      ]),
      'Map{a=1, [2]="b"}',
    ],
    ['a set', new Set([1, 'a']), 'Set[1, "a"]'],
    ['bytes', new Uint8Array(7), 'Uint8Array[0, 0, 0, 0, 0, ... (+2 more)]'],
    ['a buffer', new ArrayBuffer(2), 'Uint8Array[0, 0]'],
    ['an instance', new Point(), 'Point(x=1, y=2, z=3, ...)'],
    ['an object without prototype', Object.assign(Object.create(null), { a: 1 }), 'a=1'],
  ])('%s', (_, value, text) => {
    expect(formatRecord(value, false)).toBe(text)
  })

  it('ends cycles', () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    expect(formatRecord(cycle, false)).toBe('self={self={self={self={self=…}}}}')
  })

  it('names what cannot be shown', () => {
    class Broken {
      get x(): never {
        throw new Error('no')
      }
    }
    const broken = Object.defineProperty(new Broken(), 'y', {
      enumerable: true,
      get: () => {
        throw new Error('no')
      },
    })
    expect(formatRecord(broken, false)).toBe('<Unprintable: Broken>')
  })
})
