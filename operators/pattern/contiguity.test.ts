import { describe, expect, it } from 'vitest'
import { is, matchesOf, run, start } from './fixtures/letters.ts'

// The examples of the documentation and of the unit tests of Flink CEP, with their results.

const a = start.begin('a').where(is('a'))
const c = start.begin('c').where(is('c'))

describe('contiguity between stages', () => {
  it('is strict, relaxed, or relaxed and not determined', () => {
    const input = 'a c b1 b2'
    expect(matchesOf(a.next('b').where(is('b')), input)).toEqual([])
    expect(matchesOf(a.followedBy('b').where(is('b')), input)).toEqual(['a b1'])
    expect(matchesOf(a.followedByAny('b').where(is('b')), input)).toEqual(['a b1', 'a b2'])
  })

  it('lets every event begin a match', () => {
    const followed = a.followedBy('b').where(is('b'))
    expect(matchesOf(followed, 'a1 a2 b')).toEqual(['a1 b', 'a2 b'])
    expect(matchesOf(a.next('b').where(is('b')), 'a1 a2 b')).toEqual(['a2 b'])
    expect(matchesOf(start.begin('x').where(is('a')), 'a1 b a2')).toEqual(['a1', 'a2'])
  })

  it('takes any event where a stage has no condition', () => {
    expect(matchesOf(a.next('x').next('c').where(is('c')), 'a b c a c')).toEqual(['a b c'])
    expect(matchesOf(a.followedBy('x'), 'a b c')).toEqual(['a b'])
    expect(matchesOf(start.begin('x').next('y'), 'a b c')).toEqual(['a b', 'b c'])
  })
})

describe('contiguity within a stage', () => {
  const input = 'a b1 d1 b2 d2 b3 c'
  const some = a.followedByAny('b').where(is('b')).oneOrMore()

  it('consecutive()', () => {
    expect(matchesOf(some.consecutive().next('c').where(is('c')), input)).toEqual(['a b3 c'])
  })

  it('relaxed, the default', () => {
    expect(matchesOf(some.followedBy('c').where(is('c')), input)).toEqual([
      'a b1 b2 b3 c',
      'a b1 b2 c',
      'a b1 c',
      'a b2 b3 c',
      'a b2 c',
      'a b3 c',
    ])
  })

  it('allowCombinations()', () => {
    expect(matchesOf(some.allowCombinations().followedBy('c').where(is('c')), input)).toEqual([
      'a b1 b2 b3 c',
      'a b1 b2 c',
      'a b1 b3 c',
      'a b1 c',
      'a b2 b3 c',
      'a b2 c',
      'a b3 c',
    ])
  })

  const loop = c.followedBy('a').where(is('a')).oneOrMore()
  const sequence = 'c d a1 a2 a3 d a4 b'

  it('keeps to the example of consecutive() and allowCombinations()', () => {
    expect(matchesOf(loop.consecutive().followedBy('b').where(is('b')), sequence)).toEqual([
      'c a1 a2 a3 b',
      'c a1 a2 b',
      'c a1 b',
    ])
    expect(matchesOf(loop.followedBy('b').where(is('b')), sequence)).toEqual([
      'c a1 a2 a3 a4 b',
      'c a1 a2 a3 b',
      'c a1 a2 b',
      'c a1 b',
    ])
    const any = c.followedByAny('a').where(is('a')).oneOrMore().allowCombinations()
    expect(matchesOf(any.followedBy('b').where(is('b')), sequence)).toHaveLength(15)
    const first = loop.allowCombinations().followedBy('b').where(is('b'))
    expect(matchesOf(first, sequence)).toEqual([
      'c a1 a2 a3 a4 b',
      'c a1 a2 a3 b',
      'c a1 a2 a4 b',
      'c a1 a2 b',
      'c a1 a3 a4 b',
      'c a1 a3 b',
      'c a1 a4 b',
      'c a1 b',
    ])
  })
})

