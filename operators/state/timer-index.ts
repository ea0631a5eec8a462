const PLACES_MIN = 32
const GOLDEN = 0x9e3779b1

/** What the index looks up: by timer id, the slot and the time. A free or deleted id has the slot -1. */
export interface TimerTable {
  readonly slots: Int32Array
  readonly times: Float64Array
}

/**
 * Finds the id of a timer by its slot and time: to delete it, or to see that it is there already. Holds `id + 1`, or
 * 0 = free; linear probing, removal by moving back what follows; at most half full.
 */
export class TimerIndex {
  readonly #table: TimerTable
  #places = new Int32Array(PLACES_MIN)
  #size = 0

  constructor(table: TimerTable) {
    this.#table = table
  }

  /** The id, or -1. */
  find(slot: number, at: number): number {
    const place = this.#placeOf(slot, at)
    return place === -1 ? -1 : this.#places[place] - 1
  }

  /** Enters a timer of the table that is not in the index. */
  add(id: number): void {
    if (2 * ++this.#size > this.#places.length) this.#grow()
    this.#enter(id + 1)
  }

  /** Takes a timer out: its id, or -1. It must still stand in the table. */
  remove(slot: number, at: number): number {
    const place = this.#placeOf(slot, at)
    if (place === -1) return -1
    const id = this.#places[place] - 1
    this.#size--
    this.#takeOut(place)
    return id
  }

  #placeOf(slot: number, at: number): number {
    const { slots, times } = this.#table
    const places = this.#places
    const mask = places.length - 1
    for (let place = homeOf(slot, at) & mask; ; place = (place + 1) & mask) {
      const id = places[place] - 1
      if (id === -1) return -1
      if (slots[id] === slot && times[id] === at) return place
    }
  }

  #enter(entry: number): void {
    const { slots, times } = this.#table
    const places = this.#places
    const mask = places.length - 1
    let place = homeOf(slots[entry - 1], times[entry - 1]) & mask
    while (places[place] !== 0) place = (place + 1) & mask
    places[place] = entry
  }

  #takeOut(from: number): void {
    const { slots, times } = this.#table
    const places = this.#places
    const mask = places.length - 1
    let hole = from
    for (let at = (from + 1) & mask; places[at] !== 0; at = (at + 1) & mask) {
      const id = places[at] - 1
      // It may move into the hole unless that lies before its home.
      const home = homeOf(slots[id], times[id]) & mask
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      places[hole] = places[at]
      hole = at
    }
    places[hole] = 0
  }

  #grow(): void {
    const old = this.#places
    this.#places = new Int32Array(2 * old.length)
    for (const entry of old) if (entry !== 0) this.#enter(entry)
  }
}

function homeOf(slot: number, at: number): number {
  const high = Math.floor(at / 4294967296) | 0
  const hash = Math.imul(slot, GOLDEN) ^ Math.imul((at | 0) ^ high, 0x85ebca6b)
  return Math.imul(hash ^ (hash >>> 15), GOLDEN) >>> 0
}
