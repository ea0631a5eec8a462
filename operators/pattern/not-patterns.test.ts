import { describe, expect, it } from 'vitest'
import { is, matchesOf, run, start } from './fixtures/letters.ts'

// The unit tests of Flink CEP for not-patterns, with their results.

const a = start.begin('a').where(is('a'))
const notB = a.notFollowedBy('not b').where(is('b'))

describe('notNext', () => {
  const not = a.notNext('not b').where(is('b'))

  it('looks at the next event only', () => {
    const any = not.followedByAny('c').where(is('c')).followedBy('d').where(is('d'))
    expect(matchesOf(any, 'a c1 b c2 d')).toEqual(['a c1 d', 'a c2 d'])
    const first = not.followedBy('c').where(is('c')).followedBy('d').where(is('d'))
    expect(run(first, 'a b c1 c2 d')).toMatchObject({ matches: [], empty: true })
  })

  it('at the end completes the match with the next event', () => {
    const end = a.followedByAny('d').where(is('d')).notNext('not b').where(is('b'))
    expect(matchesOf(end, 'a c d b')).toEqual([])
    expect(matchesOf(end, 'a c d')).toEqual([])
    expect(matchesOf(end, 'a c d1 x d2 b')).toEqual(['a d1'])
    expect(run(a.notNext('not b').where(is('b')), 'a1 a2 b c')).toMatchObject({
      matches: ['a1'],
      empty: true,
    })
  })

  it('behind a loop', () => {
    const tail = (pattern: typeof any) =>
      pattern.oneOrMore().notNext('not c').where(is('c')).followedBy('d').where(is('d'))
    const any = a.followedByAny('b').where(is('b'))
    expect(matchesOf(tail(a.followedBy('b').where(is('b'))), 'a b1 c b2 d')).toEqual([])
    expect(matchesOf(tail(any), 'a b1 c b2 d')).toEqual(['a b2 d'])
  })

  it('without a condition is any event', () => {
    expect(matchesOf(a.notNext('none').followedBy('b').where(is('b')), 'a b')).toEqual([])
  })
})

