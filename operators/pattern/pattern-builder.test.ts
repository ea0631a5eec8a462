import { describe, expect, it } from 'vitest'
import { is, matchesOf, start } from './fixtures/letters.ts'
import type { Pattern } from './pattern.ts'
import { compilePattern } from './pattern-machine.ts'

const a = start.begin('a').where(is('a'))
const some = a.followedBy('b').oneOrMore()
const not = a.notNext('b')

/** Expects `SAGE_OPTION` with this text. */
function refuses(build: () => unknown, text: string) {
  expect(build).toThrow(expect.objectContaining({ code: 'SAGE_OPTION', message: text }))
}

describe('a pattern refuses', () => {
  const untyped = (pattern: unknown) => pattern as any

  it('names', () => {
    const own = "pattern: followedBy: expected a name of its own for each stage, got 'a' again"
    refuses(() => a.followedBy('a'), own)
    refuses(
      () => a.notNext('b').next('b'),
      own.replace('followedBy', 'next').replaceAll("'a'", "'b'"),
    )
    const name = "expected the stage's name, a string that is not empty"
    refuses(() => start.begin(''), `pattern: begin: ${name}, got ""`)
    refuses(() => untyped(start).begin(), `pattern: begin: ${name}, got undefined`)
    refuses(() => untyped(a).notFollowedBy(7), `pattern: notFollowedBy: ${name}, got 7`)
  })

  it('what is no condition', () => {
    refuses(() => untyped(a).where(1), "pattern: stage 'a': where: expected a function, got 1")
    refuses(
      () => untyped(a).or(class A {}),
      "pattern: stage 'a': or: expected a function, got function A",
    )
    refuses(
      () => untyped(some).until(),
      "pattern: stage 'b': until: expected a function, got undefined",
    )
  })

  it('counts', () => {
    const times = (text: string) =>
      `pattern: stage 'a': times: expected a whole number from ${text}`
    refuses(() => a.times(0), times('1 to 10000, got 0'))
    refuses(() => a.times(1.5), times('1 to 10000, got 1.5'))
    refuses(() => untyped(a).times('2'), times('1 to 10000, got "2"'))
    refuses(() => untyped(a).times(), times('1 to 10000, got undefined'))
    refuses(() => a.times(3, 2), times('3 to 10000, got 2'))
    refuses(() => a.times(-1, 2), times('0 to 10000, got -1'))
    refuses(() => a.times(0, 0), times('1 to 10000, got 0'))
    refuses(() => a.times(1, Infinity), times('1 to 10000, got Infinity'))
    refuses(() => a.times(10_001), times('1 to 10000, got 10001'))
    refuses(
      () => a.timesOrMore(0),
      "pattern: stage 'a': timesOrMore: expected a whole number from 1 to 10000, got 0",
    )
  })

  it('quantifiers that do not go together', () => {
    refuses(() => some.times(2), "pattern: stage 'b': times: expected one quantifier for a stage")
    refuses(() => a.optional().optional(), "pattern: stage 'a': optional: expected it once")
    const behind = 'expected it behind oneOrMore, times or timesOrMore'
    refuses(() => a.greedy(), `pattern: stage 'a': greedy: ${behind}`)
    refuses(() => a.consecutive(), `pattern: stage 'a': consecutive: ${behind}`)
    refuses(() => a.allowCombinations(), `pattern: stage 'a': allowCombinations: ${behind}`)
    const either = 'expected either consecutive() or allowCombinations(), once'
    refuses(
      () => some.consecutive().allowCombinations(),
      `pattern: stage 'b': allowCombinations: ${either}`,
    )
    const greedy = 'expected either greedy() or allowCombinations(), not both'
    refuses(
      () => some.greedy().allowCombinations(),
      `pattern: stage 'b': allowCombinations: ${greedy}`,
    )
    refuses(() => some.allowCombinations().greedy(), `pattern: stage 'b': greedy: ${greedy}`)
    const until = 'expected it once, behind oneOrMore or timesOrMore'
    refuses(() => a.times(2).until(is('c')), `pattern: stage 'a': until: ${until}`)
    refuses(() => some.until(is('c')).until(is('d')), `pattern: stage 'b': until: ${until}`)
  })

  it.each(['optional', 'greedy', 'consecutive', 'allowCombinations', 'oneOrMore'])(
    '%s of a not-pattern',
    (method) => {
      refuses(
        () => untyped(not)[method](),
        `pattern: stage 'b': ${method}: expected a stage that takes events, got notNext`,
      )
    },
  )

  it('not-patterns where they cannot be', () => {
    refuses(
      () => a.optional().notFollowedBy('b'),
      "pattern: notFollowedBy('b'): expected to follow a stage that takes an event, got the optional 'a'",
    )
    const end = a.notFollowedBy('b').where(is('b'))
    const message =
      "pattern: notFollowedBy('b') at the end: expected within(…), which says when the match is complete"
    refuses(() => compilePattern(end), message)
    refuses(() => compilePattern(end.notNext('c')), message)
    compilePattern(end.within(1))
    compilePattern(end.next('c'))
  })

  it('time limits', () => {
    const finite = 'pattern: within: expected a finite duration > 0, got'
    refuses(() => a.within(0), `${finite} 0`)
    refuses(() => a.within(Infinity), `${finite} Infinity`)
    expect(() => a.within(-1)).toThrow(/pattern: within: expected a duration.*got -1$/)
    expect(() => untyped(a).within('soon')).toThrow(
      /pattern: within: expected a duration.*got "soon"$/,
    )
  })

  it('skip strategies', () => {
    const stage = 'expected a stage so far, of a, c, got'
    const pattern = a.notNext('b').next('c')
    refuses(() => untyped(pattern).skipToFirst('x'), `pattern: skipToFirst: ${stage} "x"`)
    refuses(() => untyped(pattern).skipToLast('b'), `pattern: skipToLast: ${stage} "b"`)
    refuses(
      () => pattern.skipToNext().noSkip(),
      'pattern: noSkip: expected one skip strategy, got skipToNext before it',
    )
  })

  it('what is no pattern', () => {
    const expected = "pattern: expected a pattern, as begin('a') starts it, got"
    refuses(() => compilePattern(start as unknown as Pattern<any, any>), `${expected} an empty one`)
    refuses(() => compilePattern(undefined as any), `${expected} undefined`)
    refuses(() => compilePattern({} as any), `${expected} {}`)
  })
})

