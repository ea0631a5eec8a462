import { MapFunction } from 'sage-stream'

/** How slowly records pass. */
export interface Pace {
  /** So many, then a rest of a millisecond; 0: no rests. */
  readonly pace: number
  /** A word in shared memory: no more rests once it is not 0. */
  readonly hurry?: SharedArrayBuffer
}

/** Makes a job last, so that something can happen to it. */
export class Paced<T> extends MapFunction<T, T> {
  readonly #pace: number
  readonly #hurry: Int32Array
  #count = 0

  constructor({ pace, hurry }: Pace) {
    super()
    this.#pace = pace
    this.#hurry = new Int32Array(hurry ?? new SharedArrayBuffer(4))
  }
  override execute(record: T): T {
    // Does not wait for a word that is not 0.
    if (this.#pace > 0 && ++this.#count % this.#pace === 0) Atomics.wait(this.#hurry, 0, 0, 1)
    return record
  }
}

/** Ends the rests. */
export function hurryUp(hurry: SharedArrayBuffer): void {
  Atomics.store(new Int32Array(hurry), 0, 1)
}
