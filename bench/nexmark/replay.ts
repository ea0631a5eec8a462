import type { PartitionedSource, PartitionReader } from 'sage-stream'
import { type Event, shifted } from './events.ts'
import { eventsOf, type Recording } from './recording.ts'

/** Events that a partition has handed out. */
type Position = number

/** How often a recording is gone through, and by how many readers. */
export interface ReplayOptions {
  readonly partitions: number
  /** `Infinity` for a replay without an end. */
  readonly rounds: number
}

/**
 * Recorded events, again and again: each round's times and ids continue those of the round before. Every event is a new
 * record. A partition's events are decoded when it is opened, which is before the first of them flows.
 */
export class Replay implements PartitionedSource<Event, Position> {
  readonly #recording: Recording
  readonly #options: ReplayOptions

  constructor(recording: Recording, options: ReplayOptions) {
    this.#recording = recording
    this.#options = options
  }

  partitions(): string[] {
    return Array.from({ length: this.#options.partitions }, (_, i) => `${i}`)
  }

  open(partition: string, position: Position = 0): ReplayReader {
    const { partitions, rounds } = this.#options
    const events = eventsOf(this.#recording, Number(partition), partitions)
    return new ReplayReader(events, this.#recording.span, rounds, position)
  }
}

/** Reads one partition of a replay. */
export class ReplayReader implements PartitionReader<Event, Position> {
  readonly #events: readonly Event[]
  readonly #span: Recording['span']
  readonly #rounds: number
  #round: number
  #next: number

  constructor(
    events: readonly Event[],
    span: Recording['span'],
    rounds: number,
    position: Position = 0,
  ) {
    this.#events = events
    this.#span = span
    this.#rounds = events.length === 0 ? 0 : rounds
    this.#round = events.length === 0 ? 0 : Math.floor(position / events.length)
    this.#next = position - this.#round * events.length
  }

  next(max: number): Event[] | null {
    if (this.#round >= this.#rounds) return null
    const events = this.#events
    const round = this.#round
    const ms = round * this.#span.ms
    const persons = round * this.#span.persons
    const auctions = round * this.#span.auctions
    const end = Math.min(this.#next + max, events.length)
    // A copy has its final size at once.
    const batch = events.slice(this.#next, end)
    for (let i = 0; i < batch.length; i++) batch[i] = shifted(batch[i], ms, persons, auctions)
    this.#next = end
    if (end === events.length) {
      this.#round++
      this.#next = 0
    }
    return batch
  }

  position(): Position {
    return this.#round * this.#events.length + this.#next
  }
}
