import { describe, StreamError } from '../../codec/errors.ts'
import {
  concernsRecord,
  type DeadLetter,
  type ResolvedErrorPolicy,
} from '../../operators/contract/error-policy.ts'
import {
  type ErrorVerdict,
  type FailureHandling,
  MAX_RETRIES,
} from '../../operators/contract/failure-handling.ts'
import type { RecordAtFault, RecordScope } from '../../operators/contract/operator.ts'
import { COUNTER } from '../metrics/counters.ts'
import type { ErrorThreshold } from './error-threshold.ts'

/** What a failed call leaves in the place of a result when its record is given up. */
export const FAILED: unique symbol = Symbol('sage-stream.FAILED')

/** What becomes of a record on which a call has failed. */
export type Decision = 'retry' | ResolvedErrorPolicy['then']

/** A record that waits for its operator to be called with it (again). */
interface Held {
  readonly value: unknown
  readonly input: number
  readonly columns: RecordScope
  attempts: number
  /** When it may be tried, in ms of the monotonic clock. */
  dueMs: number
}

/** What a gate needs of its operator. */
export interface GatedOperator {
  readonly name: string
  readonly subtask: number
  readonly policy: ResolvedErrorPolicy
  /** Stands above the policy. */
  readonly handling?: FailureHandling | undefined
  readonly threshold?: ErrorThreshold | undefined
  readonly counters: Float64Array
  readonly scope: RecordScope
  /** Calls the operator, checks included; throws as user code does. */
  invoke(value: unknown, input: number): unknown
  /** Makes the call that failed again; default: `invoke`. */
  again?(value: unknown, input: number): unknown
  /** The record at fault, of a call that had several at hand. */
  failedAt?(): RecordAtFault | undefined
  /** Passes a late success on. */
  after(result: unknown, value: unknown): void
  deadLetter(letter: DeadLetter): void
  /** Holds the failure that ends the job. */
  readonly state: { fatal: StreamError | undefined }
  /** Monotonic milliseconds. */
  nowMs(): number
}

/**
 * The error policy of one operator on one subtask: counts each failure, retries, and decides what becomes of
 * the record. Compiled chains call `fail` from their catch clauses.
 *
 * A retry with a backoff does not block the thread: the record is held here, the task takes no further
 * input, and records of the same expansion queue up behind it, so order holds.
 */
export class ErrorGate {
  readonly #operator: GatedOperator
  readonly #held: Held[] = []

  constructor(operator: GatedOperator) {
    this.#operator = operator
  }

  /** Whether records must queue up here because one before them waits for its retry. */
  get busy(): boolean {
    return this.#held.length > 0
  }

  /** When the first held record may be tried, or Infinity. */
  get dueMs(): number {
    return this.#held.length === 0 ? Number.POSITIVE_INFINITY : this.#held[0].dueMs
  }

  /** Queues a record up behind those that wait. */
  hold(value: unknown, input: number): void {
    this.#hold(value, input, 0, 0)
  }

  /**
   * A call failed. Returns a retry's result, or FAILED; throws the `StreamError` that ends the job. `input` is undefined where it
   * was no call with a record.
   */
  fail(error: unknown, value: unknown, input: number | undefined): unknown {
    const { policy, counters, state } = this.#operator
    // Thrown by an operator behind this one and passed through its user code: not this operator's failure.
    if (state.fatal !== undefined) throw state.fatal
    if (this.#asks(error)) return this.#ask(error, value, input)
    let last = error
    for (let attempts = 1; attempts <= policy.retries && concernsRecord(last); attempts++) {
      if (policy.backoffMs > 0) {
        this.#hold(value, input ?? 0, attempts, policy.backoffMs)
        return FAILED
      }
      counters[COUNTER.retries]++
      try {
        return this.#again(value, input ?? 0)
      } catch (error) {
        last = error
      }
    }
    return this.giveUp(last, value, policy.retries + 1)
  }

  /** A record failed for good, after `attempts` calls. */
  giveUp(error: unknown, value: unknown, attempts: number): typeof FAILED {
    if (!this.#asks(error)) return this.close(error, value, attempts, this.#operator.policy.then)
    const verdict = this.#verdict(error, undefined, value, attempts)
    return this.close(error, value, attempts, verdict === 'continue' ? 'skip' : 'fail')
  }

  /**
   * What becomes of a record whose promise has failed in its attempt number `attempts`: it is called again, or closed as the
   * answer says. Throws what a handler that fails itself ends the job with.
   */
  decide(error: unknown, value: unknown, input: number, attempts: number): Decision {
    const { policy } = this.#operator
    if (!concernsRecord(error)) return 'fail'
    if (!this.#asks(error)) return attempts <= policy.retries ? 'retry' : policy.then
    const verdict = this.#answer(error, input, value, attempts)
    if (verdict === 'continue') return 'skip'
    return verdict === 'retry' && attempts <= MAX_RETRIES ? 'retry' : 'fail'
  }

  /** What was decided of a record that failed for good happens. */
  close(
    error: unknown,
    value: unknown,
    attempts: number,
    then: ResolvedErrorPolicy['then'],
  ): typeof FAILED {
    const { counters, name, subtask, scope, threshold } = this.#operator
    counters[COUNTER.errors]++
    const failure = asStreamError(error, name, subtask, value)
    if (then === 'fail' || !concernsRecord(error)) throw this.#end(failure)
    if (threshold?.exceed()) {
      const message = `expected ${threshold.limit}, got one more (operator '${name}'): ${failure.message}`
      throw this.#end(
        new StreamError('SAGE_ERROR_THRESHOLD', message, {
          operator: name,
          subtask,
          cause: failure,
        }),
      )
    }
    counters[then === 'skip' ? COUNTER.skipped : COUNTER.deadLettered]++
    if (then === 'deadLetter') {
      this.#operator.deadLetter({ value, error: failure, key: scope.key, operator: name, attempts })
    }
    return FAILED
  }

  #end(failure: StreamError): StreamError {
    this.#operator.state.fatal = failure
    return failure
  }

  // --- handlers of connected streams ---------------------------------------------------------

  #asks(error: unknown): boolean {
    return this.#operator.handling?.onError !== undefined && concernsRecord(error)
  }

