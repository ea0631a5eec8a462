import type { Clock } from '../contract/context.ts'
import { isPromise, promiseReturned } from '../contract/result-checks.ts'
import { type Awaitable, IDLE, type PartitionReader } from '../contract/source.ts'

/** What `pull` returns when there is nothing more. */
export const END: unique symbol = Symbol('end of source')

/**
 * A batch that has taken so long is handed on, so that a slow source delays no record that it has
 * made.
 */
const MAX_BATCH_MS = 5

/** What a {@link PullReader} reads from. */
export interface PullSource {
  /** Names the source's method in errors. */
  readonly method: string
  readonly clock: Clock
  /**
   * The next record, `END`, `IDLE` for nothing yet, or a promise of any of these where `async`
   * allows it.
   */
  pull(): unknown
  readonly async: boolean
  /** The position of the first record that `pull` gives. */
  readonly start: number
  close?(): Awaitable<void>
}

/**
 * Makes batches of what a function gives one at a time. Its position counts records.
 *
 * No record is lost to a failure or a wait behind it: what was pulled before is handed out first,
 * and the failure is thrown, the promise awaited, by the next call.
 */
export class PullReader implements PartitionReader<unknown, number> {
  readonly #source: PullSource
  #position: number
  #ended = false
  #failure: { readonly error: unknown } | undefined
  #promise: PromiseLike<unknown> | undefined

  constructor(source: PullSource) {
    this.#source = source
    this.#position = source.start
  }

  next(max: number): Awaitable<unknown[] | typeof IDLE | null> {
    if (this.#ended) return null
    if (this.#failure === undefined && this.#promise === undefined) {
      const batch = this.#gather(max)
      this.#position += batch.length
      if (batch.length > 0) return batch
    }
    if (this.#failure !== undefined) throw this.#takeFailure()
    if (this.#promise !== undefined) return this.#awaited()
    return this.#ended ? null : IDLE
  }

  position(): number {
    return this.#position
  }

  close(): Awaitable<void> {
    return this.#source.close?.()
  }

  /** Pulls until `max`, the end, nothing yet, a promise, a failure, or the time is up. */
  #gather(max: number): unknown[] {
    const source = this.#source
    const batch: unknown[] = []
    const deadline = source.clock.now() + MAX_BATCH_MS
    // The clock is read after 1, 2, 4, 8, … records: rarely when they come fast, at once when
    // slowly.
    let nextLook = 1
    try {
      while (batch.length < max) {
        const value = source.pull()
        if (value === IDLE || this.#interrupts(value)) break
        batch.push(value)
        if (batch.length < nextLook) continue
        if (source.clock.now() >= deadline) break
        nextLook *= 2
      }
    } catch (error) {
      this.#failure = { error }
    }
    return batch
  }

  #interrupts(value: unknown): boolean {
    if (value === END) this.#ended = true
    else if (!isPromise(value)) return false
    else if (this.#source.async) this.#promise = value
    else this.#failure = { error: promiseReturned(this.#source.method) }
    return true
  }

  /** The record that failed has been moved past. */
  #takeFailure(): unknown {
    const { error } = this.#failure!
    this.#failure = undefined
    this.#position++
    return error
  }

  async #awaited(): Promise<unknown[] | typeof IDLE | null> {
    const promise = this.#promise
    this.#promise = undefined
    const value = await promise
    if (value === IDLE) return IDLE
    if (value === END) {
      this.#ended = true
      return null
    }
    this.#position++
    return [value]
  }
}
