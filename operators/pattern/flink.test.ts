import { describe, expect, it } from 'vitest'
import { is, matchesOf, run, spell, start } from './fixtures/letters.ts'
import { compilePattern } from './pattern-machine.ts'

// Further inputs of the integration tests of Flink CEP (NFA, times, times or more, same elements), with their results. The
// order is that of this package.

const a = start.begin('a').where(is('a'))
const c = start.begin('c').where(is('c'))
const aBehind = c.followedBy('a').where(is('a'))
const anyA = c.followedByAny('a').where(is('a'))

describe('loops', () => {
  it('zero or more', () => {
    const any = anyA.oneOrMore().optional().followedBy('b').where(is('b'))
    expect(matchesOf(any, 'c x a1 a2 b')).toEqual(['c a1 a2 b', 'c a1 b', 'c a2 b', 'c b'])
    const eager = aBehind.oneOrMore().optional().followedBy('b').where(is('b'))
    expect(matchesOf(eager, 'c x a1 a2 a3 b')).toEqual([
      'c a1 a2 a3 b',
      'c a1 a2 b',
      'c a1 b',
      'c b',
    ])
  })

  it('zero or more at the beginning', () => {
    const loop = a.oneOrMore().optional().followedBy('b').where(is('b'))
    expect(matchesOf(loop, 'a1 a2 a3 b')).toEqual([
      'a1 a2 a3 b',
      'a1 a2 b',
      'a1 b',
      'a2 a3 b',
      'a2 b',
      'a3 b',
      'b',
    ])
  })

  it('zero or more behind zero or more', () => {
    const first = aBehind.oneOrMore().optional()
    const both = first.followedBy('d').where(is('d')).oneOrMore().optional()
    expect(matchesOf(both.followedBy('e').where(is('e')), 'c a d1 d2 e')).toEqual([
      'c a d1 d2 e',
      'c a d1 e',
      'c a e',
      'c d1 d2 e',
      'c d1 e',
      'c e',
    ])
  })

  it('one or more', () => {
    expect(matchesOf(anyA.oneOrMore().followedBy('b').where(is('b')), 'c a1 a2 b')).toEqual([
      'c a1 a2 b',
      'c a1 b',
      'c a2 b',
    ])
    const first = a.oneOrMore().followedByAny('b').where(is('b'))
    expect(matchesOf(first, 'a1 a2 a3 b')).toEqual([
      'a1 a2 a3 b',
      'a1 a2 b',
      'a1 b',
      'a2 a3 b',
      'a2 b',
      'a3 b',
    ])
  })

  it('so many or more', () => {
    const end = (loop: typeof anyA) => loop.followedBy('b').where(is('b'))
    const input = 'c a1 a2 a3 b'
    const two = aBehind.timesOrMore(2)
    expect(matchesOf(end(two), input)).toEqual(['c a1 a2 a3 b', 'c a1 a2 b'])
    expect(matchesOf(end(two.allowCombinations()), input)).toEqual([
      'c a1 a2 a3 b',
      'c a1 a2 b',
      'c a1 a3 b',
    ])
    expect(matchesOf(end(anyA.timesOrMore(2)), input)).toEqual([
      'c a1 a2 a3 b',
      'c a1 a2 b',
      'c a2 a3 b',
    ])
    expect(matchesOf(end(two.consecutive()), 'c a1 x a2 a3 b')).toEqual([])
  })
})

describe('times', () => {
  const input = 'c a1 a2 a3 b'
  const end = (loop: typeof anyA) => loop.followedBy('b').where(is('b'))

  it.each([
    ['followedBy', aBehind.times(2), ['c a1 a2 b']],
    ['followedByAny', anyA.times(2), ['c a1 a2 b', 'c a2 a3 b']],
    ['followedBy, combinations', aBehind.times(2).allowCombinations(), ['c a1 a2 b', 'c a1 a3 b']],
    [
      'followedByAny, combinations',
      anyA.times(2).allowCombinations(),
      ['c a1 a2 b', 'c a1 a3 b', 'c a2 a3 b'],
    ],
    ['next', c.next('a').where(is('a')).times(2), ['c a1 a2 b']],
    [
      'next, combinations',
      c.next('a').where(is('a')).times(2).allowCombinations(),
      ['c a1 a2 b', 'c a1 a3 b'],
    ],
    ['followedByAny, consecutive', anyA.times(2).consecutive(), ['c a1 a2 b', 'c a2 a3 b']],
  ])('%s', (_, loop, expected) => {
    expect(matchesOf(end(loop), input)).toEqual(expected)
  })

  it('consecutive ones with something between', () => {
    expect(matchesOf(end(aBehind.times(2).consecutive()), 'c a1 x a2 a3 b')).toEqual([])
    expect(matchesOf(end(anyA.times(2).consecutive()), 'c a1 x a2 a3 b')).toEqual(['c a2 a3 b'])
  })

  it('optional', () => {
    expect(matchesOf(end(aBehind.times(2).optional()), input)).toEqual(['c a1 a2 b', 'c b'])
    expect(matchesOf(end(aBehind.times(3).optional()), 'c a1 a2 b')).toEqual(['c b'])
  })
})

it('the time from the first to the last event decides, exclusive', () => {
  const pattern = start
    .begin('start')
    .where(is('s'))
    .followedByAny('middle')
    .where(is('m'))
    .followedByAny('end')
    .where(is('e'))
    .within(10)
  expect(run(pattern, 's1@1 s2@2 m@3 foo@4 e1@11 e2@13', 13)).toEqual({
    matches: ['s2 m e1'],
    timedOut: ['s1 m', 's1', 's2 m', 's2'],
    times: [11, 11, 11, 12, 12],
    empty: true,
  })
})

it('the same element, again and again, counts each time', () => {
  const loop = aBehind.oneOrMore().optional().followedBy('b').where(is('b'))
  const same = { id: 'a', kind: 'a', at: 2 }
  const machine = compilePattern(loop)
  const state = machine.createState()
  const found: string[] = []
  const events = [{ id: 'c', kind: 'c', at: 1 }, same, same, same, { id: 'b', kind: 'b', at: 3 }]
  for (const event of events) {
    machine.advance(state, event, event.at, { match: (match) => void found.push(spell(match)) })
  }
  expect(found).toEqual(['c a a a b', 'c a a b', 'c a b', 'c b'])
})

it('any event may branch a pattern of several that take any', () => {
  const pattern = start
    .begin('start')
    .where(is('s'))
    .followedByAny('first')
    .where(is('m'))
    .followedByAny('second')
    .where(is('m'))
    .followedBy('end')
    .where(is('e'))
  expect(matchesOf(pattern, 's m1 m2 m3 n e')).toEqual(['s m1 m2 e', 's m1 m3 e', 's m2 m3 e'])
})