  /** Does what the handler says; gives a retry's result, or FAILED. */
  #ask(error: unknown, value: unknown, input: number | undefined): unknown {
    const { counters, state } = this.#operator
    let last = error
    for (let attempt = 1; ; attempt++) {
      if (!concernsRecord(last)) return this.close(last, value, attempt, 'fail')
      const at = this.#operator.failedAt?.() ?? { input, value }
      const verdict = this.#verdict(last, at.input, at.value, attempt)
      if (verdict === 'continue') return this.close(last, at.value, attempt, 'skip')
      if (verdict === 'stop' || attempt > MAX_RETRIES)
        return this.close(last, at.value, attempt, 'fail')
      counters[COUNTER.retries]++
      try {
        return this.#again(value, input ?? 0)
      } catch (error) {
        if (state.fatal !== undefined) throw state.fatal
        last = error
      }
    }
  }

  /** What the handler says. One that fails itself ends the job. */
  #verdict(
    ...told: [error: unknown, input: number | undefined, value: unknown, attempt: number]
  ): ErrorVerdict {
    try {
      return this.#answer(...told)
    } catch (failure) {
      throw this.#end(failure as StreamError)
    }
  }

  /** What the handler says. Throws a `StreamError` where it fails itself. */
  #answer(
    error: unknown,
    input: number | undefined,
    value: unknown,
    attempt: number,
  ): ErrorVerdict {
    const { name, subtask, handling } = this.#operator
    const { inputs, onError } = handling!
    const streamId = input === undefined ? inputs.join(', ') : inputs[input]
    const told = error instanceof Error ? error : asStreamError(error, name, subtask)
    let verdict: unknown
    try {
      verdict = onError!(streamId, told, { input, value, attempt, operator: name })
    } catch (thrown) {
      throw asStreamError(thrown, name, subtask, value)
    }
    if (verdict === 'continue' || verdict === 'retry' || verdict === 'stop') return verdict
    throw new StreamError(
      'SAGE_OPTION',
      `onError of '${name}': expected it to return 'continue', 'retry' or 'stop', got ${describe(verdict)}`,
      { operator: name, subtask, cause: error },
    )
  }

  /** Tries held records that are due, in order; stops at the first that must wait on. True when any has left. */
  resume(): boolean {
    const { scope } = this.#operator
    const before = this.#held.length
    while (this.#held.length > 0) {
      const item = this.#held[0]
      if (item.dueMs > this.#operator.nowMs()) break
      Object.assign(scope, item.columns)
      if (!this.#tryAgain(item)) break
    }
    return this.#held.length < before
  }

  /** True when the record has left, one way or another. */
  #tryAgain(item: Held): boolean {
    const { policy, counters } = this.#operator
    if (item.attempts > 0) counters[COUNTER.retries]++
    let result: unknown
    try {
      const { value, input, attempts } = item
      result = attempts > 0 ? this.#again(value, input) : this.#operator.invoke(value, input)
    } catch (error) {
      item.attempts++
      if (item.attempts <= policy.retries && concernsRecord(error)) {
        item.dueMs = this.#operator.nowMs() + policy.backoffMs
        return false
      }
      this.#letGo()
      this.giveUp(error, item.value, item.attempts)
      return true
    }
    this.#letGo()
    this.#operator.after(result, item.value)
    return true
  }

  #again(value: unknown, input: number): unknown {
    const operator = this.#operator
    return operator.again === undefined
      ? operator.invoke(value, input)
      : operator.again(value, input)
  }

  #hold(value: unknown, input: number, attempts: number, delayMs: number): void {
    const columns = { ...this.#operator.scope }
    const dueMs = delayMs === 0 ? 0 : this.#operator.nowMs() + delayMs
    this.#held.push({ value, input, columns, attempts, dueMs })
    this.#operator.counters[COUNTER.pending]++
  }

  #letGo(): void {
    this.#held.shift()
    this.#operator.counters[COUNTER.pending]--
  }
}

/** What user code threw, as the error of its operator. Errors of this package keep their code. */
export function asStreamError(
  error: unknown,
  operator: string,
  subtask: number,
  value?: unknown,
): StreamError {
  if (error instanceof StreamError) return error.at(operator, subtask, value)
  const what = error instanceof Error ? `${error.name}: ${error.message}` : describe(error)
  const record = value === undefined ? '' : ` at record ${describe(value)}`
  return new StreamError(
    'SAGE_USER_ERROR',
    `${what}${record} (operator '${operator}', subtask ${subtask})`,
    {
      operator,
      subtask,
      cause: error,
    },
  )
}
