import { concernsRecord } from '../../operators/contract/error-policy.ts'
import type { RecordScope } from '../../operators/contract/operator.ts'
import { COUNTER } from '../metrics/counters.ts'
import type { ErrorGate } from './error-gate.ts'

/** What a gate needs of its sink. */
export interface GatedSink {
  readonly capacity: number
  readonly retries: number
  readonly backoffMs: number
  readonly scope: RecordScope
  readonly counters: Float64Array
  readonly errors: ErrorGate
  invoke(value: unknown): unknown
  /** Wakes the task's thread: a promise has settled. */
  wake(): void
}

interface Waiting {
  readonly value: unknown
  readonly columns: RecordScope
}

/**
 * Bounds the promises of an asynchronous sink: at most `capacity` are in flight, calls are made in the order of
 * the records. What arrives meanwhile (the rest of one input's expansion) queues up; the task takes no further
 * input while the gate is full.
 */
export class SinkGate {
  readonly #sink: GatedSink
  readonly #waiting: Waiting[] = []
  #inFlight = 0
  #failure: { readonly error: unknown } | undefined

  constructor(sink: GatedSink) {
    this.#sink = sink
  }

  /** Whether the next record must wait. A plain field: compiled chains read it at every record. */
  busy = false

  /** Whether a call has returned a promise: such a sink gets no views, which would end with the call. */
  keeps = false

  /** Whether anything is still on its way. */
  get pending(): boolean {
    return this.#inFlight > 0 || this.#waiting.length > 0
  }

  hold(value: unknown): void {
    this.#waiting.push({ value, columns: { ...this.#sink.scope } })
    this.#sink.counters[COUNTER.pending]++
    this.busy = true
  }

  /** A call returned a promise. */
  track(promise: PromiseLike<unknown>, value: unknown, attempts = 1): void {
    this.#inFlight++
    this.#sink.counters[COUNTER.pending]++
    this.#update()
    promise.then(
      () => this.#settle(),
      (error: unknown) => this.#rejected(error, value, attempts),
    )
  }

  /** Makes the calls that have room now. Throws the failure of an earlier one that ends the job. */
  pump(): void {
    if (this.#failure !== undefined) throw this.#failure.error
    const { scope } = this.#sink
    while (this.#waiting.length > 0 && this.#inFlight < this.#sink.capacity) {
      const { value, columns } = this.#waiting.shift()!
      this.#sink.counters[COUNTER.pending]--
      Object.assign(scope, columns)
      this.#call(value)
    }
    this.#update()
  }

  #update(): void {
    this.busy = this.#inFlight >= this.#sink.capacity || this.#waiting.length > 0
  }

  #call(value: unknown): void {
    let result: unknown
    try {
      result = this.#sink.invoke(value)
    } catch (error) {
      result = this.#sink.errors.fail(error, value, 0)
    }
    if (isThenable(result)) this.track(result, value)
  }

  #settle(): void {
    this.#leave()
    this.#update()
    this.#sink.wake()
  }

  #rejected(error: unknown, value: unknown, attempts: number): void {
    const { retries, backoffMs, counters } = this.#sink
    if (attempts <= retries && concernsRecord(error)) {
      counters[COUNTER.retries]++
      setTimeout(() => this.#again(value, attempts + 1), backoffMs)
      return
    }
    try {
      this.#sink.errors.giveUp(error, value, attempts)
    } catch (failure) {
      this.#failure = { error: failure }
    }
    this.#settle()
  }

  /** A retry keeps its place in flight until it settles. */
  #again(value: unknown, attempts: number): void {
    let result: unknown
    try {
      result = this.#sink.invoke(value)
    } catch (error) {
      this.#rejected(error, value, attempts)
      return
    }
    if (!isThenable(result)) {
      this.#settle()
      return
    }
    this.#leave()
    this.track(result, value, attempts)
  }

  #leave(): void {
    this.#inFlight--
    this.#sink.counters[COUNTER.pending]--
  }
}

/** Whether a sink's result must be awaited. */
export function isThenable(result: unknown): result is PromiseLike<unknown> {
  return (
    typeof result === 'object' &&
    result !== null &&
    typeof (result as { then?: unknown }).then === 'function'
  )
}
