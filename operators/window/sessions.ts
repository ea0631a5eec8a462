import type { Key } from '../../codec/key.ts'
import { assertEncodable } from '../../codec/value.ts'
import type { Collector } from '../contract/function.ts'
import type { NumberColumn, StateColumn } from '../contract/keyed-store.ts'
import type { Operator, OperatorContext, Room } from '../contract/operator.ts'
import { DueIndex } from './due-index.ts'
import { EndOrdered } from './end-ordered.ts'
import { mergedParts, type WindowContents } from './window-contents.ts'
import { windowOperator } from './window-operator.ts'
import type { WindowOutput } from './window-output.ts'

interface Session {
  start: number
  end: number
  accumulator: unknown
}

const CHECKED_ACCUMULATORS = 100

/**
 * Sessions that fire once, at their end. Nearly always a key has one: it lies in columns of numbers, so that a record costs a
 * few cache lines though there are many keys. Further ones, which records out of order begin, lie in a column of their own.
 *
 * A key waits in the index for the end that its session had once; when that time comes, it waits on for the new one: a
 * session that goes on costs an entry per gap, not per record.
 */
export class Sessions {
  readonly #context: OperatorContext
  readonly #gap: number
  readonly #contents: WindowContents
  readonly #output: WindowOutput
  readonly #event: boolean
  /** Of the session of a key that ends first. */
  readonly #starts: NumberColumn
  readonly #ends: NumberColumn
  readonly #accumulators: StateColumn<unknown>
  /** Its other sessions, in the order of time: they neither overlap nor touch. */
  readonly #others: StateColumn<EndOrdered<Session>>
  readonly #due = new DueIndex()
  /** By slot: the time that the key is registered at. Derived, as the index is. */
  #waits = new Float64Array(16).fill(Number.NaN)
  #watermark = Number.NEGATIVE_INFINITY
  #unchecked = CHECKED_ACCUMULATORS