describe('a pattern', () => {
  it('never changes', () => {
    const first = a.followedBy('b').where(is('b'))
    const more = first.oneOrMore().followedBy('c').where(is('c'))
    expect(matchesOf(first, 'a b1 b2')).toEqual(['a b1'])
    expect(matchesOf(more, 'a b1 b2 c')).toEqual(['a b1 b2 c', 'a b1 c'])
  })

  it('joins conditions from left to right', () => {
    const both = start.begin('x').where(is('a', 'b')).where(is('b', 'c'))
    expect(matchesOf(both, 'a b c d')).toEqual(['b'])
    expect(matchesOf(both.or(is('d')), 'a b c d')).toEqual(['b', 'd'])
    expect(matchesOf(both.or(is('d')).where(is('d')), 'a b c d')).toEqual(['d'])
    expect(matchesOf(start.begin('x').or(is('d')), 'a b c d')).toEqual(['d'])
  })

  it('says its structure', () => {
    const pattern = start
      .begin('a')
      .next('b')
      .oneOrMore()
      .until(is('x'))
      .consecutive()
      .greedy()
      .notNext('c')
      .followedByAny('d')
      .times(0, 2)
      .allowCombinations()
      .followedBy('e')
      .timesOrMore(2)
      .skipToLast('b')
      .within('1s')
    expect(compilePattern(pattern).structure).toBe(
      'begin("a").next("b").timesOrMore(1).consecutive().greedy().until().notNext("c")' +
        '.followedByAny("d").times(1, 2).allowCombinations().optional()' +
        '.followedBy("e").timesOrMore(2).within(1000).skipToLast("b")',
    )
  })
})
