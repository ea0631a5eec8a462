import type { Condition, Contiguity, PatternDefinition, Stage } from './stage.ts'

/** In place of a position: the match is complete. */
export const COMPLETE = -1

/** One condition function, and its answer where it has already been asked. */
export interface Test {
  readonly fn: (value: any, ctx: any) => unknown
  /** Joined by `or` to those before it, else by `and`. */
  readonly isOr: boolean
  /** Whether it looks at the event alone: its answer is the same for all partial matches. */
  readonly simple: boolean
  /** For which question `answer` is the answer: a number that the machine gives to it. */
  asked: number
  answer: boolean
}

export type Tests = readonly Test[]

/** What a greedy stage that was left could still take: such events end the match. */
interface Guard {
  readonly stage: number
  readonly take: Tests
  /** Null: without `until`. Once it is satisfied the guard is gone. */
  readonly until: Tests | null
  /** The position without this guard; without `until` this one. */
  readonly released: number
}

/** Where a partial match stands: what it waits for, and what becomes of it with the next event. */
export interface Position {
  /** The stage that takes the next event. Meaningless at the end. */
  readonly stage: number
  /** `stage`: takes an event. `next`: complete with any event. `time`: complete when the time is over. */
  readonly kind: 'stage' | 'next' | 'time'
  readonly take: Tests
  readonly until: Tests | null
  /** Which events may pass by. */
  readonly passes: Contiguity
  /** Whether `until` forbids events to pass by: inside a stage it does. */
  readonly untilStops: boolean
  /** Any of these, of `notNext`, ends the match. */
  readonly bars: readonly Tests[]
  /** Any of these, of `notFollowedBy`, ends the match unless the event completes it. */
  readonly stops: readonly Tests[]
  readonly guards: readonly Guard[]
  /** Where it stands when the event has passed by. */
  readonly passed: number
  /** Where the matches stand that go on when the event was taken, in their order; may hold `COMPLETE`. */
  readonly taken: readonly number[]
  /** Whether `taken` holds `COMPLETE`. */
  readonly completes: boolean
  /** Whether all its conditions look at the event alone: what an event does here it does to all partial matches. */
  readonly simple: boolean
}

/** The machine of a pattern: what all keys share. */
export interface Program {
  readonly positions: readonly Position[]
  /** Where a match may begin, in their order. */
  readonly starts: readonly number[]
  /** The names of the stages that take events. */
  readonly names: readonly string[]
}

/** A stage that takes events, with the stages behind it that take none. */
interface TakingStage {
  readonly stage: Stage
  readonly take: Tests
  readonly until: Tests | null
  readonly notFollowedBy: readonly Tests[]
  readonly notNext: readonly Tests[]
}

/** What tells one position from another. */
interface Place {
  /** Beyond the last stage: at the end, where events must stay away. */
  readonly stage: number
  /** Events that the stage has taken; for stages without an upper bound at most `min`. */
  readonly count: number
  /** The stage that took the event before, or -1. */
  readonly after: number
  /** Whether no event has passed by since. */
  readonly fresh: boolean
  /** The greedy stages that were left or passed over since. */
  readonly guards: readonly number[]
}

/**
 * Compiles a pattern: makes the positions that its matches can reach. A match that may go on in several
 * ways (a stage again or the next one, an optional stage or the one behind it) stands at several
 * positions, as several partial matches, from the moment on that it has taken an event.
 */
