import type { ValueSink } from '../../codec/value-io.ts'
import type { NumberColumn } from '../contract/keyed-store.ts'
import type { BeforeChange, Changes } from './changes.ts'
import type { SlotColumn } from './heap-column.ts'

/** Numbers by slot, side by side: no objects for the garbage collector, and a cache line holds those of eight keys. */
export class HeapNumbers implements NumberColumn, SlotColumn {
  readonly name: string
  #values = new Float64Array(16).fill(Number.NaN)
  changes: Changes | undefined = undefined
  /** Not told: who has been given a number cannot change it here. */
  cut: BeforeChange | undefined = undefined

  constructor(name: string) {
    this.name = name
  }

  at(slot: number): number {
    return this.#values[slot]
  }

  get(slot: number): any {
    const value = this.#values[slot]
    return Number.isNaN(value) ? undefined : value
  }

  set(slot: number, value: number): void {
    if (this.changes !== undefined) this.changes.touch(slot)
    this.#values[slot] = value
  }

  touch(slot: number): void {
    if (this.changes !== undefined) this.changes.touch(slot)
  }

  clear(slot: number): void {
    this.set(slot, Number.NaN)
  }

  grow(slots: number): void {
    if (slots <= this.#values.length) return
    const larger = new Float64Array(Math.max(slots, 2 * this.#values.length)).fill(Number.NaN)
    larger.set(this.#values)
    this.#values = larger
  }

  has(slot: number): boolean {
    return !Number.isNaN(this.#values[slot])
  }

  save(slot: number, values: Record<string, unknown>): void {
    const value = this.get(slot)
    if (value !== undefined) values[this.name] = value
  }

  put(slot: number, sink: ValueSink): void {
    sink.put(this.get(slot))
  }

  load(slot: number, values: Readonly<Record<string, unknown>>): void {
    this.set(slot, (values[this.name] as number | undefined) ?? Number.NaN)
  }
}
