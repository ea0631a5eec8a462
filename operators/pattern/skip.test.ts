import { describe, expect, it } from 'vitest'
import { is, type Letter, matchesOf, run, start } from './fixtures/letters.ts'

// The tables of the documentation and the unit tests of Flink CEP, with their results.

describe('b+ c over b1 b2 b3 c', () => {
  const loop = start.begin('b').where(is('b')).oneOrMore().consecutive().greedy()
  const pattern = loop.next('c').where(is('c'))
  const input = 'b1 b2 b3 c'

  it.each([
    ['the default', pattern, ['b1 b2 b3 c', 'b2 b3 c', 'b3 c']],
    ['noSkip', pattern.noSkip(), ['b1 b2 b3 c', 'b2 b3 c', 'b3 c']],
    ['skipToNext', pattern.skipToNext(), ['b1 b2 b3 c', 'b2 b3 c', 'b3 c']],
    ['skipPastLastEvent', pattern.skipPastLastEvent(), ['b1 b2 b3 c']],
    ['skipToFirst(b)', pattern.skipToFirst('b'), ['b1 b2 b3 c', 'b2 b3 c', 'b3 c']],
    ['skipToLast(b)', pattern.skipToLast('b'), ['b1 b2 b3 c', 'b3 c']],
  ])('%s', (_, skipping, expected) => {
    expect(matchesOf(skipping, input)).toEqual(expected)
  })
})

describe('(a|b|c) (b|c) c+.greedy d over a b c1 c2 c3 d', () => {
  const two = start
    .begin('abc')
    .where(is('a', 'b', 'c'))
    .followedBy('bc')
    .where(is('b', 'c'))
  const loop = two.followedBy('c').where(is('c')).oneOrMore().greedy()
  const pattern = loop.followedBy('d').where(is('d'))
  const input = 'a b c1 c2 c3 d'

  it('noSkip', () => {
    expect(matchesOf(pattern.noSkip(), input)).toEqual([
      'a b c1 c2 c3 d',
      'b c1 c2 c3 d',
      'c1 c2 c3 d',
    ])
  })

  it('skipToFirst(c)', () => {
    expect(matchesOf(pattern.skipToFirst('c'), input)).toEqual(['a b c1 c2 c3 d', 'c1 c2 c3 d'])
  })
})

describe('a b+ over a b1 b2 b3', () => {
  const pattern = start.begin('a').where(is('a')).next('b').where(is('b')).oneOrMore()

  it('noSkip and skipToNext', () => {
    expect(matchesOf(pattern.noSkip(), 'a b1 b2 b3')).toEqual(['a b1', 'a b1 b2', 'a b1 b2 b3'])
    expect(matchesOf(pattern.skipToNext(), 'a b1 b2 b3')).toEqual(['a b1'])
  })

  it('skipToFirst and skipToLast', () => {
    const strict = pattern.consecutive()
    const expected = ['a1 b1', 'a2 b2', 'a3 b4']
    expect(matchesOf(strict.skipToFirst('b'), 'a1 b1 a2 b2 b3 a3 b4')).toEqual(expected)
    expect(matchesOf(strict.skipToLast('b'), 'a1 b1 a2 b2 b3 a3 b4')).toEqual(expected)
  })
})

