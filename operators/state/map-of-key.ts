import { materialize } from '../../codec/view.ts'
import type { StateColumn } from '../contract/keyed-store.ts'
import type { KeyedBackend } from '../contract/operator.ts'
import type { MapState } from '../contract/state.ts'

const none: ReadonlyMap<any, any> = new Map()

/** A `MapState`: a `Map` by slot. */
export class MapOfKey<MK, V> implements MapState<MK, V> {
  readonly #state: KeyedBackend
  readonly #column: StateColumn<Map<MK, V>>

  constructor(state: KeyedBackend, column: StateColumn<Map<MK, V>>) {
    this.#state = state
    this.#column = column
  }

  get size(): number {
    return this.#map.size
  }

  get(key: MK): V | undefined {
    const slot = this.#state.find()
    if (slot === -1) return undefined
    const value = this.#column.get(slot)?.get(key)
    // Whoever has it may change it in place.
    if (typeof value === 'object') this.#column.touch(slot)
    return value
  }

  has(key: MK): boolean {
    return this.#map.has(key)
  }

  set(key: MK, value: V): void {
    const slot = this.#state.slot()
    const map = this.#column.get(slot) ?? new Map<MK, V>()
    map.set(key, materialize(value))
    this.#column.set(slot, map)
  }

  delete(key: MK): boolean {
    const slot = this.#state.find()
    const map = slot === -1 ? undefined : this.#column.get(slot)
    if (map === undefined || !map.delete(key)) return false
    if (map.size === 0) this.clear()
    else this.#column.set(slot, map)
    return true
  }

  keys(): Iterable<MK> {
    return this.#map.keys()
  }

  values(): Iterable<V> {
    return this.#map.values()
  }

  entries(): Iterable<[MK, V]> {
    return this.#map.entries()
  }

  clear(): void {
    const slot = this.#state.find()
    if (slot === -1) return
    this.#column.clear(slot)
    this.#state.store.release(slot)
  }

  [Symbol.iterator](): Iterator<[MK, V]> {
    return this.#map[Symbol.iterator]()
  }

  get #map(): ReadonlyMap<MK, V> {
    const slot = this.#state.find()
    return (slot === -1 ? undefined : this.#column.get(slot)) ?? none
  }
}
