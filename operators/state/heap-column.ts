import type { Key } from '../../codec/key.ts'
import { assertEncodable } from '../../codec/value.ts'
import type { ValueSink } from '../../codec/value-io.ts'
import type { Clock } from '../contract/context.ts'
import type { ColumnOptions, StateColumn } from '../contract/keyed-store.ts'
import type { BeforeChange, Changes } from './changes.ts'

/** So many values are checked when they are set; a checkpoint would refuse a later one. */
const CHECKED_VALUES = 100

/** A column as its store sees it. */
export interface SlotColumn extends StateColumn {
  /** Told of changes before they are made; undefined: nobody remembers them. */
  changes: Changes | undefined
  /** A cut under way: told before a value is given to whoever may change it. */
  cut: BeforeChange | undefined
  /** Has room for slots below `slots`. */
  grow(slots: number): void
  /** Whether there is a value, which nobody is given. */
  has(slot: number): boolean
  /** Puts what a checkpoint needs of the value into `values`, as it was at the time `at` of the job's clock. */
  save(slot: number, values: Record<string, unknown>, at: number): void
  /** Puts what `save` would put under the column's name; undefined where that would put nothing. */
  put(slot: number, sink: ValueSink, at: number): void
  /** Takes back what `save` has put there. */
  load(slot: number, values: Readonly<Record<string, unknown>>, key: Key): void
}

/** One state on the heap: a value by slot. */
export class HeapColumn implements SlotColumn {
  readonly name: string
  readonly #options: ColumnOptions
  readonly #values: unknown[] = []
  #unchecked: number
  changes: Changes | undefined = undefined
  cut: BeforeChange | undefined = undefined

  constructor(name: string, options: ColumnOptions) {
    this.name = name
    this.#options = options
    // What is encoded on the way out may be anything while it is here.
    this.#unchecked = options.encode === undefined ? CHECKED_VALUES : 0
  }

  get(slot: number): any {
    if (this.cut !== undefined) this.cut.before(slot)
    return this.#values[slot]
  }

  set(slot: number, value: unknown): void {
    if (this.#unchecked > 0) this.#check(value)
    if (this.changes !== undefined) this.changes.touch(slot)
    this.#values[slot] = value
  }

  touch(slot: number): void {
    if (this.changes !== undefined) this.changes.touch(slot)
  }

  clear(slot: number): void {
    if (this.changes !== undefined) this.changes.touch(slot)
    this.#values[slot] = undefined
  }

  /** Elements are appended one by one, or V8 would make the array a dictionary. */
  grow(slots: number): void {
    const values = this.#values
    while (values.length < slots) values.push(undefined)
  }

  has(slot: number): boolean {
    return this.#values[slot] !== undefined
  }

  save(slot: number, values: Record<string, unknown>, _at: number): void {
    const value = this.#values[slot]
    if (value === undefined) return
    values[this.name] = this.#options.encode === undefined ? value : this.#options.encode(value)
  }

  put(slot: number, sink: ValueSink, _at: number): void {
    const value = this.#values[slot]
    const { put, encode } = this.#options
    if (value === undefined) sink.put(undefined)
    else if (put !== undefined) put(value, sink)
    else sink.put(encode === undefined ? value : encode(value))
  }

  load(slot: number, values: Readonly<Record<string, unknown>>, key: Key): void {
    const data = values[this.name]
    const { decode } = this.#options
    if (data === undefined) this.clear(slot)
    else this.set(slot, decode === undefined ? data : decode(data, key))
  }

  #check(value: unknown): void {
    this.#unchecked--
    assertEncodable(value)
  }
}

/** A state whose values end when they have not been set for a while. */
export class TtlColumn extends HeapColumn {
  readonly #ttlMs: number
  readonly #clock: Clock
  /** By slot: when the value was set, in ms of the job's clock. */
  #setAt = new Float64Array(16)

  constructor(
    name: string,
    options: ColumnOptions,
    ttl: { readonly ttlMs: number; readonly clock: Clock },
  ) {
    super(name, options)
    this.#ttlMs = ttl.ttlMs
    this.#clock = ttl.clock
  }

  override get(slot: number): any {
    const value = super.get(slot)
    if (value === undefined) return undefined
    if (this.#lives(slot, this.#clock.now())) return value
    this.clear(slot)
    return undefined
  }

  override set(slot: number, value: unknown): void {
    super.set(slot, value)
    this.#setAt[slot] = this.#clock.now()
  }

  override grow(slots: number): void {
    super.grow(slots)
    if (slots <= this.#setAt.length) return
    const larger = new Float64Array(Math.max(slots, 2 * this.#setAt.length))
    larger.set(this.#setAt)
    this.#setAt = larger
  }

  override has(slot: number): boolean {
    if (!super.has(slot)) return false
    if (this.#lives(slot, this.#clock.now())) return true
    this.clear(slot)
    return false
  }

  override save(slot: number, values: Record<string, unknown>, at: number): void {
    if (!this.#lives(slot, at)) return
    super.save(slot, values, at)
    if (values[this.name] === undefined) return
    values[this.name] = [values[this.name], this.#setAt[slot]]
  }

  override put(slot: number, sink: ValueSink, at: number): void {
    if (!super.has(slot) || !this.#lives(slot, at)) {
      sink.put(undefined)
      return
    }
    sink.beginArray(2)
    super.put(slot, sink, at)
    sink.put(this.#setAt[slot])
  }

  override load(slot: number, values: Readonly<Record<string, unknown>>, key: Key): void {
    const saved = values[this.name] as [unknown, number] | undefined
    super.load(slot, { [this.name]: saved?.[0] }, key)
    if (saved !== undefined) this.#setAt[slot] = saved[1]
  }

  #lives(slot: number, at: number): boolean {
    return at - this.#setAt[slot] < this.#ttlMs
  }
}