describe('skip strategies', () => {
  const a3 = start.begin('a').where(is('a')).times(3)
  const has = (text: string) => (letter: Letter) => letter.kind.includes(text)

  it('past the last of three', () => {
    expect(run(a3.skipPastLastEvent(), 'a1 a2 a3 a4 a5 a6')).toMatchObject({
      matches: ['a1 a2 a3', 'a4 a5 a6'],
      empty: true,
    })
    expect(run(start.begin('x').times(2).skipPastLastEvent(), 'a1 a2 a3 a4')).toMatchObject({
      matches: ['a1 a2', 'a3 a4'],
      empty: true,
    })
  })

  it('to next, where one begins several', () => {
    const any = start.begin('a').where(is('a')).followedByAny('b').where(is('b'))
    expect(matchesOf(any.noSkip(), 'a1 b1 a2 b2')).toEqual(['a1 b1', 'a1 b2', 'a2 b2'])
    expect(matchesOf(any.skipToNext(), 'a1 b1 a2 b2')).toEqual(['a1 b1', 'a2 b2'])
  })

  it('to the first or last event of a later stage', () => {
    const two = start.begin('a').where(has('a')).times(2).next('b').where(has('b')).times(2)
    expect(matchesOf(two.skipToFirst('b'), 'ab1 ab2 ab3 ab4 ab5 ab6')).toEqual([
      'ab1 ab2 ab3 ab4',
      'ab3 ab4 ab5 ab6',
    ])
    expect(matchesOf(two.skipToLast('b'), 'ab1 ab2 ab3 ab4 ab5 ab6 ab7')).toEqual([
      'ab1 ab2 ab3 ab4',
      'ab4 ab5 ab6 ab7',
    ])
  })

  it('past the last prefers the earliest events', () => {
    const four = start
      .begin('a')
      .where(is('a'))
      .followedByAny('b')
      .where(is('b'))
      .followedByAny('c')
      .where(is('c'))
      .followedBy('d')
      .where(is('d'))
      .skipPastLastEvent()
    expect(matchesOf(four, 'a1 a2 b1 b2 c1 c2 d1 d2')).toEqual(['a1 b1 c1 d1'])
  })

  it('a broken match does not hold up the next one', () => {
    const two = start.begin('a').where(is('a')).next('b').where(is('b')).skipPastLastEvent()
    expect(matchesOf(two, 'a1 c a2 b2')).toEqual(['a2 b2'])
  })

  it('to a stage that took nothing is no skip', () => {
    const some = start.begin('a').where(is('a')).next('b').where(is('b')).oneOrMore().optional()
    const end = some.consecutive().next('c').where(is('c'))
    expect(matchesOf(end.skipToFirst('b'), 'a c')).toEqual(['a c'])
    expect(matchesOf(end.skipToLast('b'), 'a c')).toEqual(['a c'])
  })

  it('a complete match waits for those that began before it', () => {
    const pattern = start
      .begin('a')
      .where(is('a'))
      .followedBy('c')
      .where(is('c'))
      .followedBy('b')
      .where(
        (letter, { matched }) => letter.kind === 'b' && letter.id.at(1) === matched.a[0].id.at(1),
      )
      .skipToFirst('c')
    // Complete first is a2 c2 b2; a1 c1 b1 began before it, and forbids only what began before c1.
    expect(run(pattern, 'a1 c1 a2 c2 b2 b1')).toMatchObject({
      matches: ['a1 c1 b1', 'a2 c2 b2'],
      times: [6, 6],
      empty: true,
    })
    expect(run(pattern, 'a1 c1 a2 c2 b2')).toMatchObject({ matches: [], empty: false })
    expect(run(pattern.within(100), 'a1 c1 a2 c2 b2', 102)).toEqual({
      matches: ['a2 c2 b2'],
      timedOut: ['a1 c1'],
      times: [101, 101],
      empty: true,
    })
  })

  it('the result does not depend on how often time is told', () => {
    const pattern = start
      .begin('a')
      .where(is('a'))
      .followedByAny('b')
      .where(
        (letter, { matched }) => letter.kind === 'b' && letter.id.at(1) === matched.a[0].id.at(1),
      )
      .skipPastLastEvent()
      .within(10)
    // When a1 is timed out, a2 b2 can be told: it forbids a3, which is then not timed out.
    const once = run(pattern, 'a1@1 a2@2 a3@3 b2@4', 1000)
    expect(once).toMatchObject({ matches: ['a2 b2'], timedOut: ['a1'], times: [11, 11] })
    expect(run(pattern, 'a1@1 a2@2 a3@3 b2@4 x@11 x@12', 1000)).toEqual(once)
  })

  it('notFollowedBy at the end', () => {
    const pattern = start
      .begin('a')
      .where(is('a'))
      .oneOrMore()
      .allowCombinations()
      .followedBy('c')
      .where(is('c'))
      .notFollowedBy('b')
      .where(is('b'))
      .within(5)
      .skipPastLastEvent()
    expect(run(pattern, 'a1 a2 a3 c1', 100)).toMatchObject({
      matches: ['a1 a2 a3 c1'],
      empty: true,
    })
  })
})
