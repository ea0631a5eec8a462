import {
  addEvent,
  addNode,
  clearBuffer,
  type EventBuffer,
  NONE,
  newEventBuffer,
  release,
  retain,
  timeOf,
} from './event-buffer.ts'
import { DONE, EventEffects, NOT_TAKEN, TAKEN } from './event-effects.ts'
import { Examiner, PathReader } from './match-path.ts'
import type { Pattern } from './pattern.ts'
import { definitionOf } from './pattern-builder.ts'
import { COMPLETE, compileProgram, type Position, type Program } from './program.ts'
import { skipBound } from './skip.ts'
import { type PatternDefinition, patternText, type SkipStrategy } from './stage.ts'

/** A match that has begun: the events on the path to `node`, and where it stands. */
export interface PartialMatch {
  /** A position of the program, or `COMPLETE`. */
  position: number
  readonly node: number
  /** The number of its first event in the order of events. */
  readonly start: number
  /** The time of its first event. */
  readonly startTime: number
}

/**
 * Where one key stands in a pattern: plain data, to be kept in checkpoints. It belongs to the machine
 * that made it, or one of equal `structure`; nobody else changes it.
 */
export interface MatchState {
  readonly buffer: EventBuffer
  /**
   * In the order of their first events, so of their times too: what ends first stands in front. Of one
   * first event in the order of preference: longer loops first, then earlier events.
   */
  partials: PartialMatch[]
  /** Complete, and not yet told, because a match that began earlier could still forbid them; ordered alike. */
  completed: PartialMatch[]
}

/** Where results go. Called when the state is in order again; `M` is a record of the caller's own. */
export interface PatternOutput<M> {
  /** @param timestamp of the event that completed it; the time limit where that did (ms since the epoch) */
  match(match: M, timestamp: number): void
  /**
   * Left out where nobody wants to know: then no records are made.
   *
   * @param timestamp the time limit: that of the first event + `within` (ms since the epoch)
   */
  timedOut?(partial: M, timestamp: number): void
}

/**
 * Compiles a pattern to the machine that finds its matches.
 *
 * @throws StreamError `SAGE_OPTION` when it is no pattern, or one that cannot be as a whole
 */
export function compilePattern<T, M>(pattern: Pattern<T, M>): PatternMachine<T, M> {
  return new PatternMachine(definitionOf(pattern))
}

/**
 * Finds the matches of a pattern, in the events of one key after the other.
 *
 * Matches come with the events that complete them; those of one event in the order of their first events;
 * of one first event, those with more events of the earlier stages first, then those with earlier
 * events. With a skip strategy all matches come in the order of their first events: one that is
 * complete waits for those that began before it, at most until the end of input.
 *
 * An event costs one look at each live partial match, and one node for each that takes it.
 */
export class PatternMachine<T = any, M = any> {
  /** The pattern in words: states may be carried to a machine of the same text. */
  readonly structure: string
  /** The condition functions, stage by stage. */
  readonly functions: readonly Function[]
  readonly #within: number
  readonly #skip: SkipStrategy
  readonly #program: Program
  readonly #positions: readonly Position[]
  readonly #reader: PathReader
  readonly #effects: EventEffects

  constructor(definition: PatternDefinition) {
    this.structure = patternText(definition)
    this.functions = definition.stages.flatMap(({ condition, until }) =>
      [...condition, ...until].map(({ fn }) => fn),
    )
    this.#within = definition.within
    this.#skip = definition.skip ?? { kind: 'noSkip' }
    this.#program = compileProgram(definition)
    this.#positions = this.#program.positions
    this.#reader = new PathReader(this.#program.names)
    this.#effects = new EventEffects(this.#program, new Examiner(this.#reader))
  }

  /** The state of a key without events. */
  createState(): MatchState {
    return { buffer: newEventBuffer(), partials: [], completed: [] }
  }

