import { type EventBuffer, NONE } from './event-buffer.ts'
import type { Examiner } from './match-path.ts'
import type { Position, Program, Tests } from './program.ts'

/** What an event does to a partial match, or to none at a start. */
export const NOT_TAKEN = 0
export const TAKEN = 1
/** Taken, where a `notFollowedBy` ends all matches but those that are complete thereby. */
export const TAKEN_LAST = 2
/** The match is complete, without the event. */
export const DONE = 3

/** What is examined: partial matches, in order, and the events that they have taken. */
interface Examined {
  readonly partials: readonly { readonly position: number; readonly node: number }[]
  readonly buffer: EventBuffer
}

/**
 * What the event at hand does to each partial match (the first entries), and at each start of the program
 * (those behind). Found before anything is changed, since conditions are user code and may throw.
 */
export class EventEffects {
  /** `NOT_TAKEN`, `TAKEN`, `TAKEN_LAST` or `DONE`. */
  readonly takes: number[] = []
  /** The position at which the match stays that lets the event pass by; `NONE`: it ends. */
  readonly stays: number[] = []
  /** By position, where all conditions are simple: what the event number `#asked` does there. */
  readonly #takesAt: number[]
  readonly #staysAt: number[]
  readonly #askedAt: number[]
  #asked = 0
  readonly #positions: readonly Position[]
  readonly #starts: readonly number[]
  readonly #examiner: Examiner

  constructor(program: Program, examiner: Examiner) {
    this.#positions = program.positions
    this.#starts = program.starts
    this.#examiner = examiner
    this.#takesAt = this.#positions.map(() => NOT_TAKEN)
    this.#staysAt = this.#positions.map(() => NONE)
    this.#askedAt = this.#positions.map(() => 0)
  }

  /** Finds the effects of an event. False: it has none at all. */
  examine({ partials, buffer }: Examined, value: unknown, timestamp: number): boolean {
    const { takes, stays } = this
    const examiner = this.#examiner
    const starts = this.#starts
    const count = partials.length
    let effective = false
    examiner.beginEvent(buffer, value, timestamp)
    this.#asked++
    for (let i = 0; i < count; i++) {
      const { position, node } = partials[i]
      if (this.#askedAt[position] !== this.#asked) {
        examiner.beginPath(node)
        this.#examineAt(position, i)
      } else {
        takes[i] = this.#takesAt[position]
        stays[i] = this.#staysAt[position]
      }
      if (takes[i] !== NOT_TAKEN || stays[i] !== position) effective = true
    }
    examiner.beginPath(NONE)
    for (let s = 0; s < starts.length; s++) {
      this.#examineAt(starts[s], count + s)
      if (takes[count + s] !== NOT_TAKEN) effective = true
    }
    return effective
  }

  #examineAt(index: number, i: number): void {
    const position = this.#positions[index]
    this.#find(position, i)
    if (!position.simple) return
    this.#takesAt[index] = this.takes[i]
    this.#staysAt[index] = this.stays[i]
    this.#askedAt[index] = this.#asked
  }

  #find(position: Position, i: number): void {
    const examiner = this.#examiner
    const { guards } = position
    this.takes[i] = NOT_TAKEN
    this.stays[i] = NONE
    if (this.#anyHolds(position.bars)) return
    const stopped = this.#anyHolds(position.stops)
    if (position.kind !== 'stage') {
      if (stopped) return
      if (position.kind === 'time') this.stays[i] = position.passed
      else this.takes[i] = DONE
      return
    }
    if (stopped && !position.completes) return
    for (let g = 0; g < guards.length; g++) {
      if (examiner.holds(guards[g].take) && !this.#ended(guards[g].until)) return
    }
    const satisfied = examiner.holds(position.take)
    const ended = (satisfied || position.untilStops) && this.#ended(position.until)
    if (satisfied && !ended) this.takes[i] = stopped ? TAKEN_LAST : TAKEN
    if (stopped || position.passes === 'strict') return
    if (position.passes === 'relaxed' && satisfied) return
    if (!(ended && position.untilStops)) this.stays[i] = this.#passed(position)
  }

  #anyHolds(conditions: readonly Tests[]): boolean {
    for (let i = 0; i < conditions.length; i++) {
      if (this.#examiner.holds(conditions[i])) return true
    }
    return false
  }

  #ended(until: Tests | null): boolean {
    return until !== null && this.#examiner.holds(until)
  }

  /** Where a match stands that lets the event pass by: without the guards that the event ends. */
  #passed(position: Position): number {
    const { guards } = position
    let passed = position.passed
    for (let g = 0; g < guards.length; g++) {
      if (!this.#ended(guards[g].until)) continue
      const { stage } = guards[g]
      passed = this.#positions[passed].guards.find((guard) => guard.stage === stage)!.released
    }
    return passed
  }
}
