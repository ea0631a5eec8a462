import { requireLambda } from '../contract/function-form.ts'
import type { StateColumn, TimeDomain } from '../contract/keyed-store.ts'
import type {
  Operator,
  OperatorCall,
  OperatorContext,
  OperatorFactory,
  Room,
} from '../contract/operator.ts'
import { isPromise, promiseReturned } from '../contract/result-checks.ts'
import { TimerService } from '../state/timer-service.ts'
import { firstAt, insertEntry, type JoinEntry, type JoinSide } from './join-side.ts'
import { RecordTime } from './record-time.ts'
import { emitAt, emitHeld, StatePlace } from './state-place.ts'

/** Whose unmatched records are in the result, beside null. */
export type JoinType = 'inner' | 'left' | 'right' | 'outer'

/** What a join of two streams is. */
export interface JoinSpec {
  readonly joinType: JoinType
  /** Infinity: records wait for partners until the end of input. */
  readonly withinMs: number
  /** Compares all pairs, in one subtask. Undefined: the streams are keyed, and records of a key match. */
  readonly condition?: ((left: any, right: any) => unknown) | undefined
  /** Whether a stream may never end. Default false. */
  readonly endless?: boolean
}

type Sides = readonly [left: JoinSide, right: JoinSide]

/**
 * Joins two streams into rows `[left, right]`, of which one may be null: records of one key, or for which the condition
 * holds, that are at most `withinMs` apart. In event time, where the records have timestamps, a record may still find
 * partners until the watermark is past `withinMs` behind it; in processing time, until that time is over. It is then
 * forgotten, and emitted as an unmatched row if it has had no partner and the type says so; so are all at
 * the end of input.
 *
 * The time of a row is that of its later record.
 */
export function joinRowsFactory(spec: JoinSpec): OperatorFactory {
  const { condition } = spec
  if (condition !== undefined) requireLambda(condition, 'join.condition')
  return {
    shape: 'process',
    serial: condition !== undefined,
    functions: condition === undefined ? [] : [condition],
    redistribute: RecordTime.redistribute,
    create: (context) => new JoinRows(spec, context),
  }
}

class JoinRows implements Operator {
  readonly call: readonly OperatorCall[]
  readonly #context: OperatorContext
  readonly #spec: JoinSpec
  readonly #place: StatePlace
  readonly #time: RecordTime
  readonly #timers: TimerService
  readonly #column: StateColumn<Sides>
  /** By side: whether its unmatched records become rows. */
  readonly #keeps: readonly [left: boolean, right: boolean]
  /** At the end of input: the slots that have not been emptied. */
  #ending: number[] | undefined