  /** @param event - whether sessions are of event time, else of the job's clock */
  constructor(
    context: OperatorContext,
    gap: number,
    contents: WindowContents,
    output: WindowOutput,
    event: boolean,
  ) {
    const { store } = context.keyed
    this.#context = context
    this.#gap = gap
    this.#contents = contents
    this.#output = output
    this.#event = event
    this.#starts = store.numbers('start')
    this.#ends = store.numbers('end')
    // Checked here, when they begin.
    const unchanged = (value: unknown) => value
    this.#accumulators = store.column('accumulator', { encode: unchanged, decode: unchanged })
    this.#others = store.column('others', {
      encode: (others: EndOrdered<Session>) => others.toArray(),
      decode: (others) => new EndOrdered(others),
    })
  }

  operator(): Operator {
    const { scope, ctx } = this.#context
    const { clock } = ctx
    return windowOperator(
      {
        event: this.#event,
        due: this.#due,
        call: this.#event
          ? (value, _, out) => this.#add(value, scope.timestamp, out)
          : (value, _, out) => this.#add(value, clock.now(), out),
        reopen: () => this.#reopen(),
        advance: (watermark) => {
          this.#watermark = watermark
        },
        fire: (now, room) => this.#fire(now, room),
        output: this.#output,
      },
      this.#context,
    )
  }

  #reopen(): void {
    for (const slot of this.#context.keyed.store.slots()) this.#wait(slot, this.#ends.at(slot))
  }

  #add(value: unknown, time: number, out: Collector): void {
    const slot = this.#context.keyed.find()
    if (slot === -1) {
      this.#begin(value, time, out)
      return
    }
    const others = this.#others.get(slot)
    const end = this.#ends.at(slot)
    const meets = time <= end && time + this.#gap >= this.#starts.at(slot)
    if (others === undefined) {
      if (meets) this.#extend(slot, value, time)
      else this.#beginFurther(slot, new EndOrdered(), value, time, out)
      return
    }
    const from = others.firstEnding(time)
    let to = from
    while (to < others.to && others.at(to).start <= time + this.#gap) to++
    if (meets) {
      if (to === others.from) this.#extend(slot, value, time)
      else this.#mergeCurrent(slot, others, to - others.from, value, time)
    } else if (to === from) this.#beginFurther(slot, others, value, time, out)
    else this.#mergeOthers(slot, others, from, to, value, time)
  }

  /** The record belongs to the session that ends first, and to no other. */
  #extend(slot: number, value: unknown, time: number): void {
    const until = time + this.#gap
    this.#accumulators.set(slot, this.#contents.next(this.#accumulators.get(slot), value, 0))
    if (until > this.#ends.at(slot)) this.#ends.set(slot, until)
    if (time < this.#starts.at(slot)) this.#starts.set(slot, time)
  }

  #begin(value: unknown, time: number, out: Collector): void {
    const end = time + this.#gap
    if (end <= this.#watermark) {
      this.#output.late(value, out)
      return
    }
    const accumulator = this.#first(value)
    const slot = this.#context.keyed.slot()
    this.#put(slot, { start: time, end, accumulator })
    this.#wait(slot, end)
  }

  /** The record meets none of the sessions of its key: it begins one. */
  #beginFurther(
    slot: number,
    others: EndOrdered<Session>,
    value: unknown,
    time: number,
    out: Collector,
  ): void {
    const end = time + this.#gap
    if (end <= this.#watermark) {
      this.#output.late(value, out)
      return
    }
    const begun = { start: time, end, accumulator: this.#first(value) }
    if (time > this.#ends.at(slot)) others.insert(begun)
    else {
      others.insert(this.#current(slot))
      this.#put(slot, begun)
      this.#wait(slot, end)
    }
    this.#others.set(slot, others)
  }

  /** The record makes one of the session that ends first and of the next `count`. */
  #mergeCurrent(
    slot: number,
    others: EndOrdered<Session>,
    count: number,
    value: unknown,
    time: number,
  ): void {
    const met = [this.#current(slot)]
    for (let i = 0; i < count; i++) met.push(others.at(others.from + i))
    this.#put(slot, this.#merged(met, value, time))
    others.removeFirst(count)
    if (others.size > 0) this.#others.touch(slot)
    else this.#others.clear(slot)
  }

  /** The record makes one of the others from index `from` to `to`. */
  #mergeOthers(
    slot: number,
    others: EndOrdered<Session>,
    from: number,
    to: number,
    value: unknown,
    time: number,
  ): void {
    const session = others.at(from)
    if (to - from === 1) {
      session.accumulator = this.#contents.next(session.accumulator, value, 0)
      session.end = Math.max(session.end, time + this.#gap)
      session.start = Math.min(session.start, time)
    } else {
      const met: Session[] = []
      for (let i = from; i < to; i++) met.push(others.at(i))
      others.replace(from, to, this.#merged(met, value, time))
    }
    this.#others.touch(slot)
  }

  /** One session of several, in the order of time, and a record. Where user code throws, they stay as they are. */
  #merged(met: readonly Session[], value: unknown, time: number): Session {
    const merged = mergedParts(
      this.#contents,
      met.map(({ accumulator }) => accumulator),
    )
    return {
      start: Math.min(time, met[0].start),
      end: Math.max(time + this.#gap, met[met.length - 1].end),
      accumulator: this.#contents.next(merged, value, 0),
    }
  }

  #first(value: unknown): unknown {
    const first = this.#contents.first(value, 0)
    if (this.#unchecked > 0) {
      this.#unchecked--
      assertEncodable(first)
    }
    return first
  }

  #current(slot: number): Session {
    return {
      start: this.#starts.at(slot),
      end: this.#ends.at(slot),
      accumulator: this.#accumulators.get(slot),
    }
  }

  #put(slot: number, { start, end, accumulator }: Session): void {
    this.#starts.set(slot, start)
    this.#ends.set(slot, end)
    this.#accumulators.set(slot, accumulator)
  }

  #wait(slot: number, at: number): void {
    if (slot >= this.#waits.length) {
      const larger = new Float64Array(2 * slot).fill(Number.NaN)
      larger.set(this.#waits)
      this.#waits = larger
    }
    this.#waits[slot] = at
    this.#due.register(slot, at)
  }

  #fire(now: number, room: Room): boolean {
    const due = this.#due
    while (due.next <= now) {
      if (!room()) return false
      const at = due.next
      const slot = due.first()
      due.pop()
      if (this.#waits[slot] === at) this.#call(slot, at)
    }
    return true
  }

  /** The time that a key waited for has come: its session fires, unless it has gone on. */
  #call(slot: number, at: number): void {
    const end = this.#ends.at(slot)
    if (end > at) {
      this.#wait(slot, end)
      return
    }
    const { scope, keyed } = this.#context
    scope.key = keyed.store.keyAt(slot) as Key
    const { start, accumulator } = this.#current(slot)
    // Before the result: where user code throws, the session has been given up.
    this.#remove(slot)
    this.#output.emitDue({ start, end }, accumulator, Number.NaN)
  }

  #remove(slot: number): void {
    const others = this.#others.get(slot)
    if (others === undefined) {
      this.#waits[slot] = Number.NaN
      this.#starts.clear(slot)
      this.#ends.clear(slot)
      this.#accumulators.clear(slot)
      this.#context.keyed.store.release(slot)
      return
    }
    const next = others.at(others.from)
    others.removeFirst(1)
    this.#put(slot, next)
    if (others.size > 0) this.#others.touch(slot)
    else this.#others.clear(slot)
    this.#wait(slot, next.end)
  }
}
