import type { NumberColumn } from '../contract/keyed-store.ts'
import type { SlotColumn } from './heap-column.ts'

/** Numbers by slot, side by side: no objects for the garbage collector, and a cache line holds those of eight keys. */
export class HeapNumbers implements NumberColumn, SlotColumn {
  readonly name: string
  readonly #touched: (slot: number) => void
  #values = new Float64Array(16).fill(Number.NaN)
  tracked = false

  constructor(name: string, touched: (slot: number) => void) {
    this.name = name
    this.#touched = touched
  }

  at(slot: number): number {
    return this.#values[slot]
  }

  get(slot: number): any {
    const value = this.#values[slot]
    return Number.isNaN(value) ? undefined : value
  }

  set(slot: number, value: number): void {
    this.#values[slot] = value
    if (this.tracked) this.#touched(slot)
  }

  touch(slot: number): void {
    if (this.tracked) this.#touched(slot)
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

  save(slot: number, values: Record<string, unknown>): void {
    const value = this.get(slot)
    if (value !== undefined) values[this.name] = value
  }

  load(slot: number, values: Readonly<Record<string, unknown>>): void {
    this.set(slot, (values[this.name] as number | undefined) ?? Number.NaN)
  }
}
