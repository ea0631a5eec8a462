import { StreamError } from '../../codec/errors.ts'
import type { RuntimeContext } from '../contract/context.ts'
import type { Collector, OutputTag } from '../contract/function.ts'
import type { StateColumn, TimeDomain } from '../contract/keyed-store.ts'
import type { Operator, OperatorContext, OperatorFactory, Room } from '../contract/operator.ts'
import { isPromise, promiseReturned } from '../contract/result-checks.ts'
import { TimerService } from '../state/timer-service.ts'
import { PatternLogic, type PatternState } from './pattern-logic.ts'
import type { PatternMachine, PatternOutput } from './pattern-machine.ts'

/** Makes a record of a partial match that has run out of time: `(partial, ctx)`. */
export type TimedOutFunction = (partial: any, ctx: RuntimeContext) => unknown

/** Where else than to the matches results go. May be set until the job is submitted. */
export interface PatternOutputs {
  timedOut: { readonly tag: OutputTag<any>; readonly fn: TimedOutFunction | undefined } | undefined
  late: OutputTag<any> | undefined
}

/**
 * Finds a pattern in the events of each key. In event time where the records have timestamps: events wait for the
 * watermark, those before it are late (`dropped`, and the late output). Else in processing time.
 */
export function patternFactory(machine: PatternMachine, outputs: PatternOutputs): OperatorFactory {
  return {
    shape: 'process',
    get functions() {
      const { timedOut } = outputs
      return timedOut?.fn === undefined ? machine.functions : [...machine.functions, timedOut.fn]
    },
    create: (context) => new PatternOperator(machine, outputs, context),
  }
}

/**
 * Between calls, each key has one timer, at its state's `nextTimer`; a key whose state is empty has neither.
 *
 * Matches of a call go to that call's collector, which keeps them until the call has succeeded. What time alone
 * brings about goes straight on: it holds, whatever becomes of the record at hand.
 */
