import { describe, expect, it } from 'vitest'
import { is, run, start } from './fixtures/letters.ts'

const a = start.begin('a').where(is('a'))
const ab = a.followedBy('b').where(is('b'))

describe('within', () => {
  it.each([
    ['b@19', ['a b'], []],
    ['b@20', [], ['a']],
    ['b@21', [], ['a']],
  ])('counts from the first event to the last, exclusive: %s', (b, matches, timedOut) => {
    const outcome = run(ab.within(10), `a@10 ${b}`, 50)
    expect(outcome).toMatchObject({ matches, timedOut, empty: true })
  })

  it.each([
    [19, []],
    [20, ['a']],
    [21, ['a']],
  ])('a partial match is timed out by %i', (now, timedOut) => {
    expect(run(ab.within(10), 'a@10', now)).toMatchObject({ timedOut })
  })

  it('tells the time limit with what is timed out', () => {
    expect(run(ab.within('10ms'), 'a1@1 a2@2 x@5', 1000)).toEqual({
      matches: [],
      timedOut: ['a1', 'a2'],
      times: [11, 12],
      empty: true,
    })
  })

  it('takes the shortest of several', () => {
    expect(run(ab.within(10).within(5).within(7), 'a@10 b@15', 50).matches).toEqual([])
    expect(run(ab.within(10).within(5).within(7), 'a@10 b@14', 50).matches).toEqual(['a b'])
  })

  it('tells partial matches of the same events once', () => {
    const loop = a.followedBy('b').where(is('b')).optional().followedBy('c').where(is('c'))
    expect(run(loop.within(10), 'a@1 x@2', 50).timedOut).toEqual(['a'])
    const two = loop.oneOrMore().followedBy('d').where(is('d'))
    expect(run(two.within(10), 'a@1 b@2 c1@3 x@4 c2@5', 50).timedOut).toEqual([
      'a b c1 c2',
      'a b c1',
      'a c1 c2',
      'a c1',
    ])
  })

  it('tells what could have gone on, also when it has matched before', () => {
    const any = a.followedByAny('b').where(is('b')).within(10)
    expect(run(any, 'a@1 b1@2 b2@3', 50)).toMatchObject({
      matches: ['a b1', 'a b2'],
      timedOut: ['a'],
    })
  })

  it('without it nothing is timed out, ever', () => {
    expect(run(ab, 'a1 a2', Infinity)).toMatchObject({ timedOut: [], empty: false })
  })

  it('keeps only what is alive', () => {
    const text = Array.from({ length: 50 }, (_, i) => `a${i}@${i * 20}`).join(' ')
    expect(run(ab.within(10), text, 50 * 20)).toMatchObject({ empty: true })
  })
})
