import { isPromise, promiseReturned } from '../contract/result-checks.ts'
import { keptRecord } from '../final/accumulator.ts'
import {
  type EventBuffer,
  eventOf,
  NONE,
  nodeBefore,
  sequenceOf,
  skipStage,
  stageOf,
} from './event-buffer.ts'
import type { ConditionContext } from './pattern.ts'
import type { Test, Tests } from './program.ts'

type MatchRecord = Record<string, unknown[]>

/** Makes records of paths: an array of events for each stage. */
export class PathReader {
  readonly #names: readonly string[]
  readonly #empty: Readonly<Record<string, null>>

  constructor(names: readonly string[]) {
    this.#names = names
    this.#empty = Object.fromEntries(names.map((name) => [name, null]))
  }

  /** A record of its own, for others to keep and to change: its events are copies. */
  read(buffer: EventBuffer, node: number): MatchRecord {
    return this.#fill(buffer, node, keptRecord)
  }

  /** A record of the events themselves. */
  peek(buffer: EventBuffer, node: number): MatchRecord {
    return this.#fill(buffer, node, itself)
  }

  /** The number of a stage; -1 where none has this name. */
  stageNumber(name: string): number {
    return this.#names.indexOf(name)
  }

  #fill(buffer: EventBuffer, node: number, take: (value: unknown) => unknown): MatchRecord {
    const names = this.#names
    // A copy of one object: all records have one hidden class.
    const record = { ...this.#empty } as unknown as MatchRecord
    for (const name of names) record[name] = []
    for (let at = node; at !== NONE; at = nodeBefore(buffer, at)) {
      record[names[stageOf(buffer, at)]].push(take(eventOf(buffer, at)))
    }
    for (const name of names) if (record[name].length > 1) record[name].reverse()
    return record
  }
}

function itself(value: unknown): unknown {
  return value
}

/** The last event of a stage on a path, as a node, or `NONE`. At most a step for each stage, however long the path is. */
export function lastNodeOf(buffer: EventBuffer, node: number, stage: number): number {
  let at = node
  while (at !== NONE && stageOf(buffer, at) !== stage) at = skipStage(buffer, at)
  return at
}

/** The first event of a stage on a path, as its number in the order of events, or `NONE`. */
export function firstSequenceOf(buffer: EventBuffer, node: number, stage: number): number {
  let first = NONE
  let at = lastNodeOf(buffer, node, stage)
  for (; at !== NONE && stageOf(buffer, at) === stage; at = nodeBefore(buffer, at)) {
    first = sequenceOf(buffer, at)
  }
  return first
}

/**
 * Asks conditions about one event, for one path after the other. Each condition is asked at most
 * once for an event and a path; one that looks at the event alone, once for the event.
 */
export class Examiner implements ConditionContext<any> {
  timestamp = 0
  readonly #reader: PathReader
  #buffer!: EventBuffer
  #node = NONE
  #value: unknown
  #questions = 0
  #eventQuestion = 0
  #pathQuestion = 0

  constructor(reader: PathReader) {
    this.#reader = reader
  }

  get matched(): any {
    return this.#reader.peek(this.#buffer, this.#node)
  }

  last(stage: PropertyKey): any {
    const node = lastNodeOf(this.#buffer, this.#node, this.#reader.stageNumber(stage as string))
    return node === NONE ? undefined : eventOf(this.#buffer, node)
  }

  /** The event that the questions are about from now on. */
  beginEvent(buffer: EventBuffer, value: unknown, timestamp: number): void {
    this.#buffer = buffer
    this.#value = value
    this.timestamp = timestamp
    this.#node = NONE
    this.#eventQuestion = ++this.#questions
    this.#pathQuestion = ++this.#questions
  }

  /** The path that the questions are about from now on. */
  beginPath(node: number): void {
    if (node === this.#node) return
    this.#node = node
    this.#pathQuestion = ++this.#questions
  }

  /** Whether the event satisfies the condition. */
  holds(tests: Tests): boolean {
    let result = true
    for (let i = 0; i < tests.length; i++) {
      const test = tests[i]
      // `true or x` and `false and x` are settled.
      if (test.isOr !== result) result = this.#ask(test)
    }
    return result
  }

  #ask(test: Test): boolean {
    const question = test.simple ? this.#eventQuestion : this.#pathQuestion
    if (test.asked === question) return test.answer
    const result = test.fn(this.#value, this)
    if (typeof result === 'object' && isPromise(result)) throw promiseReturned('pattern condition')
    test.answer = Boolean(result)
    test.asked = question
    return test.answer
  }
}
