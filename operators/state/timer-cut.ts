import type { Cut, Slice } from '../contract/keyed-store.ts'
import type { TimerTable } from './timer-index.ts'

/** Takes a timer of a cut; gives how many bytes it made of it. */
export type TimerSink = (slot: number, at: number) => number

/** A cut of a `HeapTimers`. A timer never changes: it is only told of those that go, and of those that come. */
export class TimerCut implements Cut {
  readonly #table: TimerTable
  readonly #sink: TimerSink
  readonly #ended: () => void
  /** By id: 1 where it is done, or was not there. */
  readonly #done: Uint8Array
  #next = 0
  #failure: { readonly error: unknown } | undefined
  #over = false

  /**
   * @param ids - all ids are below
   * @param ended - nobody has to be told any more
   */
  constructor(table: TimerTable, ids: number, sink: TimerSink, ended: () => void) {
    this.#table = table
    this.#sink = sink
    this.#ended = ended
    this.#done = new Uint8Array(ids)
  }

  /** A timer is about to go. */
  before(id: number): void {
    if (id >= this.#done.length || this.#done[id] !== 0) return
    try {
      this.#give(id)
    } catch (error) {
      // It is no fault of whoever fires or deletes it.
      this.#failure = { error }
      this.abandon()
    }
  }

  /** An id has a timer that was not there. */
  added(id: number): void {
    if (id < this.#done.length) this.#done[id] = 1
  }

  advance(slice: Slice): boolean {
    if (this.#failure !== undefined) throw this.#failure.error
    try {
      while (!this.#over && this.#next < this.#done.length) {
        const id = this.#next++
        if (slice.spent(this.#done[id] === 0 ? this.#give(id) : 1)) return false
      }
    } catch (error) {
      this.abandon()
      throw error
    }
    this.abandon()
    return true
  }

  abandon(): void {
    if (this.#over) return
    this.#over = true
    this.#ended()
  }

  #give(id: number): number {
    this.#done[id] = 1
    const { slots, times } = this.#table
    return slots[id] === -1 ? 1 : this.#sink(slots[id], times[id])
  }
}
