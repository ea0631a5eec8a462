import { describe, StreamError } from '../../codec/errors.ts'
import type { Key } from '../../codec/key.ts'
import { assertEncodable } from '../../codec/value.ts'
import type { RuntimeContext } from '../contract/context.ts'
import type { StateColumn } from '../contract/keyed-store.ts'
import type { Operator, OperatorContext, RecordScope, Room } from '../contract/operator.ts'
import { isPromise, itemsOf, promiseReturned } from '../contract/result-checks.ts'
import { Arrivals } from './arrivals.ts'
import { type AnyLogic, KeyCell } from './key-cell.ts'
import { StatefulLogic } from './logic.ts'

/** Builds the logic of a key, anew or from a snapshot. */
export type LogicBuilder = (resumeState: unknown, ctx: RuntimeContext) => unknown

/** How an operator calls its logics with records. */
export type LogicKind = 'onItem' | 'onBatch'

/** What a logic can be called for. */
type Cause = 'records' | 'notify' | 'eof' | 'schedule'

interface Failure {
  readonly cause: Cause
  readonly cell: KeyCell
  readonly value: unknown
}

/** An activation begins at the latest when so many records wait for it. */
const MAX_ARRIVALS = 1024
/** So many snapshots are taken to check them; a checkpoint would refuse a later one. */
const CHECKED_SNAPSHOTS = 100

const always: Room = () => true

/**
 * Calls the logics of `stateful` and `statefulBatch`, one per key, in the order of Bytewax: see `KeyLogic`. Records gather
 * until those at hand are all there; then the task looks at the clock, and `dueAt` sees to it that it comes here.
 *
 * Every step is taken off its list before user code runs. So when that throws and the error policy goes on, the next call
 * goes on with the step behind it; `again` repeats the one that failed. Outputs of a call are whole before the first
 * is emitted: what throws has emitted nothing.
 */
export class LogicOperator implements Operator {
  readonly #context: OperatorContext
  readonly #builder: LogicBuilder
  readonly #kind: LogicKind
  readonly #cells: StateColumn<KeyCell>
  readonly #arrivals = new Arrivals()
  /** Keys with arrivals that no step has begun with. */
  #arrived: KeyCell[] = []
  /** Keys whose records are being worked on, the next one last. */
  #turn: KeyCell[] = []
  /** Keys to be notified, the next one last. */
  #due: KeyCell[] = []
  /** Keys to be told the end, the next one last; undefined before it. */
  #ending: KeyCell[] | undefined
  /** Keys that have been called in this activation. */
  #touched: KeyCell[] = []
  #scheduling = false
  #unchecked = CHECKED_SNAPSHOTS
  #failure: Failure | undefined