  constructor(spec: JoinSpec, context: OperatorContext) {
    const { joinType, condition } = spec
    this.#spec = spec
    this.#context = context
    this.#place = new StatePlace(context, condition === undefined)
    this.#time = new RecordTime('join', context)
    this.#timers = new TimerService(context, (at, domain) => this.#onTimer(at, domain))
    this.#column = context.keyed.store.column<Sides>('join')
    const all = joinType === 'outer'
    this.#keeps = [all || joinType === 'left', all || joinType === 'right']
    this.call = [(value) => this.#take(0, value), (value) => this.#take(1, value)]
  }

  open(): void {
    const { condition, withinMs, endless } = this.#spec
    if (condition === undefined || withinMs < Number.POSITIVE_INFINITY || !endless) return
    const { ctx } = this.#context
    ctx.logger.warning(
      `join '${ctx.name}': a condition without \`within\` keeps every record of both streams until they end; ` +
        'where one may never end, its state grows for ever',
    )
  }

  onWatermark(watermark: number, room: Room): boolean {
    if (!this.#timers.onWatermark(watermark, room)) return false
    return watermark < Number.POSITIVE_INFINITY || this.#end(room)
  }

  onProcessingTime(now: number, room: Room): boolean {
    return this.#timers.onProcessingTime(now, room)
  }

  get dueAt(): number {
    return this.#timers.dueAt
  }

  snapshot(): unknown {
    return this.#time.snapshot()
  }

  restore(state: unknown): void {
    this.#time.restore(state)
  }

  #take(own: 0 | 1, value: unknown): void {
    const { scope, countDropped } = this.#context
    const time = this.#time.ofRecord()
    // Round a feedback loop, behind the end of input: its partners are gone.
    if (this.#ending !== undefined) {
      countDropped()
      return
    }
    const found = this.#place.find()
    const before = found === -1 ? undefined : this.#column.get(found)
    // What throws does so before anything has changed.
    const partners = before === undefined ? [] : this.#partners(own, value, time, before[1 - own])
    // Timers may be about to fire that are due already.
    if (found !== -1 && this.#time.domain === 'processing') this.#forget(found, time)
    const sides = found === -1 ? undefined : this.#column.get(found)
    const slot = sides === undefined ? this.#place.slot() : found
    const kept: Sides = sides ?? [[], []]
    insertEntry(kept[own], { value, time, matched: partners.length > 0 })
    if (sides === undefined) this.#column.set(slot, kept)
    else this.#column.touch(slot)
    if (this.#spec.withinMs < Number.POSITIVE_INFINITY)
      this.#time.timers.register(slot, this.#dueOf(time))
    this.#place.enter(slot)
    for (const partner of partners) {
      partner.matched = true
      const row = own === 0 ? [value, partner.value] : [partner.value, value]
      emitAt(this.#context, Math.max(scope.timestamp, partner.time), row)
    }
  }

  #partners(own: 0 | 1, value: unknown, time: number, others: JoinSide): JoinEntry[] {
    const { withinMs, condition } = this.#spec
    const due = this.#time.domain === 'processing' ? time : Number.NEGATIVE_INFINITY
    const partners: JoinEntry[] = []
    for (let i = firstAt(others, time - withinMs); i < others.length; i++) {
      const other = others[i]
      if (other.time > time + withinMs) break
      if (this.#dueOf(other.time) <= due) continue
      if (condition !== undefined) {
        const holds = own === 0 ? condition(value, other.value) : condition(other.value, value)
        if (isPromise(holds)) throw promiseReturned('join.condition')
        if (!holds) continue
      }
      partners.push(other)
    }
    return partners
  }

  // --- records without a partner --------------------------------------------------------------

  #onTimer(at: number, domain: TimeDomain): void {
    if (domain === this.#time.domain) this.#forget(this.#place.find(), at)
  }

  /** When no partner can come any more. In event time a watermark still lets records of its own time through. */
  #dueOf(time: number): number {
    const { withinMs } = this.#spec
    return this.#time.domain === 'event' ? time + withinMs + 1 : time + withinMs
  }

  /** Lets go of what is due at `at`, and emits of it what has had no partner. */
  #forget(slot: number, at: number): void {
    const sides = this.#column.get(slot)
    if (sides === undefined) return
    const [left, right] = sides.map((side) => side.splice(0, this.#countDue(side, at)))
    this.#place.enter(slot)
    this.#keepOrRelease(slot, sides)
    const rows = [...this.#unmatched(0, left), ...this.#unmatched(1, right)]
    for (const { time, row } of rows.sort((a, b) => a.time - b.time))
      emitHeld(this.#context, this.#time.domain === 'event' ? time : Number.NaN, row)
  }

  #countDue(side: JoinSide, at: number): number {
    let count = 0
    while (count < side.length && this.#dueOf(side[count].time) <= at) count++
    return count
  }

  *#unmatched(own: 0 | 1, entries: readonly JoinEntry[]) {
    if (!this.#keeps[own]) return
    for (const { value, time, matched } of entries)
      if (!matched) yield { time, row: own === 0 ? [value, null] : [null, value] }
  }

  #keepOrRelease(slot: number, sides: Sides): void {
    const empty = sides[0].length + sides[1].length === 0
    if (empty) this.#column.clear(slot)
    else this.#column.touch(slot)
    if (empty) this.#place.store.release(slot)
  }

  #end(room: Room): boolean {
    this.#ending ??= this.#place.slots()
    while (this.#ending.length > 0) {
      if (!room()) return false
      this.#forget(this.#ending.shift()!, Number.POSITIVE_INFINITY)
    }
    return true
  }
}
