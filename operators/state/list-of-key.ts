import { materialize } from '../../codec/view.ts'
import type { StateColumn } from '../contract/keyed-store.ts'
import type { KeyedBackend } from '../contract/operator.ts'
import type { ListState } from '../contract/state.ts'

const none: readonly never[] = Object.freeze([])

/** A `ListState`: an array by slot. */
export class ListOfKey<T> implements ListState<T> {
  readonly #state: KeyedBackend
  readonly #column: StateColumn<T[]>

  constructor(state: KeyedBackend, column: StateColumn<T[]>) {
    this.#state = state
    this.#column = column
  }

  get length(): number {
    return this.get().length
  }

  get(): readonly T[] {
    const slot = this.#state.find()
    return (slot === -1 ? undefined : this.#column.get(slot)) ?? none
  }

  add(value: T): void {
    const added = materialize(value)
    const slot = this.#state.slot()
    const list = this.#column.get(slot) ?? []
    list.push(added)
    this.#column.set(slot, list)
  }

  addAll(values: Iterable<T>): void {
    // Whole before the first is added: what throws midway has added nothing.
    const added = Array.from(values, (value) => materialize(value))
    if (added.length === 0) return
    const slot = this.#state.slot()
    const list = this.#column.get(slot) ?? []
    for (const value of added) list.push(value)
    this.#column.set(slot, list)
  }

  update(values: Iterable<T>): void {
    const list = Array.from(values, (value) => materialize(value))
    if (list.length === 0) this.clear()
    else this.#column.set(this.#state.slot(), list)
  }

  clear(): void {
    const slot = this.#state.find()
    if (slot === -1) return
    this.#column.clear(slot)
    this.#state.store.release(slot)
  }

  [Symbol.iterator](): Iterator<T> {
    return this.get()[Symbol.iterator]()
  }
}
