import { type Key, sortKeys } from '../../codec/key.ts'
import type { KeyedStore } from '../contract/keyed-store.ts'

/** The slots in use, in the order of their keys. */
export function sortedSlots(store: KeyedStore): number[] {
  const keys: Key[] = []
  for (const slot of store.slots()) keys.push(store.keyAt(slot))
  return sortKeys(keys).map((key) => store.find(key))
}