  constructor(context: OperatorContext, builder: LogicBuilder, kind: LogicKind) {
    this.#context = context
    this.#builder = builder
    this.#kind = kind
    this.#cells = context.keyed.store.column<KeyCell>('logic', {
      encode: (cell: KeyCell) => cell.logic?.snapshot(),
      decode: (data, key) => this.#resume(data, key),
    })
  }

  readonly call = (value: unknown): void => {
    const { keyed, scope } = this.#context
    const slot = keyed.slotOnce()
    let cell = this.#cells.get(slot)
    if (cell === undefined) {
      cell = new KeyCell(keyed.store.keyAt(slot))
      this.#cells.set(slot, cell)
    }
    if (cell.first === -1) this.#arrived.push(cell)
    this.#arrivals.add(cell, value, scope)
    if (this.#arrivals.count >= MAX_ARRIVALS) this.#workNow(scope)
  }

  /** The records at hand are all here. */
  endOfBatch(): Iterable<unknown> {
    this.#work(always)
    return []
  }

  /** What is emitted for records must not come behind the watermark that comes behind them. */
  onWatermark(watermark: number, room: Room): boolean {
    if (!this.#work(room)) return false
    return watermark === Number.POSITIVE_INFINITY ? this.#end(room) : true
  }

  get dueAt(): number {
    if (this.#touched.length > 0 || this.#arrived.length > 0 || this.#turn.length > 0)
      return Number.NEGATIVE_INFINITY
    return this.#due.length > 0
      ? Number.NEGATIVE_INFINITY
      : this.#context.keyed.processingTimers.next
  }

  /** One activation. */
  onProcessingTime(now: number, room: Room): boolean {
    return this.#work(room) && this.#notify(now, room) && this.#schedule(room)
  }

  again(): Iterable<unknown> {
    const { cause, cell, value } = this.#failure!
    this.#step(cause, cell, value)
    return []
  }

  gathered(): unknown {
    return this.#failure?.value
  }

  // --- the parts of an activation ------------------------------------------------------------

  /** In the midst of a record's way: its scope holds for others behind this operator's call. */
  #workNow(scope: RecordScope): void {
    const { key, timestamp, watermark, ask } = scope
    this.#work(always)
    scope.key = key
    scope.timestamp = timestamp
    scope.watermark = watermark
    scope.ask = ask
  }

  #work(room: Room): boolean {
    for (;;) {
      const cell = this.#turn.at(-1)
      if (cell === undefined) {
        if (this.#arrived.length === 0) return true
        this.#turn = KeyCell.sort(this.#arrived).reverse()
        this.#arrived = []
        continue
      }
      if (!room()) return false
      const { scope } = this.#context
      const value =
        this.#kind === 'onItem'
          ? this.#arrivals.takeOne(cell, scope)
          : this.#arrivals.takeAll(cell, scope)
      if (cell.first === -1) this.#turn.pop()
      this.#step('records', cell, value)
    }
  }

  #notify(now: number, room: Room): boolean {
    // What the end of an activation has registered is for the next one.
    if (!this.#scheduling) this.#takeDue(now)
    return this.#stepEach('notify', this.#due, room)
  }

  #takeDue(now: number): void {
    const timers = this.#context.keyed.processingTimers
    if (timers.next > now) return
    for (let slot = timers.take(now); slot !== -1; slot = timers.take(now)) {
      const cell = this.#cells.get(slot)
      if (cell !== undefined && cell.notifyAt === timers.firedAt) {
        cell.notifyAt = Number.NaN
        this.#due.push(cell)
      }
      timers.done()
    }
    KeyCell.sort(this.#due).reverse()
  }

  #end(room: Room): boolean {
    if (!this.#notify(this.#context.ctx.clock.now(), room)) return false
    if (this.#ending === undefined) {
      this.#ending = []
      for (const slot of this.#context.keyed.store.slots()) {
        const cell = this.#cells.get(slot)
        if (cell?.logic !== undefined) this.#ending.push(cell)
      }
      KeyCell.sort(this.#ending).reverse()
    }
    return this.#stepEach('eof', this.#ending, room) && this.#schedule(room)
  }

  #schedule(room: Room): boolean {
    this.#scheduling = true
    if (!this.#stepEach('schedule', this.#touched, room)) return false
    this.#scheduling = false
    return true
  }

  #stepEach(cause: Cause, cells: KeyCell[], room: Room): boolean {
    const { scope } = this.#context
    while (cells.length > 0) {
      if (!room()) return false
      const cell = cells.pop()!
      scope.key = cell.key
      scope.timestamp = Number.NaN
      scope.ask = 0
      this.#step(cause, cell, undefined)
    }
    return true
  }

  // --- one step ------------------------------------------------------------------------------

  #step(cause: Cause, cell: KeyCell, value: unknown): void {
    this.#failure = undefined
    try {
      if (cause === 'records') this.#onRecords(cell, value)
      else if (cause === 'schedule') this.#settle(cell)
      else if (cell.logic !== undefined) {
        const method = cause === 'notify' ? 'onNotify' : 'onEof'
        this.#apply(cell, method, cell.logic[method]())
      }
    } catch (error) {
      this.#failure = { cause, cell, value }
      throw error
    }
  }

  #onRecords(cell: KeyCell, value: unknown): void {
    const before = cell.logic
    this.#touch(cell)
    try {
      cell.logic ??= this.#build(undefined)
      this.#apply(cell, this.#kind, (cell.logic as any)[this.#kind](value))
    } catch (error) {
      // The key is as it was before, as far as the engine knows it.
      cell.logic = before
      throw error
    }
  }

  /** Does what a logic's call has asked for. */
  #apply(cell: KeyCell, method: string, result: unknown): void {
    const [outputs, discard] = checkedResult(result, method)
    const items = itemsOf(outputs, method)
    const whole = Array.isArray(items) ? (items as unknown[]) : [...items]
    this.#touch(cell)
    if (discard) this.#discard(cell)
    const { out } = this.#context
    for (const item of whole) out.collect(item)
  }

  #touch(cell: KeyCell): void {
    if (cell.touched) return
    cell.touched = true
    this.#touched.push(cell)
  }

  #discard(cell: KeyCell): void {
    cell.logic = undefined
    this.#cancel(cell, this.#context.keyed.store.find(cell.key))
  }

  /** What is left of the key at the end of the activation. */
  #settle(cell: KeyCell): void {
    const { store } = this.#context.keyed
    const slot = store.find(cell.key)
    cell.touched = false
    // A later part of the same checkpoint has put another in its place.
    if (slot === -1 || this.#cells.get(slot) !== cell) return
    const { logic } = cell
    if (logic === undefined) {
      // Records that have come in the meantime will build it anew.
      if (cell.first === -1) this.#cells.clear(slot)
      store.release(slot)
      return
    }
    this.#cells.touch(slot)
    this.#register(cell, slot, timeOf(logic))
    if (this.#unchecked > 0) this.#checkSnapshot(logic)
  }

  #register(cell: KeyCell, slot: number, at: number): void {
    if (at === cell.notifyAt) return
    this.#cancel(cell, slot)
    if (Number.isNaN(at)) return
    this.#context.keyed.processingTimers.register(slot, at)
    cell.notifyAt = at
  }

  #cancel(cell: KeyCell, slot: number): void {
    if (Number.isNaN(cell.notifyAt)) return
    this.#context.keyed.processingTimers.delete(slot, cell.notifyAt)
    cell.notifyAt = Number.NaN
  }

  #checkSnapshot(logic: AnyLogic): void {
    this.#unchecked--
    assertEncodable(logic.snapshot())
  }

  // --- logics --------------------------------------------------------------------------------

  #build(resumeState: unknown): AnyLogic {
    const logic = this.#builder(resumeState, this.#context.ctx) as AnyLogic
    if (isPromise(logic)) throw promiseReturned('builder of a logic')
    if (typeof (logic as any)?.[this.#kind] !== 'function') {
      const base = this.#kind === 'onItem' ? 'StatefulLogic' : 'StatefulBatchLogic'
      throw new StreamError(
        'SAGE_OPTION',
        `expected the builder to return a ${base}, an object with ${this.#kind}(), onNotify(), onEof(), notifyAt() ` +
          `and snapshot(), got ${describe(logic)}`,
      )
    }
    return logic
  }

  /** A key comes out of a checkpoint: its time is asked for at the next activation. */
  #resume(data: unknown, key: Key): KeyCell {
    const { scope } = this.#context
    const at = scope.key
    scope.key = key
    const cell = new KeyCell(key, this.#build(data))
    scope.key = at
    this.#touch(cell)
    return cell
  }
}

/** The time that a logic wants to be called; NaN: none. */
function timeOf(logic: AnyLogic): number {
  // Most logics never ask for a time.
  if (logic.notifyAt === StatefulLogic.prototype.notifyAt) return Number.NaN
  const at: unknown = logic.notifyAt()
  if (at === null || at === undefined || at === Number.POSITIVE_INFINITY) return Number.NaN
  if (typeof at === 'number' && !Number.isNaN(at)) return at
  throw new StreamError(
    'SAGE_TIMESTAMP',
    `notifyAt: expected a time in milliseconds since the epoch, or null for none, got ${describe(at)}`,
  )
}

function checkedResult(
  result: unknown,
  method: string,
): readonly [outputs: unknown, discard: unknown] {
  if (Array.isArray(result) && result.length === 2) return result as [unknown, unknown]
  if (isPromise(result)) throw promiseReturned(method)
  throw new StreamError(
    'SAGE_USER_ERROR',
    `${method}: expected [outputs, discard], such as [[], StatefulLogic.RETAIN], got ${describe(result)}`,
  )
}
