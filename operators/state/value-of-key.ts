import { materialize } from '../../codec/view.ts'
import type { StateColumn } from '../contract/keyed-store.ts'
import type { KeyedBackend } from '../contract/operator.ts'
import type { ValueState } from '../contract/state.ts'

/** A `ValueState`: reads the key at hand at each access. */
export class ValueOfKey<S> implements ValueState<S> {
  readonly #state: KeyedBackend
  readonly #column: StateColumn
  /** Gives the value of a key that has none: the function of the latest `ctx.state`, which may capture the record. */
  init: () => S

  constructor(state: KeyedBackend, column: StateColumn, init: () => S) {
    this.#state = state
    this.#column = column
    this.init = init
  }

  get value(): S {
    const slot = this.#state.find()
    const value = slot === -1 ? undefined : this.#column.get(slot)
    if (value === undefined) return this.#begin()
    // Whoever has it may change it in place.
    if (typeof value === 'object') this.#column.touch(slot)
    return value
  }

  set value(value: S | null | undefined) {
    if (value === null || value === undefined) this.clear()
    else this.#column.set(this.#state.slot(), materialize(value))
  }

  clear(): void {
    const slot = this.#state.find()
    if (slot === -1) return
    this.#column.clear(slot)
    this.#state.store.release(slot)
  }

  /** What can be changed in place is kept from the start; a primitive that is only read takes no room. */
  #begin(): S {
    const value = this.init()
    if (typeof value === 'object' && value !== null) this.#column.set(this.#state.slot(), value)
    return value
  }
}
