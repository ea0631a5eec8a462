import type { Collector, OutputTag } from '../contract/function.ts'
import type { StateColumn } from '../contract/keyed-store.ts'
import type { Operator, OperatorContext, OperatorFactory, Room } from '../contract/operator.ts'
import { DueIndex } from '../window/due-index.ts'

/** One side's records of a key, by time and then by arrival. */
interface Side {
  readonly times: number[]
  readonly values: unknown[]
}

interface Sides {
  readonly sides: readonly [Side, Side]
  /** When the key is looked at next. */
  due: number
}

/**
 * Joins the records of two keyed inputs whose times are close: for a left record at `t`, the right ones in
 * `[t - beforeMs, t + afterMs]`, bounds included. A pair `[left, right]` has the later timestamp of the two and comes with
 * the later arrival of the two. A record is kept until the watermark says that no partner follows; one behind
 * the watermark is late: it is counted as dropped, and goes to `late`.
 */
export function intervalJoinFactory(
  beforeMs: number,
  afterMs: number,
  late?: OutputTag<unknown>,
): OperatorFactory {
  return {
    shape: 'process',
    functions: [],
    create: (context) => new IntervalJoin(context, beforeMs, afterMs, late).operator(),
  }
}

class IntervalJoin {
  readonly #context: OperatorContext
  /** By side: how far the partners of a record reach back, and forth. */
  readonly #back: readonly [number, number]
  readonly #forth: readonly [number, number]
  readonly #late: OutputTag<unknown> | undefined
  readonly #column: StateColumn<Sides>
  readonly #due = new DueIndex()
  #watermark = Number.NEGATIVE_INFINITY

  constructor(
    context: OperatorContext,
    beforeMs: number,
    afterMs: number,
    late: OutputTag<unknown> | undefined,
  ) {
    this.#context = context
    this.#late = late
    this.#back = [beforeMs, afterMs]
    this.#forth = [afterMs, beforeMs]
    this.#column = context.keyed.store.column('sides', {
      encode: ({ sides }: Sides) =>
        sides.map(({ times, values }) => ({ times: [...times], values: [...values] })),
      decode: (sides): Sides => ({ sides, due: Number.NaN }),
    })
  }

  operator(): Operator {
    return {
      call: [
        (value, _, out) => this.#join(0, value, out),
        (value, _, out) => this.#join(1, value, out),
      ],
      open: () => this.#reopen(),
      onWatermark: (watermark, room) => this.#onWatermark(watermark, room),
    }
  }

  #reopen(): void {
    for (const slot of this.#context.keyed.store.slots())
      this.#register(slot, this.#column.get(slot)!)
  }

  #join(side: 0 | 1, value: unknown, out: Collector): void {
    const { scope, keyed, countDropped } = this.#context
    const time = scope.timestamp
    if (time < this.#watermark) {
      countDropped()
      if (this.#late !== undefined) out.collectTo(this.#late, value)
      return
    }
    const slot = keyed.slot()
    let state = this.#column.get(slot)
    if (state === undefined) {
      state = { sides: [newSide(), newSide()], due: Number.NaN }
      this.#column.set(slot, state)
    } else this.#column.touch(slot)
    this.#expire(state)
    insert(state.sides[side], time, value)
    this.#register(slot, state)
    this.#pair(side, time, value, state.sides[1 - side], out)
  }

  #pair(side: 0 | 1, time: number, value: unknown, { times, values }: Side, out: Collector): void {
    const { scope } = this.#context
    const last = time + this.#forth[side]
    for (let i = firstFrom(times, time - this.#back[side]); i < times.length; i++) {
      if (times[i] > last) break
      scope.timestamp = Math.max(time, times[i])
      out.collect(side === 0 ? [value, values[i]] : [values[i], value])
    }
    scope.timestamp = time
  }

  /** A key is looked at when its latest record expires; until then, records go as others come. */
  #register(slot: number, state: Sides): void {
    let due = Number.NEGATIVE_INFINITY
    for (const side of [0, 1] as const) {
      const { times } = state.sides[side]
      if (times.length > 0) due = Math.max(due, times[times.length - 1] + this.#forth[side])
    }
    if (!Number.isNaN(state.due) || due === Number.POSITIVE_INFINITY) return
    state.due = due
    this.#due.register(slot, due)
  }

  /** Lets records go whose partners have all come: those with `time + reach < watermark`. */
  #expire({ sides }: Sides): void {
    for (const side of [0, 1] as const) {
      const { times, values } = sides[side]
      const count = firstFrom(times, this.#watermark - this.#forth[side])
      if (count === 0) continue
      times.splice(0, count)
      values.splice(0, count)
    }
  }

  #onWatermark(watermark: number, room: Room): boolean {
    this.#watermark = watermark
    const due = this.#due
    while (due.next < watermark) {
      if (!room()) return false
      const at = due.next
      const slot = due.first()
      due.pop()
      const state = this.#column.get(slot)
      if (state === undefined || state.due !== at) continue
      state.due = Number.NaN
      this.#expire(state)
      if (state.sides[0].times.length + state.sides[1].times.length > 0) {
        this.#column.touch(slot)
        this.#register(slot, state)
        continue
      }
      this.#column.clear(slot)
      this.#context.keyed.store.release(slot)
    }
    return true
  }
}

function newSide(): Side {
  return { times: [], values: [] }
}

/** The index of the first time from `from` on. */
function firstFrom(times: readonly number[], from: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle] < from) low = middle + 1
    else high = middle
  }
  return low
}

/** The index of the first time behind `time`. */
function firstBehind(times: readonly number[], time: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle] <= time) low = middle + 1
    else high = middle
  }
  return low
}

function insert({ times, values }: Side, time: number, value: unknown): void {
  if (times.length === 0 || times[times.length - 1] <= time) {
    times.push(time)
    values.push(value)
    return
  }
  const index = firstBehind(times, time)
  times.splice(index, 0, time)
  values.splice(index, 0, value)
}
