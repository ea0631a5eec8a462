import type { Clock } from '../contract/context.ts'
import { promiseReturned } from '../contract/result-checks.ts'
import type { PartitionReader } from '../contract/source.ts'

/** A batch that has taken so long is handed on. */
const MAX_BATCH_MS = 5

/**
 * Makes the records `fn(from)` … `fn(to - 1)`; its position is the next index. A failure is thrown by the call after the one
 * that hands out the records before it, and its index is moved past.
 */
export class RangeReader implements PartitionReader<unknown, number> {
  readonly #fn: (index: number) => unknown
  readonly #to: number
  readonly #clock: Clock
  #next: number
  #failure: { readonly error: unknown } | undefined

  constructor(fn: (index: number) => unknown, from: number, to: number, clock: Clock) {
    this.#fn = fn
    this.#next = from
    this.#to = to
    this.#clock = clock
  }

  next(max: number): unknown[] | null {
    if (this.#failure !== undefined) throw this.#takeFailure()
    if (this.#next >= this.#to) return null
    const batch: unknown[] = []
    try {
      this.#fill(batch, Math.min(max, this.#to - this.#next))
    } catch (error) {
      this.#failure = { error }
    }
    this.#next += batch.length
    if (batch.length === 0) throw this.#takeFailure()
    return batch
  }

  position(): number {
    return this.#next
  }

  /** The clock is read after 1, 2, 4, 8, … records: rarely when they come fast, at once when slowly. */
  #fill(batch: unknown[], count: number): void {
    const fn = this.#fn
    const first = this.#next
    const deadline = this.#clock.now() + MAX_BATCH_MS
    for (let done = 0, stop = 1; done < count; stop = done * 2) {
      for (const limit = Math.min(stop, count); done < limit; done++) {
        const value = fn(first + done)
        if (value instanceof Promise) throw promiseReturned('fromGenerator')
        batch.push(value)
      }
      if (this.#clock.now() >= deadline) return
    }
  }

  #takeFailure(): unknown {
    const { error } = this.#failure!
    this.#failure = undefined
    this.#next++
    return error
  }
}