describe('quantifiers', () => {
  it('times(n) and times(min, max)', () => {
    expect(matchesOf(start.begin('a').where(is('a')).times(3), 'a1 a2 a3 a4 a5 a6')).toEqual([
      'a1 a2 a3',
      'a2 a3 a4',
      'a3 a4 a5',
      'a4 a5 a6',
    ])
    const range = a.next('b').where(is('b')).times(2, 3).consecutive()
    expect(matchesOf(range, 'a b1 b2 b3 b4')).toEqual(['a b1 b2', 'a b1 b2 b3'])
    expect(matchesOf(range.followedBy('c').where(is('c')), 'a b1 b2 b3 b4 c')).toEqual([
      'a b1 b2 b3 c',
      'a b1 b2 c',
    ])
  })

  it('times(0, n) is optional', () => {
    const none = a.next('b').where(is('b')).times(0, 2).next('c').where(is('c'))
    expect(matchesOf(none, 'a1 c a2 b1 c a3 b1 b2 c a4 b1 b2 b3 c')).toEqual([
      'a1 c',
      'a2 b1 c',
      'a3 b1 b2 c',
    ])
  })

  it('timesOrMore(n), also optional: none, or so many', () => {
    const two = c.next('a').where(is('a')).timesOrMore(2)
    expect(matchesOf(two, 'c a1 a2 a3')).toEqual(['c a1 a2', 'c a1 a2 a3'])
    const end = two.consecutive().optional().next('d').where(is('d'))
    expect(matchesOf(end, 'c1 d1 c2 a1 d2 c3 a2 a3 d3')).toEqual(['c1 d1', 'c3 a2 a3 d3'])
  })

  it('optional(), between, first and last', () => {
    const between = a.next('b').where(is('b')).optional().next('c').where(is('c'))
    expect(matchesOf(between, 'a1 c1 a2 b2 c2')).toEqual(['a1 c1', 'a2 b2 c2'])
    const first = start.begin('a').where(is('a')).optional().next('b').where(is('b'))
    expect(matchesOf(first, 'a1 b1 b2')).toEqual(['a1 b1', 'b1', 'b2'])
    const last = a.followedBy('b').where(is('b')).optional()
    expect(matchesOf(last, 'a1 b1')).toEqual(['a1', 'a1 b1'])
    const only = start.begin('a').where(is('a')).optional()
    expect(matchesOf(only, 'b a1')).toEqual(['a1'])
  })

  it('zero or more', () => {
    const loop = c.followedBy('a').where(is('a')).oneOrMore().optional()
    expect(matchesOf(loop, 'c x a1 x a2')).toEqual(['c', 'c a1', 'c a1 a2'])
    expect(matchesOf(loop.followedBy('b').where(is('b')), 'c a1 a2 b')).toEqual([
      'c a1 a2 b',
      'c a1 b',
      'c b',
    ])
  })
})

describe('greedy()', () => {
  const some = c.followedBy('a').where(is('a')).oneOrMore()
  const zero = some.optional()

  it('goes on as long as it can', () => {
    const greedy = some.greedy().followedBy('d').where(is('d'))
    expect(matchesOf(greedy, 'c a1 a2 a3 d')).toEqual(['c a1 a2 a3 d'])
    expect(matchesOf(greedy, 'c x a1 x a2 x a3 d')).toEqual(['c a1 a2 a3 d'])
    expect(matchesOf(greedy, 'c a1 a2 x d')).toEqual(['c a1 a2 d'])
    expect(matchesOf(greedy, 'c x d')).toEqual([])
  })

  it('of zero or more', () => {
    const greedy = zero.greedy().followedBy('d').where(is('d'))
    expect(matchesOf(greedy, 'c a1 a2 a3 d')).toEqual(['c a1 a2 a3 d'])
    expect(matchesOf(greedy, 'c x a1 x a2 x a3 d')).toEqual(['c a1 a2 a3 d'])
    expect(matchesOf(greedy, 'c x d')).toEqual(['c d'])
  })

  it('before an optional stage', () => {
    const greedy = zero.greedy().followedBy('d').where(is('d')).optional()
    const end = greedy.followedBy('e').where(is('e'))
    expect(matchesOf(end, 'c a1 a2 x e')).toEqual(['c a1 a2 e'])
    expect(matchesOf(end, 'c a1 a2 d e').toSorted()).toEqual(['c a1 a2 d e', 'c a1 a2 e'])
    // Also when something has passed by before more of its events come.
    expect(matchesOf(end, 'c a1 x a2 e')).toEqual(['c a1 a2 e'])
  })

  it('has no effect at the end', () => {
    expect(matchesOf(zero.greedy(), 'c a1 a2 x a3')).toEqual(['c', 'c a1', 'c a1 a2', 'c a1 a2 a3'])
    expect(matchesOf(zero.consecutive().greedy(), 'c a1 a2 x a3')).toEqual(['c', 'c a1', 'c a1 a2'])
    const range = c.followedBy('a').where(is('a')).times(2, 5).greedy()
    expect(matchesOf(range, 'c a1 a2 a3 a4 x')).toEqual(['c a1 a2', 'c a1 a2 a3', 'c a1 a2 a3 a4'])
  })

  it('of a range', () => {
    const range = c.followedBy('a').where(is('a')).times(2, 5).greedy()
    expect(matchesOf(range.followedBy('d').where(is('d')), 'c a1 a2 a3 a4 d')).toEqual([
      'c a1 a2 a3 a4 d',
    ])
  })

  it('ends with until()', () => {
    const ends = (greedy: typeof some) =>
      greedy.greedy().until(is('z')).followedBy('d').where(is('d'))
    const both = c.followedBy('a').where(is('a', 'z')).oneOrMore()
    expect(matchesOf(ends(both), 'c a1 a2 a3 z d')).toEqual(['c a1 a2 a3 d'])
    expect(matchesOf(ends(both), 'c z a1 a2 a3 d')).toEqual([])
    expect(matchesOf(ends(both.optional()), 'c a1 a2 a3 z d')).toEqual(['c a1 a2 a3 d'])
    expect(matchesOf(ends(both.optional()), 'c z a1 a2 a3 d')).toEqual(['c d'])
    // An event that has passed by before changes nothing.
    expect(matchesOf(ends(both), 'c a1 x z a2 d')).toEqual(['c a1 d'])
  })
})