export function compileProgram({ stages }: PatternDefinition): Program {
  const taking = takingStages(stages)
  const places: Place[] = []
  const known = new Map<string, number>()
  const end = taking.length

  /** Where the matches stand that have just left a stage (-1: that have not begun). */
  const enter = (after: number): number[] => {
    const found: number[] = []
    const left = after === -1 ? undefined : taking[after].stage
    let guards = left !== undefined && isGuarding(left) ? [after] : []
    for (let stage = after + 1; stage < end; stage++) {
      const next = taking[stage].stage
      found.push(positionAt({ stage, count: 0, after, fresh: true, guards }))
      if (!next.optional) return found
      if (isGuarding(next)) guards = [...guards, stage]
    }
    // Not even an optional pattern matches nothing.
    if (after === -1) return found
    const { notNext, notFollowedBy } = taking[end - 1]
    const waits = after === end - 1 && notNext.length + notFollowedBy.length > 0
    const place: Place = { stage: end, count: 0, after, fresh: true, guards: [] }
    found.push(waits ? positionAt(place) : COMPLETE)
    return found
  }

  const takenFrom = (stage: number, before: number): number[] => {
    const { min, max } = taking[stage].stage
    const count = before + 1
    const found: number[] = []
    if (count < max) {
      const counted = max === Infinity ? Math.min(count, min) : count
      found.push(positionAt({ stage, count: counted, after: stage, fresh: true, guards: [] }))
    }
    return count >= min ? [...found, ...enter(stage)] : found
  }

  const positionAt = (wanted: Place): number => {
    const fresh = wanted.fresh && barsAt(taking, wanted).length > 0
    const place = { ...wanted, fresh }
    const key = JSON.stringify(place)
    const index = known.get(key) ?? places.push(place) - 1
    known.set(key, index)
    return index
  }

  const position = (place: Place, index: number): Position => {
    const { stage, count, after, fresh } = place
    const passed = { ...place, fresh: false }
    const stops = after === -1 ? [] : taking[after].notFollowedBy
    const rest = {
      bars: fresh ? barsAt(taking, place) : [],
      stops,
      guards: place.guards.map((guarding) => ({
        stage: guarding,
        take: taking[guarding].take,
        until: taking[guarding].until,
        released:
          taking[guarding].until === null
            ? index
            : positionAt({ ...passed, guards: place.guards.filter((it) => it !== guarding) }),
      })),
      passed: fresh ? positionAt(passed) : index,
    }
    const asked = [
      ...rest.bars,
      ...stops,
      ...rest.guards.flatMap((it) => [it.take, it.until ?? []]),
    ]
    if (stage === end) {
      const kind = stops.length > 0 ? 'time' : 'next'
      return { ...rest, ...AT_END, stage, kind, simple: areSimple(asked) }
    }
    const { take, until } = taking[stage]
    const taken = takenFrom(stage, count)
    return {
      ...rest,
      simple: areSimple([...asked, take, until ?? []]),
      stage,
      kind: 'stage',
      take,
      until,
      passes: passes(taking[stage].stage, count),
      untilStops: count > 0,
      taken,
      completes: taken.includes(COMPLETE),
    }
  }

  const starts = enter(-1)
  const positions: Position[] = []
  // Making a position finds others.
  for (let i = 0; i < places.length; i++) positions.push(position(places[i], i))
  return { positions, starts, names: taking.map(({ stage }) => stage.name) }
}

/** What positions at the end have in place of a stage. */
const AT_END = {
  take: [],
  until: null,
  passes: 'any',
  untilStops: false,
  taken: [],
  completes: false,
} as const

/** What ends a match only directly behind the event before: where it could leave the stage. */
function barsAt(taking: readonly TakingStage[], { after, count }: Place): readonly Tests[] {
  if (after === -1) return []
  const leaves = count === 0 || count >= taking[after].stage.min
  return leaves ? taking[after].notNext : []
}

function areSimple(asked: readonly Tests[]): boolean {
  return asked.every((tests) => tests.every(({ simple }) => simple))
}

/** Whether a stage that was left ends matches by what it could still take. */
function isGuarding({ greedy, min, max }: Stage): boolean {
  return greedy && min !== max
}

function passes({ contiguity, inner }: Stage, count: number): Contiguity {
  return count === 0 ? contiguity : (inner ?? 'relaxed')
}

function takingStages(stages: readonly Stage[]): TakingStage[] {
  const found: TakingStage[] = []
  stages.forEach((stage, index) => {
    if (stage.kind !== 'taking') return
    const next = stages.findIndex((other, i) => i > index && other.kind === 'taking')
    const nots = stages.slice(index + 1, next === -1 ? stages.length : next)
    const testsOf = (kind: Stage['kind']) =>
      nots.filter((not) => not.kind === kind).map(({ condition }) => testsFor(condition))
    found.push({
      stage,
      take: testsFor(stage.condition),
      until: stage.until.length === 0 ? null : testsFor(stage.until),
      notFollowedBy: testsOf('notFollowedBy'),
      notNext: testsOf('notNext'),
    })
  })
  return found
}

function testsFor(condition: Condition): Tests {
  return condition.map(({ join, fn }, index) => ({
    fn,
    isOr: join === 'or' && index > 0,
    simple: fn.length === 1,
    asked: 0,
    answer: false,
  }))
}
