import { StreamError } from '../../codec/errors.ts'
import { concernsRecord, type ResolvedErrorPolicy } from '../../operators/contract/error-policy.ts'
import { emptyScope, type RecordScope } from '../../operators/contract/operator.ts'
import { COUNTER } from '../metrics/counters.ts'
import { Attempts } from './attempts.ts'
import type { Decision, ErrorGate } from './error-gate.ts'
import { Flight, FlightList, type ResultOrder } from './flight.ts'

/** What a gate needs of its operator. */
export interface GatedCalls {
  readonly name: string
  /** The most records under way. */
  readonly capacity: number
  /** In which order results leave. */
  readonly order: ResultOrder
  /** How long one promise may take, in ms; Infinity: for ever. */
  readonly timeoutMs: number
  /** A call that fails is made again so often at once; then as often as the policy says, `backoffMs` apart. */
  readonly retries: number
  readonly policy: ResolvedErrorPolicy
  readonly scope: RecordScope
  readonly counters: Float64Array
  readonly errors: Pick<ErrorGate, 'decide' | 'close'>
  /** Results wait while this is pressed. */
  readonly state: { readonly pressed: boolean }
  invoke(value: unknown, input: number): unknown
  /** Passes a result on, with the scope of its record. */
  emit(result: unknown, value: unknown): void
  /** Wakes the task's thread: a promise has settled. */
  wake(): void
  /** Monotonic milliseconds. */
  nowMs(): number
}

/**
 * Bounds the promises of an asynchronous operator, a sink or one that emits their results: at most `capacity` records
 * are under way, from the call until the result has left; calls are made in the order of the records. What arrives
 * meanwhile (the rest of one input's expansion) queues up; the task takes no further input while the gate is full.
 *
 * Promises settle in turns of the event loop; what that leads to is done by `pump`, in a step of the task.
 */
export class PromiseGate {
  readonly #calls: GatedCalls
  readonly #attempts: Attempts
  readonly #waiting = new FlightList()
  readonly #retrying: Flight[] = []
  readonly #free: Flight[] = []
  readonly #kept = emptyScope()
  #underWay = 0
  #fatal: Flight | undefined
  #woken = false

  constructor(calls: GatedCalls) {
    this.#calls = calls
    this.#attempts = new Attempts(this, calls.timeoutMs)
  }

  /** Whether the next record must wait. A plain field: compiled chains read it at every record. */
  busy = false

  /** Whether anything is still on its way. */
  pending = false

  /** Whether a call has returned a promise: such a sink gets no views, which would end with the call. */
  keeps = false

  /** The watermark behind which records are on their way still; Infinity: none is. */
  get watermark(): number {
    return this.#calls.order.watermark
  }

