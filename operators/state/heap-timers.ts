import { StreamError } from '../../codec/errors.ts'
import type { Cut, KeyedStore, TimerQueue } from '../contract/keyed-store.ts'
import { TimerCut, type TimerSink } from './timer-cut.ts'
import { TimerHeap } from './timer-heap.ts'
import { TimerIndex } from './timer-index.ts'
import { TimerRun } from './timer-run.ts'
import { widened } from './widened.ts'

const ROOM_MIN = 16
/** So many deleted timers are kept to their time, or as many as there are others. */
const DELETED_MIN = 64
const NONE = -1

/**
 * Timers on the heap, by time and then by registration. Everything is in typed arrays: a million timers are no work for
 * the garbage collector.
 *
 * A timer lies in the run while timers come in the order of their times, else in the heap. A deleted one leaves the
 * index at once, and the run or the heap when it comes first, or with all others when they are too many. The first of
 * the run and of the heap are never deleted ones.
 */
export class HeapTimers implements TimerQueue {
  readonly #store: Pick<KeyedStore, 'hold' | 'unhold'>
  readonly #table = { slots: new Int32Array(ROOM_MIN), times: new Float64Array(ROOM_MIN) }
  readonly #index = new TimerIndex(this.#table)
  readonly #run = new TimerRun()
  readonly #heap = new TimerHeap()
  readonly #free: number[] = []
  /** All ids are below. */
  #ids = 0
  #deleted = 0
  #registered = 0
  #taken = NONE
  /** The one under way. */
  #cut: TimerCut | undefined
  size = 0
  firedAt = Number.NaN

  /** @param store - holds the slots of keys that have timers */
  constructor(store: Pick<KeyedStore, 'hold' | 'unhold'>) {
    this.#store = store
  }

  get next(): number {
    return Math.min(this.#run.time, this.#heap.time)
  }

  register(slot: number, at: number): void {
    if (this.#index.find(slot, at) !== -1) return
    const id = this.#free.pop() ?? this.#newId()
    if (this.#cut !== undefined) this.#cut.added(id)
    this.#table.slots[id] = slot
    this.#table.times[id] = at
    this.#index.add(id)
    this.#store.hold(slot)
    this.size++
    const queue = this.#run.takes(at) ? this.#run : this.#heap
    queue.push(at, this.#registered++, id)
  }

  delete(slot: number, at: number): boolean {
    const id = this.#index.remove(slot, at)
    if (id === -1) return false
    if (this.#cut !== undefined) this.#cut.before(id)
    this.#table.slots[id] = NONE
    this.size--
    this.#deleted++
    if (this.#deleted > Math.max(DELETED_MIN, this.size)) this.#compact()
    else this.#clearFronts()
    this.#store.unhold(slot)
    return true
  }

  take(now: number): number {
    if (this.size === 0) return -1
    const queue = this.#firstQueue()
    const { id, time } = queue
    if (time > now) return -1
    const slot = this.#table.slots[id]
    this.#index.remove(slot, time)
    if (this.#cut !== undefined) this.#cut.before(id)
    this.#table.slots[id] = NONE
    this.#free.push(id)
    queue.pop()
    this.size--
    if (this.#deleted > 0) this.#clearFronts()
    this.firedAt = time
    this.#taken = slot
    return slot
  }

  done(): void {
    const slot = this.#taken
    if (slot === NONE) return
    this.#taken = NONE
    this.#store.unhold(slot)
  }

  *timers(): Iterable<readonly [slot: number, at: number]> {
    for (let id = 0; id < this.#ids; id++) {
      if (this.#table.slots[id] !== NONE) yield [this.#table.slots[id], this.#table.times[id]]
    }
  }

  cut(sink: TimerSink): Cut {
    if (this.#cut !== undefined)
      throw new StreamError('SAGE_STATE', 'expected the cut before to be over')
    this.#cut = new TimerCut(this.#table, this.#ids, sink, () => {
      this.#cut = undefined
    })
    return this.#cut
  }

  /** Whichever holds the earliest timer; of two at the same time, the one registered first. */
  #firstQueue(): TimerRun | TimerHeap {
    const run = this.#run
    const heap = this.#heap
    if (heap.size === 0) return run
    if (run.size === 0 || heap.time < run.time) return heap
    return heap.time === run.time && heap.order < run.order ? heap : run
  }

  #clearFronts(): void {
    this.#clearFront(this.#run)
    this.#clearFront(this.#heap)
  }

  #clearFront(queue: TimerRun | TimerHeap): void {
    while (queue.size > 0 && this.#table.slots[queue.id] === NONE) {
      this.#free.push(queue.id)
      this.#deleted--
      queue.pop()
    }
  }

  #compact(): void {
    const keeps = (id: number): boolean => {
      if (this.#table.slots[id] !== NONE) return true
      this.#free.push(id)
      return false
    }
    this.#run.retain(keeps)
    this.#heap.retain(keeps)
    this.#deleted = 0
  }

  #newId(): number {
    const table = this.#table
    if (this.#ids === table.slots.length) {
      table.slots = widened(table.slots, new Int32Array(2 * this.#ids))
      table.times = widened(table.times, new Float64Array(2 * this.#ids))
    }
    return this.#ids++
  }
}