  /** Whether the state says no more than a new one: it need not be kept. */
  isEmpty(state: MatchState): boolean {
    return state.partials.length === 0 && state.completed.length === 0
  }

  /** When a partial match next runs out of time (ms since the epoch); `Infinity` for never. */
  deadline({ partials }: MatchState): number {
    return partials.length === 0 ? Infinity : partials[0].startTime + this.#within
  }

  /**
   * Takes the next event of the key. Times must not go back. What runs out of time by `timestamp` is told first.
   *
   * When a condition throws, so does this, and the event has not happened: calling it again is a retry,
   * not calling it again leaves the event out.
   */
  advance(state: MatchState, value: T, timestamp: number, output: PatternOutput<M>): void {
    this.expire(state, timestamp, output)
    if (!this.#effects.examine(state, value, timestamp)) return
    const found = this.#apply(state, value, timestamp)
    for (const match of this.#settle(state, found)) output.match(match, timestamp)
  }

  /**
   * Ends the partial matches that have reached their time limit by `now` (ms since the epoch): they are timed out,
   * or complete where a pattern ends by `notFollowedBy`. Several that have the same events are told once.
   */
  expire(state: MatchState, now: number, output: PatternOutput<M>): void {
    // One time limit after the other: the result does not depend on how often this is called.
    for (let limit = this.deadline(state); limit <= now; limit = this.deadline(state)) {
      if (limit === Infinity) return
      this.#expireAt(state, limit, output)
    }
  }

  /** Whether there are complete matches that wait for those that began before them. */
  isHolding({ completed }: MatchState): boolean {
    return completed.length > 0
  }

  /**
   * No event is to come: what is complete is told, since nothing that began before it can still become a match. The time
   * of these matches is that of the last event of all of them, or `now` (ms since the epoch) if that is later.
   */
  end(state: MatchState, now: number, output: PatternOutput<M>): void {
    const { completed, buffer } = state
    const time = completed.reduce((latest, { node }) => Math.max(latest, timeOf(buffer, node)), now)
    const matches: M[] = []
    while (state.completed.length > 0) {
      state.partials = withoutBefore(state.completed[0].start, state.partials, state.buffer)
      matches.push(...this.#settle(state, []))
    }
    for (const match of matches) output.match(match, time)
  }

  #expireAt(state: MatchState, limit: number, output: PatternOutput<M>): void {
    const { partials, buffer } = state
    let count = 0
    while (count < partials.length && partials[count].startTime + this.#within <= limit) count++
    const ended = partials.slice(0, count)
    const timedOut = output.timedOut === undefined ? [] : this.#timedOut(buffer, ended)
    const found: PartialMatch[] = []
    for (let i = 0; i < ended.length; i++) {
      const partial = ended[i]
      if (this.#isWaiting(partial)) found.push({ ...partial, position: COMPLETE })
      else release(buffer, partial.node)
    }
    state.partials = partials.slice(count)
    const matches = this.#settle(state, found)
    for (const partial of timedOut) output.timedOut!(partial, limit)
    for (const match of matches) output.match(match, limit)
  }

  /** The records of the partial matches that are not complete by the end of their time. */
  #timedOut(buffer: EventBuffer, ended: readonly PartialMatch[]): M[] {
    const nodes = new Set<number>()
    for (const partial of ended) if (!this.#isWaiting(partial)) nodes.add(partial.node)
    return Array.from(nodes, (node) => this.#reader.read(buffer, node) as M)
  }

  /** Whether the end of its time completes the match. */
  #isWaiting({ position }: PartialMatch): boolean {
    return this.#positions[position].kind === 'time'
  }

  /** Does to the state what the event does. Returns the matches that are complete. */
  #apply(state: MatchState, value: unknown, timestamp: number): PartialMatch[] {
    const { partials, buffer } = state
    const { takes, stays } = this.#effects
    const { starts } = this.#program
    const next: PartialMatch[] = []
    const found: PartialMatch[] = []
    let event = NONE
    for (let i = 0; i < partials.length; i++) {
      const partial = partials[i]
      if (takes[i] === DONE) {
        retain(buffer, partial.node)
        found.push({ ...partial, position: COMPLETE })
      } else if (takes[i] !== NOT_TAKEN) {
        if (event === NONE) event = addEvent(buffer, value, timestamp)
        const { stage, taken } = this.#positions[partial.position]
        const node = addNode(buffer, event, stage, partial.node)
        const goesOn = takes[i] === TAKEN
        goOn(buffer, taken, node, partial.start, partial.startTime, found, goesOn ? next : null)
      }
      if (stays[i] === NONE) release(buffer, partial.node)
      else {
        partial.position = stays[i]
        next.push(partial)
      }
    }
    for (let s = 0; s < starts.length; s++) {
      if (takes[partials.length + s] === NOT_TAKEN) continue
      if (event === NONE) event = addEvent(buffer, value, timestamp)
      const { stage, taken } = this.#positions[starts[s]]
      const node = addNode(buffer, event, stage, NONE)
      goOn(buffer, taken, node, buffer.sequence - 1, timestamp, found, next)
    }
    state.partials = next
    return found
  }

  /** Makes the records of complete matches, as far as the skip strategy lets them be told. */
  #settle(state: MatchState, found: readonly PartialMatch[]): readonly M[] {
    const tellable = this.#skip.kind === 'noSkip' ? found : this.#unskipped(state, found)
    const matches: M[] = []
    for (let i = 0; i < tellable.length; i++) {
      matches.push(this.#reader.read(state.buffer, tellable[i].node) as M)
      release(state.buffer, tellable[i].node)
    }
    if (this.isEmpty(state)) clearBuffer(state.buffer)
    return matches
  }

  /**
   * The complete matches, with those just found, that nothing that began earlier can forbid any more. They are
   * removed, and what they forbid.
   */
  #unskipped(state: MatchState, found: readonly PartialMatch[]): PartialMatch[] {
    const { completed, buffer } = state
    const tellable: PartialMatch[] = []
    for (let i = 0; i < found.length; i++) insert(completed, found[i])
    let done = 0
    while (done < completed.length) {
      const { start, node } = completed[done]
      if (state.partials.length > 0 && state.partials[0].start < start) break
      tellable.push(completed[done++])
      const bound = skipBound(this.#skip, this.#reader, buffer, start, node)
      while (done < completed.length && completed[done].start < bound) {
        release(buffer, completed[done++].node)
      }
      state.partials = withoutBefore(bound, state.partials, buffer)
    }
    if (done > 0) state.completed = completed.slice(done)
    return tellable
  }
}

/** Puts a match behind all that began no later: of one first event those that were complete earlier come first. */
function insert(completed: PartialMatch[], match: PartialMatch): void {
  let low = 0
  let high = completed.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (completed[middle].start <= match.start) low = middle + 1
    else high = middle
  }
  if (low === completed.length) completed.push(match)
  else completed.splice(low, 0, match)
}

/** The matches that did not begin before the event number `bound`; lets go of the others. */
function withoutBefore(bound: number, matches: PartialMatch[], buffer: EventBuffer) {
  let count = 0
  while (count < matches.length && matches[count].start < bound) {
    release(buffer, matches[count++].node)
  }
  return count === 0 ? matches : matches.slice(count)
}

/** Puts a match that has just taken an event where it stands now. */
function goOn(
  buffer: EventBuffer,
  taken: readonly number[],
  node: number,
  start: number,
  startTime: number,
  found: PartialMatch[],
  next: PartialMatch[] | null,
): void {
  for (let i = 0; i < taken.length; i++) {
    const position = taken[i]
    const list = position === COMPLETE ? found : next
    if (list === null) continue
    retain(buffer, node)
    list.push({ position, node, start, startTime })
  }
}
