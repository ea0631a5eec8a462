import { compareKeys, type Key } from '../../codec/key.ts'
import type { RuntimeContext } from '../contract/context.ts'
import { type Collector, OutputTag } from '../contract/function.ts'
import type { StateColumn } from '../contract/keyed-store.ts'
import type {
  Operator,
  OperatorCall,
  OperatorContext,
  OperatorFactory,
  Room,
} from '../contract/operator.ts'
import { checkTimestamp } from '../contract/result-checks.ts'
import { sortedKeys } from '../state/sorted-keys.ts'
import { KeyWindows, type KeyWindowsOutput } from './key-windows.ts'
import type { WindowLogic } from './window-logic.ts'
import type { ResolvedWindow } from './window-spec.ts'
import type { WindowState } from './window-state.ts'

/** The output of late records: `[window id, record]`, once for each window that the record would have been in. */
export const WINDOW_LATE = new OutputTag<any>('window:late')

/** The output of what is known of windows: `[window id, { open, close, mergedIds }]`, when they close. */
export const WINDOW_META = new OutputTag<any>('window:meta')

/** What an operator of windows is made from. */
export interface KeyedWindowParts {
  readonly window: ResolvedWindow
  readonly logic: WindowLogic
  /** Whether records go in by timestamp, once the watermark has reached them, and not as they come. */
  readonly ordered: boolean
  /** The number of inputs. */
  readonly sides: number
}

/** Windows by the time of each key, as in Bytewax: emits `[window id, result]`. */
export function keyedWindowFactory(parts: KeyedWindowParts): OperatorFactory {
  const { timestampOf } = parts.window
  const { functions } = parts.logic
  return {
    shape: 'process',
    functions: timestampOf === undefined ? functions : [timestampOf, ...functions],
    create: (context) => new KeyedWindowOperator(parts, context),
  }
}

interface Failure {
  readonly error: unknown
  readonly key: unknown
  readonly given: unknown
}

/** While records come without end, timers are set no more often. */
const TIMERS_SET_EVERY_MS = 10

const nothing: readonly unknown[] = []

/**
 * Whenever there are no records at hand each key has one timer, for when its windows want to hear of the job's clock; as
 * long as there are, timers may be set some milliseconds late. Keys whose time has come
 * are called in the order of the keys, and so they are at the end of input, as in Bytewax.
 *
 * The job's clock is read once per batch. What a key emits at a record goes to the collector of that call; what it emits
 * by time alone, straight on.
 */
class KeyedWindowOperator implements Operator {
  readonly call: OperatorCall | readonly OperatorCall[]
  readonly #context: OperatorContext
  readonly #windows: KeyWindows
  readonly #states: StateColumn<WindowState>
  readonly #timestampOf: ((record: unknown) => unknown) | undefined
  readonly #output: KeyWindowsOutput
  /** Where what is emitted at present goes. */
  #out: Collector
  /** The job's clock in this batch; NaN: not read yet. */
  #now = Number.NaN
  /** The latest time seen: a clock that goes back stands still. */
  #latest = Number.NEGATIVE_INFINITY
  /** The slots of keys whose timers are to be set. */
  readonly #touched: number[] = []
  /** By slot: 1 for those. */
  #isTouched = new Uint8Array(64)
  /** When timers were set, in ms of the job's clock. */
  #setAt = Number.NEGATIVE_INFINITY
  /** What user code threw on something other than a record at hand, to be told between two records. */
  readonly #failures: Failure[] = []
  #failed: unknown
  /** At the end of input: the slots that are left, the last one first. */
  #ending: Key[] | undefined

