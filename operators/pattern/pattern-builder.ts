import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'
import { requireLambda } from '../contract/function-form.ts'
import type { Pattern, PatternStart } from './pattern.ts'
import {
  type Condition,
  type Contiguity,
  newStage,
  type PatternDefinition,
  type SkipStrategy,
  type Stage,
  stageMethod,
  type Term,
} from './stage.ts'

/** The machine has a position for each event that a stage must count. */
const MAX_TIMES = 10_000

/** Where patterns start. It has no state: one is enough. */
export const patternStart: PatternStart<any> = {
  begin: (stage: unknown) =>
    new PatternBuilder({
      stages: [newStage('taking', checkName('begin', stage, []), 'strict')],
      within: Infinity,
      skip: undefined,
    }) as any,
}

/**
 * The definition of what the function given to `pattern(…)` returned.
 *
 * @throws StreamError `SAGE_OPTION` when it is no pattern, or one that cannot be as a whole
 */
export function definitionOf(pattern: Pattern<any, any>): PatternDefinition {
  if (!(pattern instanceof PatternBuilder)) {
    const got = (pattern as unknown) === patternStart ? 'an empty one' : describe(pattern)
    throw refused(`expected a pattern, as begin('a') starts it, got ${got}`)
  }
  return pattern.whole()
}

/** The methods of patterns; `pattern.ts` says what they do and gives them types. */
class PatternBuilder {
  readonly #definition: PatternDefinition

  constructor(definition: PatternDefinition) {
    this.#definition = definition
  }

  next(stage: unknown) {
    return this.#append('taking', stage, 'strict')
  }

  followedBy(stage: unknown) {
    return this.#append('taking', stage, 'relaxed')
  }

  followedByAny(stage: unknown) {
    return this.#append('taking', stage, 'any')
  }

  notNext(stage: unknown) {
    return this.#append('notNext', stage, 'strict')
  }

  notFollowedBy(stage: unknown) {
    return this.#append('notFollowedBy', stage, 'relaxed')
  }

  where(condition: unknown) {
    return this.#condition('where', 'and', condition)
  }

  or(condition: unknown) {
    return this.#condition('or', 'or', condition)
  }

  oneOrMore() {
    return this.#quantify('oneOrMore', 1, Infinity)
  }

  timesOrMore(min: unknown) {
    return this.#quantify('timesOrMore', this.#count('timesOrMore', min, 1), Infinity)
  }

  times(...counts: unknown[]) {
    if (counts.length < 2) {
      const count = this.#count('times', counts[0], 1)
      return this.#quantify('times', count, count)
    }
    const min = this.#count('times', counts[0], 0)
    const max = this.#count('times', counts[1], Math.max(min, 1))
    return this.#quantify('times', Math.max(min, 1), max, { optional: min === 0 })
  }

  consecutive() {
    return this.#inner('consecutive', 'strict')
  }

  allowCombinations() {
    return this.#inner('allowCombinations', 'any')
  }

