const ROOM_MIN = 16

/**
 * Ids in the order of their times, as they came: a ring in typed arrays, that takes nothing earlier than its last. Most
 * timers are set for the time of a record and a fixed while, so that they come in this order, and to keep them
 * costs neither comparisons nor moves.
 */
export class TimerRun {
  #times = new Float64Array(ROOM_MIN)
  #orders = new Float64Array(ROOM_MIN)
  #ids = new Int32Array(ROOM_MIN)
  #first = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The time of the first; Infinity where there is none. */
  get time(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#times[this.#first]
  }

  /** The order of the first. */
  get order(): number {
    return this.#orders[this.#first]
  }

  /** The id of the first. */
  get id(): number {
    return this.#ids[this.#first]
  }

  /** Whether a timer of this time may be pushed. */
  takes(time: number): boolean {
    return this.#size === 0 || time >= this.#times[this.#at(this.#size - 1)]
  }

  push(time: number, order: number, id: number): void {
    if (this.#size === this.#ids.length) this.#grow()
    const at = this.#at(this.#size++)
    this.#times[at] = time
    this.#orders[at] = order
    this.#ids[at] = id
  }

  /** Drops the first. */
  pop(): void {
    this.#first = this.#at(1)
    this.#size--
  }

  /** Drops all that `keeps` does not keep. */
  retain(keeps: (id: number) => boolean): void {
    const size = this.#size
    this.#size = 0
    for (let i = 0; i < size; i++) {
      const at = this.#at(i)
      if (keeps(this.#ids[at])) this.push(this.#times[at], this.#orders[at], this.#ids[at])
    }
  }

  #at(i: number): number {
    return (this.#first + i) & (this.#ids.length - 1)
  }

  #grow(): void {
    this.#times = unrolled(this.#times, this.#first, new Float64Array(2 * this.#size))
    this.#orders = unrolled(this.#orders, this.#first, new Float64Array(2 * this.#size))
    this.#ids = unrolled(this.#ids, this.#first, new Int32Array(2 * this.#size))
    this.#first = 0
  }
}

/** The larger array, with what the full ring held from its first on. */
function unrolled<A extends Float64Array | Int32Array>(ring: A, first: number, to: A): A {
  to.set(ring.subarray(first))
  to.set(ring.subarray(0, first), ring.length - first)
  return to
}
