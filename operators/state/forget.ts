import type { KeyedStore, StateColumn } from '../contract/keyed-store.ts'

/** Takes a key's value away; the slot goes, too, where nothing else is kept for the key. */
export function forget(store: KeyedStore, column: StateColumn, slot: number): void {
  column.clear(slot)
  store.release(slot)
}
