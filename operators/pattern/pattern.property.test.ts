import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Letter, runMachine, start } from './fixtures/letters.ts'
import {
  type ReferenceCondition,
  type ReferenceMatch,
  ReferenceMatcher,
  type ReferencePattern,
  type ReferenceStage,
  withSkipping,
} from './fixtures/reference-matcher.ts'
import { compilePattern } from './pattern-machine.ts'

const KINDS = ['a', 'b', 'c']
const contiguity = fc.constantFrom('strict', 'relaxed', 'any')

const condition: fc.Arbitrary<ReferenceCondition> = fc.record({
  kinds: fc.subarray(KINDS, { minLength: 1 }),
  fewer: fc.oneof(
    { weight: 4, arbitrary: fc.constant(Infinity) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 3 }) },
  ),
})
const counts = fc.constantFrom(
  [1, 1],
  [1, 1],
  [1, Infinity],
  [1, Infinity],
  [2, 2],
  [2, Infinity],
  [1, 2],
  [2, 3],
)
const nots = fc.oneof(
  { weight: 5, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.array(condition, { minLength: 1, maxLength: 2 }) },
)

const stage = fc
  .record({
    condition,
    contiguity,
    counts,
    optional: fc.boolean(),
    greedy: fc.boolean(),
    inner: contiguity,
    until: fc.option(condition, { nil: undefined, freq: 4 }),
    notNext: nots,
    notFollowedBy: nots,
  })
  .map(({ counts: [min, max], ...rest }): Omit<ReferenceStage, 'name'> => {
    const loop = max === Infinity
    const several = max > 1
    const greedy = rest.greedy && several && rest.inner !== 'any'
    return {
      ...rest,
      min,
      max,
      greedy,
      until: loop ? rest.until : undefined,
      notNext: rest.optional ? [] : rest.notNext,
      notFollowedBy: rest.optional ? [] : rest.notFollowedBy,
    }
  })

const patterns = (within: fc.Arbitrary<number>): fc.Arbitrary<ReferencePattern> =>
  fc
    .record({ stages: fc.array(stage, { minLength: 1, maxLength: 4 }), within })
    .map(({ stages, within }) => ({
      within,
      stages: stages.map((one, i) => ({
        ...one,
        name: `s${i}`,
        // At the end it would need a time limit.
        notFollowedBy: i === stages.length - 1 && within === Infinity ? [] : one.notFollowedBy,
      })),
    }))

const inputs = fc
  .array(fc.record({ kind: fc.constantFrom(...KINDS), gap: fc.integer({ min: 0, max: 3 }) }), {
    maxLength: 8,
  })
  .map((events): Letter[] => {
    let at = 0
    return events.map(({ kind, gap }, i) => {
      at += gap
      return { id: `${kind}${i}`, kind, at }
    })
  })

/** The condition as a user writes it: of one parameter where it needs no more. */
function conditionFor({ kinds, fewer }: ReferenceCondition) {
  if (fewer === Infinity) return (letter: Letter) => kinds.includes(letter.kind)
  return (letter: Letter, ctx: { matched: Record<string, Letter[]> }) =>
    kinds.includes(letter.kind) && Object.values(ctx.matched).flat().length < fewer
}

/** The pattern, built by its methods. */
function built({ stages, within }: ReferencePattern): any {
  let pattern: any = start
  for (const [i, one] of stages.entries()) {
    const method = { strict: 'next', relaxed: 'followedBy', any: 'followedByAny' }[one.contiguity]
    pattern = pattern[i === 0 ? 'begin' : method](one.name).where(conditionFor(one.condition))
    if (one.max === Infinity) pattern = pattern.timesOrMore(one.min)
    else if (one.max > 1) pattern = pattern.times(one.min, one.max)
    if (one.max > 1 && one.inner === 'strict') pattern = pattern.consecutive()
    if (one.max > 1 && one.inner === 'any') pattern = pattern.allowCombinations()
    if (one.greedy) pattern = pattern.greedy()
    if (one.optional) pattern = pattern.optional()
    if (one.until !== undefined) pattern = pattern.until(conditionFor(one.until))
    for (const [n, not] of one.notFollowedBy.entries())
      pattern = pattern.notFollowedBy(`${one.name} f${n}`).where(conditionFor(not))
    for (const [n, not] of one.notNext.entries())
      pattern = pattern.notNext(`${one.name} n${n}`).where(conditionFor(not))
  }
  return within === Infinity ? pattern : pattern.within(within)
}

const textOf = (events: readonly Letter[], path: ReferenceMatch['path']) =>
  path.map(({ event }) => events[event].id).join(' ')

const limits = fc.integer({ min: 1, max: 12 })
const within = fc.oneof(
  { weight: 1, arbitrary: fc.constant(Infinity) },
  { weight: 2, arbitrary: limits },
)

test('the machine finds what the rules allow, in its order', () => {
  fc.assert(
    fc.property(patterns(within), inputs, (pattern, events) => {
      const reference = new ReferenceMatcher(pattern, events)
      const outcome = runMachine(compilePattern(built(pattern)), events, Infinity)
      expect(outcome.matches).toEqual(reference.matches().map(({ path }) => textOf(events, path)))
      expect(outcome.timedOut.toSorted()).toEqual(
        reference
          .timedOut()
          .map((path) => textOf(events, path))
          .toSorted(),
      )
      if (pattern.within !== Infinity) expect(outcome.empty).toBe(true)
    }),
    { numRuns: 3000 },
  )
})

test('skip strategies leave what they do not forbid', () => {
  const strategies = fc.constantFrom('skipToNext', 'skipPastLastEvent', 'skipToFirst', 'skipToLast')
  fc.assert(
    fc.property(
      patterns(limits),
      inputs,
      strategies,
      fc.nat(3),
      (pattern, events, strategy, target) => {
        const stage = target % pattern.stages.length
        const skipping = built(pattern)[strategy](pattern.stages[stage].name)
        const outcome = runMachine(compilePattern(skipping), events, Infinity)
        const bound = (path: ReferenceMatch['path']) => {
          const own = path.filter((step) => step.stage === stage)
          if (strategy === 'skipToNext') return path[0].event + 1
          if (strategy === 'skipPastLastEvent') return path.at(-1)!.event + 1
          return own.at(strategy === 'skipToFirst' ? 0 : -1)?.event ?? -1
        }
        const all = new ReferenceMatcher(pattern, events).matches()
        expect(outcome.matches).toEqual(
          withSkipping(all, bound).map(({ path }) => textOf(events, path)),
        )
        expect(outcome.empty).toBe(true)
      },
    ),
    { numRuns: 2000 },
  )
})
