/** What a checkpoint keeps of a queue. */
export type QueueData = readonly [values: readonly unknown[], times: readonly number[]]

/** Where the front moves instead of the elements, up to so many. */
const COMPACT_AT = 1024

/** Records of one input that wait, with their timestamps (NaN: none), in order. */
export class RecordQueue {
  #values: unknown[] = []
  #times: number[] = []
  #head = 0

  get size(): number {
    return this.#values.length - this.#head
  }

  /** The record `index` places behind the first one. */
  valueAt(index: number): unknown {
    return this.#values[this.#head + index]
  }

  timeAt(index: number): number {
    return this.#times[this.#head + index]
  }

  push(value: unknown, time: number): void {
    this.#values.push(value)
    this.#times.push(time)
  }

  /** Puts a record behind those of its time and before the later ones. */
  insert(value: unknown, time: number): void {
    let at = this.#times.length
    while (at > this.#head && this.#times[at - 1] > time) at--
    this.#values.splice(at, 0, value)
    this.#times.splice(at, 0, time)
  }

  /** Takes the first `count` records away. */
  drop(count: number): void {
    this.#head += count
    if (this.#head < this.#values.length) {
      if (this.#head < COMPACT_AT || 2 * this.#head < this.#values.length) return
      this.#values = this.#values.slice(this.#head)
      this.#times = this.#times.slice(this.#head)
    } else {
      this.#values = []
      this.#times = []
    }
    this.#head = 0
  }

  /** Moves the first `count` records to the end of another queue. */
  moveTo(other: RecordQueue, count: number): void {
    for (let i = 0; i < count; i++) other.push(this.valueAt(i), this.timeAt(i))
    this.drop(count)
  }

  toData(): QueueData {
    return [this.#values.slice(this.#head), this.#times.slice(this.#head)]
  }

  static of([values, times]: QueueData): RecordQueue {
    const queue = new RecordQueue()
    queue.#values = [...values]
    queue.#times = [...times]
    return queue
  }
}