  constructor({ window, logic, ordered, sides }: KeyedWindowParts, context: OperatorContext) {
    this.#context = context
    this.#windows = new KeyWindows(window.clock, window.makeWindower(), logic, ordered)
    this.#states = context.keyed.store.column<WindowState>('windows')
    this.#timestampOf = window.timestampOf
    this.#out = context.out
    this.#output = {
      down: (id, value) => this.#out.collect([id, value]),
      late: (id, record) => this.#out.collectTo(WINDOW_LATE, [id, record]),
      meta: (id, meta) => this.#out.collectTo(WINDOW_META, [id, meta]),
      failed: (error, given) => void this.#failures.push({ error, key: context.scope.key, given }),
    }
    const calls = Array.from({ length: sides }, (_, side): OperatorCall => {
      return (value, _ctx: RuntimeContext, out) => this.#take(value, side, out)
    })
    this.call = sides === 1 ? calls[0] : calls
  }

  #take(value: unknown, side: number, out: Collector): void {
    const { keyed, countDropped } = this.#context
    this.#failed = undefined
    this.#out = out
    const now = this.#time()
    const timestamp =
      this.#timestampOf === undefined ? now : checkTimestamp(this.#timestampOf(value))
    const found = keyed.find()
    const kept = found === -1 ? undefined : this.#states.get(found)
    const state = kept ?? this.#windows.createState()
    if (!this.#windows.onRecord(state, value, { side, timestamp, now }, this.#output))
      countDropped()
    const slot = found === -1 ? keyed.slot() : found
    if (kept === undefined) this.#states.set(slot, state)
    else this.#states.touch(slot)
    this.#touch(slot)
  }

  onProcessingTime(now: number, room: Room): boolean {
    const { keyed, scope } = this.#context
    this.#failed = undefined
    this.#raise()
    this.#latest = Math.max(this.#latest, now)
    this.#out = this.#context.out
    const due = this.#dueSlots(now)
    while (due.length > 0) {
      if (!room()) {
        for (const slot of due) this.#retime(slot, now)
        return false
      }
      const slot = due.pop()!
      scope.key = keyed.store.keyAt(slot)
      this.#windows.onTime(this.#states.get(slot)!, this.#latest, this.#output)
      this.#states.touch(slot)
      // What is due now has been done; a time that rounding has put there comes a millisecond later.
      this.#setTimer(slot, this.#latest + 1)
    }
    this.#raise()
    return true
  }

  onWatermark(watermark: number, room: Room): boolean {
    if (watermark < Number.POSITIVE_INFINITY) return true
    const { keyed, scope } = this.#context
    this.#failed = undefined
    this.#raise()
    this.#out = this.#context.out
    this.#ending ??= sortedKeys(keyed.store).reverse()
    while (this.#ending.length > 0) {
      if (!room()) return false
      const key = this.#ending.pop()!
      const slot = keyed.store.find(key)
      scope.key = key
      this.#windows.onEof(this.#states.get(slot)!, this.#output)
      this.#states.touch(slot)
      this.#setTimer(slot, this.#latest)
    }
    this.#raise()
    return true
  }

  endOfBatch(): Iterable<unknown> {
    this.#setTimers()
    return nothing
  }

  /** Read after every batch: the job's clock may show another time in the next one. */
  get dueAt(): number {
    this.#now = Number.NaN
    if (this.#latest - this.#setAt >= TIMERS_SET_EVERY_MS) this.#setTimers()
    if (this.#failures.length > 0) return Number.NEGATIVE_INFINITY
    return this.#context.keyed.processingTimers.next
  }

  /** What `onProcessingTime` or `onWatermark` threw on last: a record, or what was to be merged. */
  gathered(): unknown {
    return this.#failed
  }

  #time(): number {
    if (!Number.isNaN(this.#now)) return this.#now
    this.#latest = Math.max(this.#latest, this.#context.ctx.clock.now())
    this.#now = this.#latest
    return this.#now
  }

  #touch(slot: number): void {
    if (slot >= this.#isTouched.length) {
      const larger = new Uint8Array(2 * slot)
      larger.set(this.#isTouched)
      this.#isTouched = larger
    }
    if (this.#isTouched[slot] === 1) return
    this.#isTouched[slot] = 1
    this.#touched.push(slot)
  }

  #setTimers(): void {
    const touched = this.#touched
    for (let i = 0; i < touched.length; i++) {
      this.#isTouched[touched[i]] = 0
      this.#setTimer(touched[i], Number.NEGATIVE_INFINITY)
    }
    touched.length = 0
    this.#setAt = this.#latest
  }

  /** Takes the timers that are due. The key that comes first is the last one. */
  #dueSlots(now: number): number[] {
    const { store, processingTimers } = this.#context.keyed
    const due: number[] = []
    for (let slot = processingTimers.take(now); slot !== -1; slot = processingTimers.take(now)) {
      this.#states.get(slot)!.timer = Number.POSITIVE_INFINITY
      due.push(slot)
      processingTimers.done()
    }
    if (due.length < 2) return due
    const keyOf = (slot: number): Key => store.keyAt(slot)
    return due.sort((a, b) => compareKeys(keyOf(b), keyOf(a)))
  }

  /** Sets the timer of a key to when it wants one, but not before `from`, or forgets the key. */
  #setTimer(slot: number, from: number): void {
    const state = this.#states.get(slot)
    if (state === undefined) return
    const forgets = this.#windows.isEmpty(state)
    this.#retime(
      slot,
      forgets ? Number.POSITIVE_INFINITY : Math.max(this.#windows.wakeAt(state), from),
    )
    if (!forgets) return
    this.#states.clear(slot)
    this.#context.keyed.store.release(slot)
  }

  #retime(slot: number, at: number): void {
    const { processingTimers } = this.#context.keyed
    const state = this.#states.get(slot)!
    if (at === state.timer) return
    if (state.timer < Number.POSITIVE_INFINITY) processingTimers.delete(slot, state.timer)
    state.timer = at
    if (at < Number.POSITIVE_INFINITY) processingTimers.register(slot, at)
  }

  /** Throws the first failure that was put by. */
  #raise(): void {
    const failure = this.#failures.shift()
    if (failure === undefined) return
    this.#context.scope.key = failure.key
    this.#failed = failure.given
    throw failure.error
  }
}
