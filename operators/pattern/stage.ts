/**
 * How the event of a stage must lie behind the event before it, in the words of Flink CEP.
 *
 * - `strict`: directly behind it;
 * - `relaxed`: events that do not satisfy the condition may lie between;
 * - `any`: any events may lie between, so that one match takes the event and another one waits on.
 */
export type Contiguity = 'strict' | 'relaxed' | 'any'

/** A condition as the user wrote it: `(value, ctx) => unknown`. */
export type ConditionFunction = (value: any, ctx: any) => unknown

/** One condition of a stage, and how it is joined to those before it. */
export interface Term {
  readonly join: 'and' | 'or'
  readonly fn: ConditionFunction
}

/** The conditions of a stage, joined from left to right. Empty: every event satisfies them. */
export type Condition = readonly Term[]

/** One stage of a pattern. */
export interface Stage {
  /** `notNext` and `notFollowedBy` take no events: they end partial matches. */
  readonly kind: 'taking' | 'notNext' | 'notFollowedBy'
  readonly name: string
  /** To the event of the stage before. */
  readonly contiguity: Contiguity
  readonly condition: Condition
  /** How many events it takes, if it takes any; `max` may be `Infinity`. */
  readonly min: number
  readonly max: number
  /** Whether a quantifier was named; it may be named once. */
  readonly quantified: boolean
  /** Whether it may take none. */
  readonly optional: boolean
  readonly greedy: boolean
  /** Between its own events; undefined: not named, which means `relaxed`. */
  readonly inner: Contiguity | undefined
  /** Once it is satisfied the stage takes no more. Empty: never. */
  readonly until: Condition
}

/** What a match forbids to those that overlap with it. */
export type SkipStrategy =
  | { readonly kind: 'noSkip' | 'skipToNext' | 'skipPastLastEvent' }
  | { readonly kind: 'skipToFirst' | 'skipToLast'; readonly stage: string }

/** A pattern as it was written down. */
export interface PatternDefinition {
  readonly stages: readonly Stage[]
  /** The longest time from the first to the last event, exclusive, in milliseconds; `Infinity` without `within`. */
  readonly within: number
  /** Undefined: not named, which means `noSkip`. */
  readonly skip: SkipStrategy | undefined
}

/** A stage as it is before anything is said about it: it takes one event, whatever it is. */
export function newStage(kind: Stage['kind'], name: string, contiguity: Contiguity): Stage {
  return {
    kind,
    name,
    contiguity,
    condition: [],
    min: 1,
    max: 1,
    quantified: false,
    optional: false,
    greedy: false,
    inner: undefined,
    until: [],
  }
}

/**
 * The structure of a pattern in words, all but the source of its conditions: two patterns of one
 * text have the same machine, and one can go on with the other's state.
 */
export function patternText({ stages, within, skip }: PatternDefinition): string {
  const words = stages.map((stage, index) => {
    const method = index === 0 ? 'begin' : stageMethod(stage)
    return `${method}(${JSON.stringify(stage.name)})${quantifierText(stage)}`
  })
  if (within !== Infinity) words.push(`within(${within})`)
  if (skip !== undefined) {
    words.push(`${skip.kind}(${'stage' in skip ? JSON.stringify(skip.stage) : ''})`)
  }
  return words.join('.')
}

/** The method that adds such a stage behind another one. */
export function stageMethod({ kind, contiguity }: Stage): string {
  if (kind !== 'taking') return kind
  return { strict: 'next', relaxed: 'followedBy', any: 'followedByAny' }[contiguity]
}

function quantifierText({ min, max, quantified, inner, optional, greedy, until }: Stage): string {
  const innerText = { strict: '.consecutive()', relaxed: '', any: '.allowCombinations()' }
  return [
    quantified ? (max === Infinity ? `.timesOrMore(${min})` : `.times(${min}, ${max})`) : '',
    innerText[inner ?? 'relaxed'],
    optional ? '.optional()' : '',
    greedy ? '.greedy()' : '',
    until.length > 0 ? '.until()' : '',
  ].join('')
}
