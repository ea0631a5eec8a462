import { describe, expect, it } from 'vitest'
import { is, type Letter, letters, spell, start } from './fixtures/letters.ts'
import type { Pattern } from './pattern.ts'
import { compilePattern, type PatternOutput } from './pattern-machine.ts'

/** A machine with its state, for the events of one key. */
function feeder<M>(pattern: Pattern<Letter, M>) {
  const machine = compilePattern(pattern)
  const state = machine.createState()
  const matches: M[] = []
  const output: PatternOutput<M> = { match: (match) => matches.push(match) }
  const feed = (text: string) => {
    for (const letter of letters(text)) machine.advance(state, letter, letter.at, output)
  }
  return { machine, state, matches, feed }
}

describe('conditions', () => {
  it('see the events taken so far, and the time', () => {
    const seen: unknown[] = []
    const pattern = start
      .begin('a')
      .where(is('a'))
      .followedBy('b')
      .where((letter, ctx) => {
        const { matched, timestamp } = ctx
        seen.push([letter.id, spell(matched), ctx.last('a')?.id, ctx.last('b')?.id, timestamp])
        return letter.kind === 'b'
      })
      .oneOrMore()
    feeder(pattern).feed('a@10 b1@20 b2@30')
    expect(seen).toEqual([
      ['b1', 'a', 'a', undefined, 20],
      ['b2', 'a b1', 'a', 'b1', 30],
    ])
  })

  it('see the last event of each stage, however long the stages behind it are', () => {
    const seen: unknown[] = []
    const pattern = start
      .begin('a')
      .where(is('a'))
      .times(2)
      .followedBy('x')
      .where(is('x'))
      .optional()
      .followedBy('b')
      .where(is('b'))
      .times(3)
      .followedBy('c')
      .where((letter, ctx) => {
        if (letter.kind !== 'c') return false
        seen.push([ctx.last('a'), ctx.last('x'), ctx.last('b')].map((last) => last?.id))
        return true
      })
    const { feed } = feeder(pattern)
    feed('a1 a2 b1 b2 b3 c a3 a4 x b4 b5 b6 c')
    expect(seen).toContainEqual(['a2', undefined, 'b3'])
    expect(seen).toContainEqual(['a4', 'x', 'b6'])
  })

  it('of one parameter are asked once for an event, others once for a path', () => {
    let simple = 0
    let perPath = 0
    const pattern = start
      .begin('a')
      .where(is('a'))
      .followedByAny('b')
      .where((letter) => {
        simple++
        return letter.kind === 'b'
      })
      .where((_letter, ctx) => {
        perPath++
        return ctx.matched.a.length === 1
      })
      .oneOrMore()
      .greedy()
      .followedBy('c')
      .where(is('c'))
    const { feed } = feeder(pattern)
    feed('a1 a2 a3')
    simple = 0
    feed('b1')
    expect([simple, perPath]).toEqual([1, 3])
    feed('x')
    expect([simple, perPath]).toEqual([2, 3])
  })

  it('that throw leave the state as it was: the event can be taken again, or left out', () => {
    let broken = false
    const pattern = start
      .begin('a')
      .where(is('a'))
      .followedByAny('b')
      .where((letter, { matched }) => {
        if (broken && matched.a[0].id === 'a2') throw new Error('broken')
        return letter.kind === 'b'
      })
    const { state, matches, feed } = feeder(pattern)
    feed('a1 a2')
    const before = structuredClone(state)
    broken = true
    expect(() => feed('b1')).toThrow('broken')
    expect(state).toEqual(before)
    broken = false
    feed('b2')
    expect(matches.map(spell)).toEqual(['a1 b2', 'a2 b2'])
  })

  it('that return a promise fail', () => {
    const pattern = start.begin('a').where(async () => true)
    expect(() => feeder(pattern).feed('a')).toThrow(
      expect.objectContaining({ code: 'SAGE_PROMISE' }),
    )
  })
})

describe('a match', () => {
  it('has an array for each stage that takes events, and its own copies of them', () => {
    const pattern = start
      .begin('a')
      .where(is('a'))
      .notNext('not')
      .where(is('x'))
      .followedBy('maybe')
      .where(is('m'))
      .optional()
      .followedByAny('b')
      .where(is('b'))
    const { matches, feed } = feeder(pattern)
    feed('a b1')
    expect(matches).toEqual([{ a: letters('a@1'), maybe: [], b: letters('b1@2') }])
    const [first] = matches as Record<string, { id: string }[]>[]
    first.a[0].id = 'changed'
    first.a.push({ id: 'more' })
    feed('b2')
    expect(matches.slice(1).map(spell)).toEqual(['a b2'])
  })

  it('may have stages of any name', () => {
    const pattern = start.begin('__proto__').where(is('a')).next('constructor').where(is('b'))
    const { matches, feed } = feeder(pattern)
    feed('a b')
    expect(Object.keys(matches[0] as object)).toEqual(['__proto__', 'constructor'])
    expect(spell(matches[0])).toBe('a b')
  })
})

describe('the state', () => {
  it('is empty when nothing is under way, and as small as a new one', () => {
    const pattern = start.begin('a').where(is('a')).next('b').where(is('b'))
    const { machine, state, feed } = feeder(pattern)
    feed('x y')
    expect(state).toEqual(machine.createState())
    feed('a1 a2')
    expect(machine.isEmpty(state)).toBe(false)
    feed('x')
    expect(machine.isEmpty(state)).toBe(true)
    expect(state).toEqual(machine.createState())
  })

  it('keeps each event once, whatever the number of partial matches', () => {
    const pattern = start.begin('a').where(is('a')).oneOrMore().followedBy('b').where(is('b'))
    const { state, feed } = feeder(pattern)
    feed('a1 a2 a3 a4 a5')
    expect(state.partials).toHaveLength(20)
    expect(state.buffer.values).toHaveLength(5)
    expect(state.buffer.nodes).toHaveLength(15 * 5)
  })

  it('does not grow with what is over', () => {
    const pattern = start.begin('a').where(is('a')).followedBy('b').where(is('b')).within(3)
    const { state, feed } = feeder(pattern)
    const text = Array.from({ length: 500 }, (_, i) => `a${i}@${i} x@${i}`).join(' ')
    feed(text)
    expect(state.partials).toHaveLength(3)
    expect(state.buffer.values.length).toBeLessThanOrEqual(4)
  })

  it('counts as far as a stage may', () => {
    const pattern = start.begin('a').where(is('a')).times(1000).next('b').skipPastLastEvent()
    const { state, matches, feed } = feeder(pattern)
    const many = Array.from({ length: 1000 }, () => 'a').join(' ')
    feed(many)
    expect(state.partials).toHaveLength(1000)
    feed('b@2000')
    expect(matches.map(spell)).toEqual([`${many} b`])
    compilePattern(start.begin('a').times(10_000).notNext('b').next('c').times(1, 10_000))
  })

  it('is compiled in no time for many greedy stages that may be passed over', () => {
    let pattern: Pattern<Letter, any> & { followedBy: any } = start.begin('first').where(is('a'))
    for (let i = 0; i < 20; i++) {
      pattern = pattern
        .followedBy(`loop${i}`)
        .where(is(`l${i}x`))
        .oneOrMore()
        .greedy()
        .optional()
    }
    const { matches, feed } = feeder(pattern.followedBy('last').where(is('z')))
    feed('a l3x l3x l7x z')
    expect(matches.map(spell)).toEqual(['a l3x l3x l7x z'])
  })
})
