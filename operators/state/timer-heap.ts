import type { KeyedStore, TimerQueue } from '../contract/keyed-store.ts'

const ROOM_MIN = 16
/** Children of a node of the heap: four times lie side by side in half a cache line. */
const WIDTH = 4
const GOLDEN = 0x9e3779b1

/**
 * Timers in a heap of four children a node, ordered by time and then by registration. Everything is in typed arrays: a
 * million timers are no work for the garbage collector. A hash index over (slot, time) finds a timer to
 * delete, or one that is there already.
 *
 * ```
 *   heap position p:  #times[p], #ids[p]
 *   timer id i:       #slots[i], #sequence[i], #positions[i]
 *   index:            id + 1, or 0 = free; linear probing
 * ```
 */
export class TimerHeap implements TimerQueue {
  readonly #store: Pick<KeyedStore, 'hold' | 'unhold'>
  #times = new Float64Array(ROOM_MIN)
  #ids = new Int32Array(ROOM_MIN)
  #slots = new Int32Array(ROOM_MIN)
  #sequence = new Float64Array(ROOM_MIN)
  #positions = new Int32Array(ROOM_MIN)
  #index = new Int32Array(2 * ROOM_MIN)
  readonly #free: number[] = []
  #size = 0
  #registered = 0
  #taken = -1
  firedAt = Number.NaN

  /** @param store - holds the slots of keys that have timers */
  constructor(store: Pick<KeyedStore, 'hold' | 'unhold'>) {
    this.#store = store
  }

  get size(): number {
    return this.#size
  }

  get next(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#times[0]
  }

  register(slot: number, at: number): void {
    if (this.#find(slot, at) !== -1) return
    if (this.#size === this.#ids.length) this.#grow()
    const id = this.#free.pop() ?? this.#size
    this.#slots[id] = slot
    this.#sequence[id] = this.#registered++
    this.#store.hold(slot)
    this.#rise(this.#size++, at, id)
    this.#enter(id, at)
  }

  delete(slot: number, at: number): boolean {
    const place = this.#find(slot, at)
    if (place === -1) return false
    const id = this.#index[place] - 1
    this.#takeOut(place)
    this.#removeAt(this.#positions[id])
    this.#free.push(id)
    this.#store.unhold(slot)
    return true
  }

  take(now: number): number {
    if (this.#size === 0 || this.#times[0] > now) return -1
    const id = this.#ids[0]
    const slot = this.#slots[id]
    this.firedAt = this.#times[0]
    this.#takeOut(this.#find(slot, this.firedAt))
    this.#removeAt(0)
    this.#free.push(id)
    this.#taken = slot
    return slot
  }

  done(): void {
    const slot = this.#taken
    if (slot === -1) return
    this.#taken = -1
    this.#store.unhold(slot)
  }

  *timers(): Iterable<readonly [slot: number, at: number]> {
    for (let p = 0; p < this.#size; p++) yield [this.#slots[this.#ids[p]], this.#times[p]]
  }

  // --- the heap ------------------------------------------------------------------------------

  /** Whether a timer comes before the one at a position. */
  #precedes(time: number, id: number, position: number): boolean {
    const other = this.#times[position]
    if (time !== other) return time < other
    return this.#sequence[id] < this.#sequence[this.#ids[position]]
  }

  #place(position: number, time: number, id: number): void {
    this.#times[position] = time
    this.#ids[position] = id
    this.#positions[id] = position
  }

  #rise(from: number, time: number, id: number): void {
    let position = from
    while (position > 0) {
      const parent = (position - 1) >> 2
      if (!this.#precedes(time, id, parent)) break
      this.#place(position, this.#times[parent], this.#ids[parent])
      position = parent
    }
    this.#place(position, time, id)
  }

  #sink(from: number, time: number, id: number): void {
    let position = from
    for (;;) {
      const least = this.#leastChild(position)
      if (least === -1 || this.#precedes(time, id, least)) break
      this.#place(position, this.#times[least], this.#ids[least])
      position = least
    }
    this.#place(position, time, id)
  }

  #leastChild(position: number): number {
    const first = position * WIDTH + 1
    if (first >= this.#size) return -1
    const end = Math.min(first + WIDTH, this.#size)
    let least = first
    for (let child = first + 1; child < end; child++) {
      if (this.#precedes(this.#times[child], this.#ids[child], least)) least = child
    }
    return least
  }

  /** Closes the gap at a position with the last timer of the heap. */
  #removeAt(position: number): void {
    const last = --this.#size
    if (position === last) return
    const time = this.#times[last]
    const id = this.#ids[last]
    if (position > 0 && this.#precedes(time, id, (position - 1) >> 2))
      this.#rise(position, time, id)
    else this.#sink(position, time, id)
  }

  // --- the index -----------------------------------------------------------------------------

  #home(slot: number, at: number): number {
    const high = Math.floor(at / 4294967296) | 0
    const hash = Math.imul(slot, GOLDEN) ^ Math.imul((at | 0) ^ high, 0x85ebca6b)
    return Math.imul(hash ^ (hash >>> 15), GOLDEN) >>> 0
  }

  /** The place of a timer in the index, or -1. */
  #find(slot: number, at: number): number {
    const mask = this.#index.length - 1
    for (let place = this.#home(slot, at) & mask; ; place = (place + 1) & mask) {
      const id = this.#index[place] - 1
      if (id === -1) return -1
      if (this.#slots[id] === slot && this.#times[this.#positions[id]] === at) return place
    }
  }

  #enter(id: number, at: number): void {
    const mask = this.#index.length - 1
    let place = this.#home(this.#slots[id], at) & mask
    while (this.#index[place] !== 0) place = (place + 1) & mask
    this.#index[place] = id + 1
  }

  /** Frees a place and moves back what probing would no longer find. */
  #takeOut(place: number): void {
    const index = this.#index
    const mask = index.length - 1
    let hole = place
    for (let at = (place + 1) & mask; index[at] !== 0; at = (at + 1) & mask) {
      const id = index[at] - 1
      const home = this.#home(this.#slots[id], this.#times[this.#positions[id]]) & mask
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      index[hole] = index[at]
      hole = at
    }
    index[hole] = 0
  }

  #grow(): void {
    const room = 2 * this.#ids.length
    this.#times = widened(this.#times, new Float64Array(room))
    this.#sequence = widened(this.#sequence, new Float64Array(room))
    this.#ids = widened(this.#ids, new Int32Array(room))
    this.#slots = widened(this.#slots, new Int32Array(room))
    this.#positions = widened(this.#positions, new Int32Array(room))
    this.#index = new Int32Array(2 * room)
    for (let p = 0; p < this.#size; p++) this.#enter(this.#ids[p], this.#times[p])
  }
}

function widened<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from)
  return to
}