describe('notFollowedBy', () => {
  const end = notB.followedByAny('c').where(is('c'))

  it('ends what the event comes into', () => {
    expect(matchesOf(end.followedBy('d').where(is('d')), 'a c1 b c2 d')).toEqual(['a c1 d'])
    const first = notB.followedBy('c').where(is('c')).followedBy('d').where(is('d'))
    expect(matchesOf(first, 'a1 b c1 a2 c2 d')).toEqual(['a2 c2 d'])
  })

  it('before an optional stage holds until that or the next one is taken', () => {
    expect(matchesOf(end.optional().followedBy('d').where(is('d')), 'a c1 b c2 d')).toEqual([
      'a c1 d',
    ])
    expect(matchesOf(end.optional(), 'a c1 b c2')).toEqual(['a', 'a c1'])
    const twice = end.times(2).optional().followedBy('d').where(is('d'))
    expect(matchesOf(twice, 'a c1 b c2 d')).toEqual(['a c1 c2 d'])
    expect(matchesOf(twice, 'a d1 e b c1 c2 d2')).toEqual(['a d1'])
  })

  it('behind a stage of several events holds from its first on', () => {
    const twice = a.followedByAny('b').where(is('b')).times(2)
    const not = twice.notFollowedBy('not c').where(is('c')).followedBy('d').where(is('d'))
    expect(matchesOf(not, 'a b1 c b2 d')).toEqual([])
    expect(matchesOf(not, 'a d1 e b1 b2 c d2')).toEqual([])
    expect(matchesOf(not, 'a c b1 b2 d')).toEqual(['a b1 b2 d'])
  })

  const input = 'a b1 b2 b3 c b4 b5 b6 d'
  const behind = (loop: typeof followed) =>
    matchesOf(loop.notFollowedBy('not c').where(is('c')).followedBy('d').where(is('d')), input)
  const followed = a.followedBy('b').where(is('b')).oneOrMore()
  const any = a.followedByAny('b').where(is('b')).oneOrMore()

  it('behind a loop', () => {
    expect(behind(followed)).toEqual([])
    expect(behind(followed.allowCombinations())).toEqual([])
    const eager = ['a b4 b5 b6 d', 'a b4 b5 d', 'a b4 d', 'a b5 b6 d', 'a b5 d', 'a b6 d']
    expect(behind(any)).toEqual(eager)
    expect(behind(any.allowCombinations()).toSorted()).toEqual([...eager, 'a b4 b6 d'].toSorted())
  })

  it('before a loop', () => {
    const before = 'a b1 c b4 b5 b6 d'
    const eager = ['a b1 b4 b5 b6 d', 'a b1 b4 b5 d', 'a b1 b4 d', 'a b1 d']
    const all = [...eager, 'a b1 b4 b6 d', 'a b1 b5 b6 d', 'a b1 b5 d', 'a b1 b6 d']
    const not = a.notFollowedBy('not c').where(is('c'))
    for (const first of [not.followedBy('b'), not.followedByAny('b')]) {
      const loop = first.where(is('b')).oneOrMore()
      for (const some of [loop, loop.optional()]) {
        expect(matchesOf(some.followedBy('d').where(is('d')), before)).toEqual(eager)
        const combined = some.allowCombinations().followedBy('d').where(is('d'))
        expect(matchesOf(combined, before).toSorted()).toEqual(all.toSorted())
      }
    }
  })

  it('an event that completes the match does so, whatever else it is', () => {
    const both = a.notFollowedBy('not b').where(is('b')).followedBy('end').where(is('b', 'c'))
    expect(matchesOf(both, 'a1 b a2 c')).toEqual(['a1 b', 'a2 c'])
    expect(matchesOf(both.followedBy('d').where(is('d')), 'a1 b d')).toEqual([])
  })

  it('several of them', () => {
    const not = a.notNext('x').where(is('x')).notFollowedBy('y').where(is('y'))
    const two = not.notFollowedBy('z').where(is('z')).followedBy('b').where(is('b'))
    expect(matchesOf(two, 'a1 b1 a2 x b2 a3 y b3 a4 z b4 a5 c x b5')).toEqual(['a1 b1', 'a5 b5'])
  })
})

describe('notFollowedBy at the end', () => {
  const end = notB.within(3)

  it('is complete when the time is over', () => {
    expect(run(end, 'a1@1 b1@2 a2@4 c@5 b2@10 a3@11 b3@13', 100)).toEqual({
      matches: ['a2'],
      timedOut: [],
      times: [7],
      empty: true,
    })
  })

  it('at the limit itself it is too late to forbid', () => {
    expect(run(end, 'a1@1 b@3', 100).matches).toEqual([])
    expect(run(end, 'a1@1 b@4', 100)).toMatchObject({ matches: ['a1'], times: [4] })
    expect(run(end, 'a1@1', 3).matches).toEqual([])
    expect(run(end, 'a1@1', 4)).toMatchObject({ matches: ['a1'], times: [4] })
  })

  it('behind an optional end nothing waits', () => {
    const optional = notB.followedBy('c').where(is('c')).times(0, 2).within(3)
    const input = 'a1@1 b@2 a2@10 c1@11 c2@12 a3@20 c3@21 c4@24'
    expect(matchesOf(optional, input).toSorted()).toEqual(
      ['a1', 'a2', 'a2 c1', 'a2 c1 c2', 'a3', 'a3 c3'].toSorted(),
    )
  })

  it('together with notNext', () => {
    const both = end.notNext('not c').where(is('c'))
    expect(run(both, 'a1@1 c@2 a2@10 x@11 c@12', 100).matches).toEqual(['a2'])
  })

  it('longer matches come first', () => {
    const loop = a.followedBy('c').where(is('c')).oneOrMore().notFollowedBy('b').where(is('b'))
    expect(run(loop.within(5), 'a@1 c1@2 c2@3', 100).matches).toEqual(['a c1 c2', 'a c1'])
  })
})
