import { type Key, sortKeys } from '../../codec/key.ts'
import type { KeyedStore } from '../contract/keyed-store.ts'

/** The keys that something is kept for, in their order. */
export function sortedKeys(store: KeyedStore): Key[] {
  const keys: Key[] = []
  for (const slot of store.slots()) keys.push(store.keyAt(slot))
  return sortKeys(keys)
}
