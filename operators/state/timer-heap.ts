import { widened } from './widened.ts'

const ROOM_MIN = 16
/** Children of a node: four times lie side by side in half a cache line. */
const WIDTH = 4

/** A heap of four children a node: ids by time and then by order. Everything is in typed arrays. */
export class TimerHeap {
  #times = new Float64Array(ROOM_MIN)
  #orders = new Float64Array(ROOM_MIN)
  #ids = new Int32Array(ROOM_MIN)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The time of the first; Infinity where there is none. */
  get time(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#times[0]
  }

  /** The order of the first. */
  get order(): number {
    return this.#orders[0]
  }

  /** The id of the first. */
  get id(): number {
    return this.#ids[0]
  }

  push(time: number, order: number, id: number): void {
    if (this.#size === this.#ids.length) this.#grow()
    this.#rise(this.#size++, time, order, id)
  }

  /** Drops the first. */
  pop(): void {
    const last = --this.#size
    if (last > 0) this.#sink(this.#times[last], this.#orders[last], this.#ids[last])
  }

  /** Drops all that `keeps` does not keep. */
  retain(keeps: (id: number) => boolean): void {
    const size = this.#size
    this.#size = 0
    // What is kept is pushed to a place not behind its own.
    for (let p = 0; p < size; p++) {
      const id = this.#ids[p]
      if (keeps(id)) this.#rise(this.#size++, this.#times[p], this.#orders[p], id)
    }
  }

  #precedes(time: number, order: number, position: number): boolean {
    const other = this.#times[position]
    return time === other ? order < this.#orders[position] : time < other
  }

  #place(position: number, time: number, order: number, id: number): void {
    this.#times[position] = time
    this.#orders[position] = order
    this.#ids[position] = id
  }

  #move(from: number, to: number): void {
    this.#place(to, this.#times[from], this.#orders[from], this.#ids[from])
  }

  #rise(from: number, time: number, order: number, id: number): void {
    let position = from
    while (position > 0) {
      const parent = (position - 1) >> 2
      if (!this.#precedes(time, order, parent)) break
      this.#move(parent, position)
      position = parent
    }
    this.#place(position, time, order, id)
  }

  #sink(time: number, order: number, id: number): void {
    let position = 0
    for (;;) {
      const least = this.#leastChild(position)
      if (least === -1 || this.#precedes(time, order, least)) break
      this.#move(least, position)
      position = least
    }
    this.#place(position, time, order, id)
  }

  #leastChild(position: number): number {
    const first = position * WIDTH + 1
    if (first >= this.#size) return -1
    const end = Math.min(first + WIDTH, this.#size)
    let least = first
    for (let child = first + 1; child < end; child++) {
      if (this.#precedes(this.#times[child], this.#orders[child], least)) least = child
    }
    return least
  }

  #grow(): void {
    const room = 2 * this.#ids.length
    this.#times = widened(this.#times, new Float64Array(room))
    this.#orders = widened(this.#orders, new Float64Array(room))
    this.#ids = widened(this.#ids, new Int32Array(room))
  }
}