  /** When it wants to be pumped for the time alone, in monotonic ms. */
  get dueMs(): number {
    let due = this.#attempts.dueMs
    for (const { dueMs } of this.#retrying) due = Math.min(due, dueMs)
    return due
  }

  /** A record arrives while the gate is full. */
  hold(value: unknown, input: number): void {
    this.#waiting.add(this.#flight(value, input))
    this.#update()
  }

  /** The call with a record has returned a promise. */
  track(promise: PromiseLike<unknown>, value: unknown, input: number): void {
    this.#attempts.begin(this.#depart(this.#flight(value, input), 1), promise)
    this.#update()
  }

  /** The call with a record has returned its result, while others are on their way. */
  follow(result: unknown, value: unknown, input: number): void {
    this.resolved(this.#depart(this.#flight(value, input), 1), result)
    this.#update()
  }

  /** The call with a record has thrown. */
  fail(error: unknown, value: unknown, input: number): void {
    this.rejected(this.#depart(this.#flight(value, input), 1), error)
    this.#update()
  }

  /**
   * Passes on what has settled, as long as there is room, and makes the calls that have room now or are due again. True when
   * a record has moved. Throws the failure that ends the job.
   */
  pump(): boolean {
    const { scope, errors } = this.#calls
    this.#woken = false
    copyScope(scope, this.#kept)
    try {
      if (this.#fatal !== undefined) this.#giveUp(this.#fatal, errors)
      this.#look()
      let moved = false
      while (this.#release() || this.#callNext()) moved = true
      return moved
    } finally {
      copyScope(this.#kept, scope)
      this.#update()
    }
  }

  /** A promise has settled. For `Attempts`. */
  resolved(flight: Flight, result: unknown): void {
    flight.result = result
    this.#settle(flight)
  }

  /** A promise was rejected, or took too long. For `Attempts`. */
  rejected(flight: Flight, error: unknown): void {
    const { retries, policy, nowMs } = this.#calls
    const atOnce = flight.attempts <= retries && concernsRecord(error)
    const [then, failure] = atOnce ? (['retry', error] as const) : this.#decide(flight, error)
    if (then === 'retry') {
      flight.dueMs = atOnce ? 0 : nowMs() + policy.backoffMs
      this.#retrying.push(flight)
      this.#wake()
      return
    }
    flight.failed = true
    flight.result = failure
    flight.then = then
    if (then === 'fail') this.#fatal ??= flight
    this.#settle(flight)
  }

  /** Also between two steps: with a handler that fails itself the next one ends the task. */
  #decide(flight: Flight, error: unknown): readonly [then: Decision, failure: unknown] {
    const { errors, retries } = this.#calls
    const { value, input, attempts } = flight
    try {
      return [errors.decide(error, value, input, attempts - retries), error]
    } catch (failure) {
      return ['fail', failure]
    }
  }

  #settle(flight: Flight): void {
    flight.settled = true
    this.#calls.order.settle(flight)
    this.#wake()
  }

  #wake(): void {
    if (this.#woken) return
    this.#woken = true
    this.#calls.wake()
  }

  /** Looks at the clock for those that are overdue, or due again. */
  #look(): void {
    const { nowMs, timeoutMs } = this.#calls
    if (timeoutMs === Number.POSITIVE_INFINITY && this.#retrying.length === 0) return
    const now = nowMs()
    for (let f = this.#attempts.overdue(now); f !== undefined; f = this.#attempts.overdue(now))
      this.rejected(f, this.#timeout())
    for (const flight of this.#retrying.splice(0)) {
      if (flight.dueMs > now) this.#retrying.push(flight)
      else this.#again(flight)
    }
  }

  #again(flight: Flight): void {
    this.#calls.counters[COUNTER.retries]++
    copyScope(flight, this.#calls.scope)
    this.#call(flight)
  }

  /** Lets the next result go. False: there is none, or no room for it. */
  #release(): boolean {
    const { order, state, scope, errors, emit } = this.#calls
    const flight = order.next
    if (flight === undefined || state.pressed) return false
    order.leave()
    this.#underWay--
    this.#calls.counters[COUNTER.pending]--
    if (flight.failed) this.#giveUp(flight, errors)
    else {
      copyScope(flight, scope)
      emit(flight.result, flight.value)
    }
    this.#recycle(flight)
    return true
  }

  /** Makes the call with the next record that waits. False: none does, or there is no room. */
  #callNext(): boolean {
    if (this.#waiting.first === undefined || this.#underWay >= this.#calls.capacity) return false
    const flight = this.#depart(this.#waiting.take(), 0)
    copyScope(flight, this.#calls.scope)
    this.#call(flight)
    return true
  }

  #call(flight: Flight): void {
    flight.attempts++
    let result: unknown
    try {
      result = this.#calls.invoke(flight.value, flight.input)
    } catch (error) {
      this.rejected(flight, error)
      return
    }
    if (isThenable(result)) this.#attempts.begin(flight, result)
    else this.resolved(flight, result)
  }

  #giveUp(flight: Flight, errors: GatedCalls['errors']): void {
    copyScope(flight, this.#calls.scope)
    errors.close(flight.result, flight.value, flight.attempts, flight.then)
  }

  /** A record as it stands in the scope. */
  #flight(value: unknown, input: number): Flight {
    const flight = this.#free.pop() ?? new Flight()
    flight.value = value
    flight.input = input
    copyScope(this.#calls.scope, flight)
    this.#calls.counters[COUNTER.pending]++
    return flight
  }

  /** The call with this record has been made so often, or is about to be. */
  #depart(flight: Flight, attempts: number): Flight {
    flight.attempts = attempts
    this.#calls.order.add(flight)
    this.#underWay++
    return flight
  }

  #recycle(flight: Flight): void {
    if (this.#free.length >= this.#calls.capacity) return
    flight.value = undefined
    flight.key = undefined
    flight.result = undefined
    flight.settled = false
    flight.failed = false
    this.#free.push(flight)
  }

  #update(): void {
    const waits = this.#waiting.first !== undefined
    this.busy = waits || this.#underWay >= this.#calls.capacity
    this.pending = waits || this.#underWay > 0
  }

  #timeout(): StreamError {
    const { name, timeoutMs } = this.#calls
    return new StreamError(
      'SAGE_TIMEOUT',
      `'${name}': expected a promise to settle within ${timeoutMs} ms (option timeout), but it is pending still`,
    )
  }
}

/** Whether a call's result must be awaited. */
export function isThenable(result: unknown): result is PromiseLike<unknown> {
  return (
    typeof result === 'object' &&
    result !== null &&
    typeof (result as { then?: unknown }).then === 'function'
  )
}

function copyScope(from: RecordScope, to: RecordScope): void {
  to.key = from.key
  to.timestamp = from.timestamp
  to.watermark = from.watermark
  to.ask = from.ask
}