describe('until()', () => {
  it('gives the results of the documentation', () => {
    const loop = start.begin('a').where(is('a')).oneOrMore().until(is('b'))
    expect(matchesOf(loop, 'a1 c a2 b a3')).toEqual(['a1', 'a1 a2', 'a2', 'a3'])
  })

  const upTo = (letter: { id: string }) => letter.id === 'a9'
  const middle = c.followedBy('a').where(is('a')).oneOrMore()
  const any = c.followedByAny('a').where(is('a')).oneOrMore()

  it('ends the loop and lets the next stage take the event', () => {
    const end = (loop: typeof middle) => loop.until(upTo).followedBy('end').where(upTo)
    expect(run(end(middle), 'c a1 a2 a9 a10')).toMatchObject({
      matches: ['c a1 a2 a9', 'c a1 a9'],
      empty: true,
    })
    expect(run(end(middle.allowCombinations()), 'c a1 a2 a3 a9 a10')).toMatchObject({
      matches: ['c a1 a2 a3 a9', 'c a1 a2 a9', 'c a1 a3 a9', 'c a1 a9'],
      empty: true,
    })
    expect(run(end(middle.consecutive()), 'c a1 a2 a9 a10')).toMatchObject({
      matches: ['c a1 a2 a9', 'c a1 a9'],
      empty: true,
    })
    expect(run(end(middle.optional()), 'c a1 a2 a9 a10')).toMatchObject({
      matches: ['c a1 a2 a9', 'c a1 a9', 'c a9'],
      empty: true,
    })
    expect(run(end(middle.optional().allowCombinations()), 'c a1 a2 a3 a9 a10')).toMatchObject({
      matches: ['c a1 a2 a3 a9', 'c a1 a2 a9', 'c a1 a3 a9', 'c a1 a9', 'c a9'],
      empty: true,
    })
  })

  it('ends a loop, but not one that has yet to begin', () => {
    expect(matchesOf(any.until(upTo), 'c a1 a2 a9 a10')).toEqual([
      'c a1',
      'c a1 a2',
      'c a2',
      'c a10',
    ])
    expect(matchesOf(any.optional().until(upTo), 'c a1 a2 a9 a10')).toEqual([
      'c',
      'c a1',
      'c a1 a2',
      'c a2',
      'c a10',
    ])
  })

  it('needs no condition beside it', () => {
    const loop = c.followedBy('x').oneOrMore().until(upTo)
    expect(run(loop, 'c a1 a2 d a9 a10')).toMatchObject({
      matches: ['c a1', 'c a1 a2', 'c a1 a2 d'],
      empty: true,
    })
  })
})
