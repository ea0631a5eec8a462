import type { Room } from '../../operators/contract/operator.ts'
import type { ChainOperator } from './chain-model.ts'
import { FAILED } from './error-gate.ts'
import type { Inbox } from './inbox.ts'
import { Patience } from './patience.ts'
import { RunSlice } from './run-slice.ts'
import type { Progress, TaskParts } from './task-parts.ts'

/**
 * Runs a compiled chain: passes records, time and the end of input through it, as long as there is room, and lets go what its
 * operators hold back.
 */
export class ChainDriver {
  readonly #parts: TaskParts
  readonly #slice: RunSlice
  readonly #patience: Patience
  /** Whether operators may have gathered something since the last `endOfBatch`. */
  touched = false
  /** What the operator at hand emits at its end. */
  #finishing: Iterator<unknown> | undefined
  /** How many operators have had the end of their input. */
  #finished = 0

  constructor(parts: TaskParts) {
    this.#parts = parts
    this.#slice = new RunSlice(parts.nowMs)
    this.#patience = new Patience(parts.outputs)
  }

  /** Whether records are on their way in a promise: the end of input and checkpoints wait for them. */
  get pending(): boolean {
    for (const { gate } of this.#parts.operators) if (gate?.pending === true) return true
    return false
  }

  /** Whether a record waits for its retry. */
  get retrying(): boolean {
    for (const { errors } of this.#parts.operators) if (errors.busy) return true
    return false
  }

  /** Whether operators hold records back so that no more are taken. */
  get busy(): boolean {
    for (const { errors, gate } of this.#parts.operators)
      if (errors.busy || gate?.busy === true) return true
    return false
  }

  get anyPressed(): boolean {
    for (const output of this.#parts.outputs) if (output.pressed) return true
    return false
  }

  /** When retries, promises and patience want to be looked at, in monotonic ms. */
  get dueMs(): number {
    let due = this.#patience.dueMs
    for (const { errors, gate } of this.#parts.operators)
      due = Math.min(due, errors.dueMs, gate?.dueMs ?? Number.POSITIVE_INFINITY)
    return due
  }

  // --- records and time -----------------------------------------------------------------------

  /** Runs a part of the batch at hand. False: nothing is left of it. */
  runSlice(inbox: Inbox): boolean {
    const { count } = inbox.batch
    if (inbox.next >= count) return false
    const to = Math.min(count, inbox.next + this.#slice.records)
    this.#slice.begin()
    inbox.next = this.#parts.chain.run[inbox.entry](inbox.batch, inbox.next, to)
    this.#slice.end()
    this.#checkFatal()
    if (inbox.next >= count) this.#endOfRecords(inbox)
    return true
  }

  /** What holds behind the last record of the batch. */
  #endOfRecords({ timestamped, batch }: Inbox): void {
    const { time, timed } = this.#parts
    if (!timed) return
    if (timestamped) time.raise(batch.watermarks[batch.count])
    time.touch()
  }

  /** Shows operators what has become of event time and of the job's clock. True when that is not done yet. */
  passTime(): boolean {
    const { time, state } = this.#parts
    const done = time.advance(this.#room) && this.#passClock()
    this.#checkFatal()
    if (!done) state.pressed = true
    return !done
  }

  /** Calls the operators whose hour has come. The time is read once. */
  #passClock(): boolean {
    const { time, clock } = this.#parts
    if (time.dueAt === Number.POSITIVE_INFINITY) return true
    const now = clock.now()
    if (time.dueAt > now) return true
    this.touched = true
    return time.passClock(now, this.#room)
  }

  readonly #room: Room = () => !this.#parts.state.pressed && !this.anyPressed

  // --- what is held back ----------------------------------------------------------------------

  /**
   * Lets go what has been held back, and finds out whether there is room for more: `pressed` of the chain's state.
   *
   * @returns whether a retry or a result has moved
   */
  relieve(): boolean {
    const { state, operators, outputs } = this.#parts
    state.pressed = false
    for (const output of outputs) if (output.waiting && output.flush()) state.pressed = true
    let moved = false
    // Downstream first: what holds there keeps what is upstream from emitting more.
    for (let k = operators.length - 1; k >= 0; k--) if (this.#letGo(operators[k])) moved = true
    // A retry or a result may have been emitted.
    for (const output of outputs) if (output.pressed) state.pressed = true
    if (state.pressed) for (const generator of this.#parts.generators) generator.pressed()
    if (this.#patience.any) this.#losePatience()
    this.#checkFatal()
    return moved
  }

  /** Tries again what is due, and passes on what has settled. */
  #letGo({ errors, gate }: ChainOperator): boolean {
    let moved = errors.busy && errors.resume()
    if (gate?.pending === true && gate.pump()) moved = true
    if (errors.busy || gate?.busy === true) this.#parts.state.pressed = true
    if (!moved) return false
    this.touched = true
    this.#parts.time.touch()
    return true
  }

  #losePatience(): void {
    const { state, operators, nowMs, subtask } = this.#parts
    const failure = this.#patience.look(nowMs())
    if (failure !== undefined) state.fatal ??= failure.at(operators.at(-1)!.name, subtask)
  }

  #checkFatal(): void {
    if (this.#parts.state.fatal !== undefined) throw this.#parts.state.fatal
  }

  flush(): void {
    for (const output of this.#parts.outputs) output.flush()
  }

  // --- what is gathered -----------------------------------------------------------------------

  /** Gathering operators hand over their micro-batches, upstream first. */
  endOfBatch(): void {
    this.touched = false
    // What was gathered from several records answers none of them.
    this.#parts.state.scope.ask = 0
    for (let k = this.#finished; k < this.#parts.operators.length; k++) this.#handOver(k)
  }

  #handOver(k: number): void {
    const { operator, errors } = this.#parts.operators[k]
    if (operator.endOfBatch === undefined) return
    for (let done = false; !done; ) {
      try {
        this.#emitAll(k, operator.endOfBatch())
        done = true
      } catch (error) {
        this.#checkFatal()
        const retried = errors.fail(error, operator.gathered?.(), undefined)
        if (retried !== FAILED) this.#emitAll(k, retried as Iterable<unknown>)
        // What waits for its retry comes before the rest, for which there will be another turn.
        done = errors.busy
      }
      this.#checkFatal()
    }
  }

  /** Whole before the first is emitted: what throws midway has emitted nothing. */
  #emitAll(k: number, values: Iterable<unknown>): void {
    for (const value of [...values]) {
      if (value !== null && value !== undefined) this.#parts.chain.emit[k](value)
    }
  }

  /** A barrier is about to go out: operators that keep nothing over it emit what they have, upstream first. */
  beforeBarrier(): void {
    this.endOfBatch()
    for (const k of this.#parts.operators.keys()) this.#emptyInto(k)
  }

  /** One by one: an operator sets the key of each before it gives it. */
  #emptyInto(k: number): void {
    const { operators, chain, time } = this.#parts
    time.resetScope(k)
    for (const value of operators[k].operator.beforeBarrier?.() ?? []) {
      if (value !== null && value !== undefined) chain.emit[k](value)
    }
    this.#checkFatal()
  }

  // --- the end of input -----------------------------------------------------------------------

  /** Emits what operators have kept, one item at a time while there is room. */
  finish(): Progress {
    const { operators, chain, state, time } = this.#parts
    while (this.#finished < operators.length) {
      const k = this.#finished
      try {
        // What those before it have emitted at their end may have been gathered here.
        if (this.#finishing === undefined) this.#handOver(k)
        if (operators[k].errors.busy) return 'worked'
        // What is on its way must be out before those behind it hear of the end.
        if (operators[k].shape === 'async' && operators[k].gate!.pending) return this.#workOn()
        if (this.#finishing === undefined && !time.end(k, this.#room)) {
          state.pressed = true
          return 'worked'
        }
        this.#checkFatal()
        time.resetScope(k)
        this.#finishing ??= (operators[k].operator.finish?.() ?? [])[Symbol.iterator]()
        for (let item = this.#finishing.next(); item.done !== true; item = this.#finishing.next()) {
          if (item.value !== null && item.value !== undefined) chain.emit[k](item.value)
          if (state.pressed || this.anyPressed) return 'worked'
        }
      } catch (error) {
        this.#checkFatal()
        operators[k].errors.giveUp(error, undefined, 1)
      }
      this.#finishing = undefined
      this.#finished++
    }
    return 'ended'
  }

  #workOn(): Progress {
    if (!this.touched) return 'idle'
    this.endOfBatch()
    return 'worked'
  }

  /** In a feedback loop: records that the end has emitted come round, late, and then the end once more. */
  beginLate(): void {
    this.#parts.state.late = true
    this.#parts.time.beginLate()
    this.#finished = 0
  }
}
