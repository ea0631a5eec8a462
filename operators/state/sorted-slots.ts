import { compareKeys, type Key } from '../../codec/key.ts'
import type { KeyedStore } from '../contract/keyed-store.ts'

/** The slots in use, in the order of their keys. */
export function sortedSlots(store: KeyedStore): number[] {
  const slots: number[] = []
  const keys: Key[] = []
  for (const slot of store.slots()) {
    slots.push(slot)
    keys[slot] = store.keyAt(slot)
  }
  return slots.sort((a, b) => compareKeys(keys[a], keys[b]))
}