  optional() {
    if (this.#last.optional) throw this.#refused('optional', 'expected it once')
    return this.#change('optional', { optional: true })
  }

  greedy() {
    this.#requireQuantifier('greedy')
    if (this.#last.inner === 'any') throw this.#refused('greedy', GREEDY_COMBINATIONS)
    return this.#change('greedy', { greedy: true })
  }

  until(condition: unknown) {
    requireLambda(condition, this.#place('until'))
    if (this.#last.max !== Infinity || this.#last.until.length > 0) {
      throw this.#refused('until', 'expected it once, behind oneOrMore or timesOrMore')
    }
    return this.#change('until', { until: [{ join: 'and', fn: condition }] })
  }

  within(duration: unknown) {
    const within = durationMs(duration as Duration, 'pattern: within')
    if (!(within > 0 && within < Infinity)) {
      throw refused(`within: expected a finite duration > 0, got ${describe(duration)}`)
    }
    return this.#with({ within: Math.min(within, this.#definition.within) })
  }

  noSkip() {
    return this.#skip({ kind: 'noSkip' })
  }

  skipToNext() {
    return this.#skip({ kind: 'skipToNext' })
  }

  skipPastLastEvent() {
    return this.#skip({ kind: 'skipPastLastEvent' })
  }

  skipToFirst(stage: string) {
    return this.#skip({ kind: 'skipToFirst', stage })
  }

  skipToLast(stage: string) {
    return this.#skip({ kind: 'skipToLast', stage })
  }

  /** The definition, checked as a whole. */
  whole(): PatternDefinition {
    const { stages, within } = this.#definition
    const lastTaking = stages.findLastIndex(({ kind }) => kind === 'taking')
    const waiting = stages.slice(lastTaking + 1).find(({ kind }) => kind === 'notFollowedBy')
    if (waiting !== undefined && within === Infinity) {
      throw refused(
        `notFollowedBy('${waiting.name}') at the end: expected within(…), which says when the match is complete`,
      )
    }
    return this.#definition
  }

  get #last(): Stage {
    return this.#definition.stages.at(-1)!
  }

  #append(kind: Stage['kind'], name: unknown, contiguity: Contiguity): PatternBuilder {
    const { stages } = this.#definition
    const before = this.#last
    const stage = newStage(kind, '', contiguity)
    const checked = checkName(stageMethod(stage), name, stages)
    if (kind !== 'taking' && before.optional) {
      throw refused(
        `${kind}('${checked}'): expected to follow a stage that takes an event, got the optional '${before.name}'`,
      )
    }
    return this.#with({ stages: [...stages, { ...stage, name: checked }] })
  }

  #condition(method: string, join: Term['join'], fn: unknown): PatternBuilder {
    requireLambda(fn, this.#place(method))
    const condition: Condition = [...this.#last.condition, { join, fn }]
    const stages = this.#definition.stages.with(-1, { ...this.#last, condition })
    return this.#with({ stages })
  }

  #quantify(method: string, min: number, max: number, more: Partial<Stage> = {}): PatternBuilder {
    if (this.#last.quantified) throw this.#refused(method, 'expected one quantifier for a stage')
    const optional = this.#last.optional || more.optional === true
    return this.#change(method, { min, max, optional, quantified: true })
  }

  #inner(method: string, inner: Contiguity): PatternBuilder {
    this.#requireQuantifier(method)
    if (this.#last.inner !== undefined) {
      throw this.#refused(method, 'expected either consecutive() or allowCombinations(), once')
    }
    if (inner === 'any' && this.#last.greedy) throw this.#refused(method, GREEDY_COMBINATIONS)
    return this.#change(method, { inner })
  }

  #requireQuantifier(method: string): void {
    if (this.#last.quantified || this.#last.kind !== 'taking') return
    throw this.#refused(method, 'expected it behind oneOrMore, times or timesOrMore')
  }

  #count(method: string, count: unknown, least: number): number {
    const inRange = (count as number) >= least && (count as number) <= MAX_TIMES
    if (Number.isInteger(count) && inRange) return count as number
    const expected = `expected a whole number from ${least} to ${MAX_TIMES}`
    throw this.#refused(method, `${expected}, got ${describe(count)}`)
  }

  #change(method: string, change: Partial<Stage>): PatternBuilder {
    const stage = this.#last
    if (stage.kind !== 'taking') {
      throw this.#refused(method, `expected a stage that takes events, got ${stage.kind}`)
    }
    return this.#with({ stages: this.#definition.stages.with(-1, { ...stage, ...change }) })
  }

  #skip(skip: SkipStrategy): PatternBuilder {
    const { stages, skip: before } = this.#definition
    if (before !== undefined) {
      throw refused(`${skip.kind}: expected one skip strategy, got ${before.kind} before it`)
    }
    const names = stages.filter(({ kind }) => kind === 'taking').map(({ name }) => name)
    if ('stage' in skip && !names.includes(skip.stage)) {
      const got = describe(skip.stage)
      throw refused(`${skip.kind}: expected a stage so far, of ${names.join(', ')}, got ${got}`)
    }
    return this.#with({ skip })
  }

  #with(change: Partial<PatternDefinition>): PatternBuilder {
    return new PatternBuilder({ ...this.#definition, ...change })
  }

  #place(method: string): string {
    return `pattern: stage '${this.#last.name}': ${method}`
  }

  #refused(method: string, text: string): StreamError {
    return new StreamError('SAGE_OPTION', `${this.#place(method)}: ${text}`)
  }
}

const GREEDY_COMBINATIONS = 'expected either greedy() or allowCombinations(), not both'

function refused(text: string): StreamError {
  return new StreamError('SAGE_OPTION', `pattern: ${text}`)
}

function checkName(method: string, name: unknown, stages: readonly Stage[]): string {
  if (typeof name !== 'string' || name === '') {
    throw refused(
      `${method}: expected the stage's name, a string that is not empty, got ${describe(name)}`,
    )
  }
  if (stages.some((stage) => stage.name === name)) {
    throw refused(`${method}: expected a name of its own for each stage, got '${name}' again`)
  }
  return name
}