class PatternOperator implements Operator {
  readonly #context: OperatorContext
  readonly #logic: PatternLogic
  readonly #states: StateColumn<PatternState>
  readonly #timers: TimerService
  readonly #outputs: PatternOutputs
  readonly #ofRecord: PatternOutput<unknown>
  readonly #ofTime: PatternOutput<unknown>
  readonly #ofEnd: PatternOutput<unknown>
  /** Where the matches of the call at hand go. */
  #out: Collector
  /** An empty state for the next key that has none: most events begin no match. */
  #spare: PatternState
  /** Whether the records have timestamps; undefined before the first one. */
  #timestamped: boolean | undefined
  #now = Number.NEGATIVE_INFINITY
  /** The latest event time that has passed here. */
  #passed = Number.NEGATIVE_INFINITY
  /** At the end of input: keys with matches that are complete and wait for others. Undefined before it. */
  #holding: number[] | undefined
  /** What `fn` of the timed-out output threw, to be told between two records. */
  readonly #failures: {
    readonly error: unknown
    readonly key: unknown
    readonly partial: unknown
  }[] = []
  #failed: unknown

  constructor(machine: PatternMachine, outputs: PatternOutputs, context: OperatorContext) {
    this.#context = context
    this.#outputs = outputs
    this.#logic = new PatternLogic(machine)
    this.#spare = this.#logic.createState()
    this.#states = context.keyed.store.column<PatternState>('pattern')
    this.#timers = new TimerService(context, (at, domain) => this.#onTimer(at, domain))
    this.#out = context.out
    this.#ofRecord = { match: (match) => this.#out.collect(match) }
    const match = (match: unknown): void => context.out.collect(match)
    this.#ofEnd = {
      match: (match, time) => {
        context.scope.timestamp = this.#timestamped === false ? Number.NaN : time
        context.out.collect(match)
      },
    }
    this.#ofTime =
      outputs.timedOut === undefined
        ? { match }
        : { match, timedOut: (partial) => this.#tellTimedOut(partial) }
  }

  readonly call = (value: unknown, _: RuntimeContext, out: Collector): void => {
    const { keyed, scope } = this.#context
    this.#failed = undefined
    this.#out = out
    const timestamped = !Number.isNaN(scope.timestamp)
    if (timestamped !== this.#timestamped) this.#settleTime(timestamped)
    const slot = keyed.find()
    const state = (slot === -1 ? undefined : this.#states.get(slot)) ?? this.#spare
    const timer = this.#logic.nextTimer(state)
    try {
      if (timestamped) this.#take(state, value)
      else this.#takeNow(state, value)
    } finally {
      this.#keep(slot, state, timer, timestamped ? 'event' : 'processing')
    }
  }

  onWatermark(watermark: number, room: Room): boolean {
    this.#failed = undefined
    this.#raise()
    if (!this.#timers.onWatermark(watermark, room)) return false
    if (watermark < Number.POSITIVE_INFINITY) {
      this.#passed = watermark
      return true
    }
    // The end of input is the end of all time.
    return this.#timers.onProcessingTime(watermark, room) && this.#end(room)
  }

  onProcessingTime(now: number, room: Room): boolean {
    this.#failed = undefined
    this.#raise()
    return this.#timers.onProcessingTime(now, room)
  }

  get dueAt(): number {
    return this.#failures.length > 0 ? Number.NEGATIVE_INFINITY : this.#timers.dueAt
  }

  /** The event, or the partial match, on which `onWatermark` or `onProcessingTime` threw last. */
  gathered(): unknown {
    return this.#failed
  }

  // --- records -------------------------------------------------------------------------------

  #take(state: PatternState, value: unknown): void {
    const { scope, countDropped } = this.#context
    const { timestamp, watermark } = scope
    if (this.#logic.onEvent(state, value, timestamp, watermark, this.#ofRecord)) return
    countDropped()
    if (this.#outputs.late !== undefined) this.#out.collectTo(this.#outputs.late, value)
  }

  #takeNow(state: PatternState, value: unknown): void {
    const { ctx } = this.#context
    this.#now = Math.max(this.#now, ctx.clock.now())
    if (this.#logic.nextTimer(state) <= this.#now) {
      this.#logic.onTime(state, this.#now, this.#ofTime)
    }
    this.#logic.onArrival(state, value, this.#now, this.#ofRecord)
  }

  /** Keeps the state, or lets go of an empty one, and sets its timer: it was at `before`. */
  #keep(found: number, state: PatternState, before: number, domain: TimeDomain): void {
    const { keyed } = this.#context
    const empty = this.#logic.isEmpty(state)
    if (found === -1 && empty) return
    const slot = found === -1 ? keyed.slot() : found
    const timers = domain === 'event' ? keyed.eventTimers : keyed.processingTimers
    const timer = this.#logic.nextTimer(state)
    if (timer < Number.POSITIVE_INFINITY) timers.register(slot, timer)
    if (state === this.#spare) this.#spare = this.#logic.createState()
    if (empty) this.#states.clear(slot)
    else this.#states.set(slot, state)
    if (timer !== before && before < Number.POSITIVE_INFINITY) timers.delete(slot, before)
    if (empty) keyed.store.release(slot)
  }

  #settleTime(timestamped: boolean): void {
    if (this.#timestamped === undefined) {
      this.#timestamped = timestamped
      return
    }
    const [expected, got] = timestamped ? ['without', 'with'] : ['with', 'without']
    throw new StreamError(
      'SAGE_TIMESTAMP',
      `pattern: expected all records ${expected} timestamps, as the first one, got one ${got}; ` +
        'assign them to all of the streams that meet here, or to none',
    )
  }

  // --- time ----------------------------------------------------------------------------------

  #onTimer(at: number, domain: TimeDomain): void {
    const { keyed } = this.#context
    const slot = keyed.find()
    const state = this.#states.get(slot)!
    if (domain === 'event') this.#passed = Math.max(this.#passed, at)
    try {
      if (domain === 'event') this.#passTime(state, at)
      else this.#logic.onTime(state, at, this.#ofTime)
    } finally {
      this.#keep(slot, state, Number.POSITIVE_INFINITY, domain)
    }
    this.#raise()
  }

  /** An event on which a condition throws is left out: those behind it are matched by the next call. */
  #passTime(state: PatternState, at: number): void {
    try {
      this.#logic.onWatermark(state, at, this.#ofTime)
    } catch (error) {
      this.#failed = this.#logic.skipEvent(state)
      throw error
    }
  }

  /** Tells, key by key while there is room, what has waited for others. */
  #end(room: Room): boolean {
    const { keyed, scope } = this.#context
    this.#holding ??= [...keyed.store.slots()].filter((slot) =>
      this.#logic.isHolding(this.#states.get(slot)!),
    )
    for (let slot = this.#holding.at(-1); slot !== undefined; slot = this.#holding.at(-1)) {
      if (!room()) return false
      this.#holding.pop()
      scope.key = keyed.store.keyAt(slot)
      const state = this.#states.get(slot)!
      this.#logic.onEnd(state, this.#passed, this.#ofEnd)
      this.#keep(slot, state, Number.POSITIVE_INFINITY, 'event')
    }
    this.#holding = undefined
    return true
  }

  #tellTimedOut(partial: unknown): void {
    const { tag, fn } = this.#outputs.timedOut!
    const { ctx, out, scope } = this.#context
    let record = partial
    try {
      if (fn !== undefined) record = fn(partial, ctx)
      if (isPromise(record)) throw promiseReturned('timedOut')
    } catch (error) {
      this.#failures.push({ error, key: scope.key, partial })
      return
    }
    out.collectTo(tag, record)
  }

  /** Throws the first failure that was put by. */
  #raise(): void {
    const failure = this.#failures.shift()
    if (failure === undefined) return
    this.#context.scope.key = failure.key
    this.#failed = failure.partial
    throw failure.error
  }
}
