interface Bucket {
  readonly at: number
  readonly slots: number[]
  read: number
}

/**
 * Which keys want to be called when: one bucket for each time, with the slots that wait for it, so that a thousand keys
 * with windows of one end are one entry of the heap. Entries are not taken back: whoever takes one asks the key's
 * state whether it still holds. Not part of the state: it is made anew of the state of the keys.
 */
export class DueIndex {
  readonly #buckets = new Map<number, Bucket>()
  /** The buckets, a binary heap by time. */
  readonly #heap: Bucket[] = []
  /** The bucket used last: neighbours in time come one after the other. */
  #last: Bucket | undefined

  /** The earliest time that a slot waits for; NaN: none waits. */
  get next(): number {
    return this.#heap.length === 0 ? Number.NaN : this.#heap[0].at
  }

  /** Slot `slot` wants to be called at `at`, which may be Infinity: the end of input. */
  register(slot: number, at: number): void {
    const last = this.#last
    if (last !== undefined && last.at === at) last.slots.push(slot)
    else this.#bucketAt(at).slots.push(slot)
  }

  /** The slot to be called next, at time `next`. Only while one waits. */
  first(): number {
    const bucket = this.#heap[0]
    return bucket.slots[bucket.read]
  }

  /** The first slot has been called. */
  pop(): void {
    const bucket = this.#heap[0]
    bucket.read++
    if (bucket.read < bucket.slots.length) return
    this.#buckets.delete(bucket.at)
    if (this.#last === bucket) this.#last = undefined
    const moved = this.#heap.pop()!
    if (this.#heap.length > 0) this.#sink(moved)
  }

  #bucketAt(at: number): Bucket {
    let bucket = this.#buckets.get(at)
    if (bucket === undefined) {
      bucket = { at, slots: [], read: 0 }
      this.#buckets.set(at, bucket)
      this.#rise(bucket)
    }
    this.#last = bucket
    return bucket
  }

  #rise(bucket: Bucket): void {
    const heap = this.#heap
    let position = heap.length
    heap.push(bucket)
    while (position > 0) {
      const parent = (position - 1) >> 1
      if (heap[parent].at <= bucket.at) break
      heap[position] = heap[parent]
      position = parent
    }
    heap[position] = bucket
  }

  #sink(bucket: Bucket): void {
    const heap = this.#heap
    let position = 0
    for (;;) {
      let child = 2 * position + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1].at < heap[child].at) child++
      if (heap[child].at >= bucket.at) break
      heap[position] = heap[child]
      position = child
    }
    heap[position] = bucket
  }
}

/** When an index wants to be shown the time. */
export function dueAt({ next }: DueIndex): number {
  return Number.isNaN(next) ? Number.POSITIVE_INFINITY : next
}
