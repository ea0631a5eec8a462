import type { Flight } from './flight.ts'
import { type Linked, LinkedQueue } from './linked-queue.ts'

/** One call whose promise is pending. */
interface Attempt extends Linked {
  before: this | undefined
  behind: this | undefined
  /** Undefined: what it settles with is of no account any more. */
  flight: Flight | undefined
  /** In ms of the monotonic clock. */
  deadlineMs: number
  /** What its promise calls. */
  readonly resolved: (result: unknown) => void
  readonly rejected: (error: unknown) => void
}

/** Who hears of attempts. */
export interface AttemptListener {
  resolved(flight: Flight, result: unknown): void
  rejected(flight: Flight, error: unknown): void
}

/**
 * The calls of one operator whose promises are pending, in the order in which they were made, so that the first of them
 * is the first to time out. An attempt is used again when its promise has settled: its listeners are made once.
 *
 * A deadline counts from the first look at the clock after the call, which comes before the task looks for input again:
 * so the clock is read once for many calls, and none ends early.
 */
export class Attempts {
  readonly #listener: AttemptListener
  readonly #timeoutMs: number
  readonly #pending = new LinkedQueue<Attempt>()
  readonly #free: Attempt[] = []
  /** The first one without a deadline. */
  #undated: Attempt | undefined

  constructor(listener: AttemptListener, timeoutMs: number) {
    this.#listener = listener
    this.#timeoutMs = timeoutMs
  }

  begin(flight: Flight, promise: PromiseLike<unknown>): void {
    const attempt = this.#free.pop() ?? this.#make()
    attempt.flight = flight
    attempt.deadlineMs = Number.POSITIVE_INFINITY
    this.#pending.push(attempt)
    this.#undated ??= attempt
    // Another's `then` may do anything: call twice, or throw.
    const heard = promise.constructor === Promise ? promise : Promise.resolve(promise)
    heard.then(attempt.resolved, attempt.rejected)
  }

  /** When the first one is to be given up, in ms of the monotonic clock. */
  get dueMs(): number {
    return this.#pending.first?.deadlineMs ?? Number.POSITIVE_INFINITY
  }

  /** Gives the first one up if its time is over: its record, or undefined. */
  overdue(nowMs: number): Flight | undefined {
    for (let a = this.#undated; a !== undefined; a = a.behind)
      a.deadlineMs = nowMs + this.#timeoutMs
    this.#undated = undefined
    const { first } = this.#pending
    if (first === undefined || first.deadlineMs > nowMs) return undefined
    const { flight } = first
    this.#pending.remove(first)
    first.flight = undefined
    return flight
  }

  #make(): Attempt {
    const attempt: Attempt = {
      before: undefined,
      behind: undefined,
      flight: undefined,
      deadlineMs: Number.POSITIVE_INFINITY,
      resolved: (result) => {
        const flight = this.#end(attempt)
        if (flight !== undefined) this.#listener.resolved(flight, result)
      },
      rejected: (error) => {
        const flight = this.#end(attempt)
        if (flight !== undefined) this.#listener.rejected(flight, error)
      },
    }
    return attempt
  }

  /** The promise has settled. Its record, unless the attempt was given up before. */
  #end(attempt: Attempt): Flight | undefined {
    const { flight } = attempt
    if (flight !== undefined) {
      if (this.#undated === attempt) this.#undated = attempt.behind
      this.#pending.remove(attempt)
    }
    attempt.flight = undefined
    this.#free.push(attempt)
    return flight
  }
}
