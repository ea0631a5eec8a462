import { keyHash } from './key-hash.ts'
import { equalKeys, type Key } from './key-value.ts'

interface TupleEntry<V> {
  readonly key: readonly Key[]
  value: V
  /** The next entry whose key has the same hash. */
  next: TupleEntry<V> | undefined
}

/**
 * A `Map` whose keys are equal when their values are, arrays included. Primitive keys go straight
 * to a native `Map`, which already takes `-0` for `0` and finds `NaN`; arrays are found by their
 * hash. Iterates over the primitives in order of insertion, then over the arrays (in order of
 * insertion but for arrays of one hash, which stand together).
 */
export class KeyMap<V> {
  readonly #primitives = new Map<Key, V>()
  readonly #tuples = new Map<number, TupleEntry<V>>()
  #tupleCount = 0

  get size(): number {
    return this.#primitives.size + this.#tupleCount
  }

  get(key: Key): V | undefined {
    if (typeof key !== 'object') return this.#primitives.get(key)
    return this.#find(key)?.value
  }

  has(key: Key): boolean {
    return typeof key === 'object' ? this.#find(key) !== undefined : this.#primitives.has(key)
  }

  set(key: Key, value: V): this {
    if (typeof key !== 'object') this.#primitives.set(key, value)
    else this.#setTuple(key, value)
    return this
  }

  delete(key: Key): boolean {
    return typeof key === 'object' ? this.#deleteTuple(key) : this.#primitives.delete(key)
  }

  clear(): void {
    this.#primitives.clear()
    this.#tuples.clear()
    this.#tupleCount = 0
  }

  *entries(): IterableIterator<[Key, V]> {
    yield* this.#primitives.entries()
    for (const first of this.#tuples.values()) {
      for (let e: TupleEntry<V> | undefined = first; e !== undefined; e = e.next) {
        yield [e.key, e.value]
      }
    }
  }

  *keys(): IterableIterator<Key> {
    for (const [key] of this.entries()) yield key
  }

  *values(): IterableIterator<V> {
    for (const [, value] of this.entries()) yield value
  }

  [Symbol.iterator](): IterableIterator<[Key, V]> {
    return this.entries()
  }

  #find(key: readonly Key[]): TupleEntry<V> | undefined {
    let entry = this.#tuples.get(keyHash(key))
    while (entry !== undefined && !equalKeys(entry.key, key)) entry = entry.next
    return entry
  }

  #setTuple(key: readonly Key[], value: V): void {
    const hash = keyHash(key)
    const first = this.#tuples.get(hash)
    let entry = first
    while (entry !== undefined && !equalKeys(entry.key, key)) entry = entry.next
    if (entry !== undefined) {
      entry.value = value
      return
    }
    this.#tupleCount++
    // The array may be a record's: what its owner does to it later must not move the key.
    const added = { key: copyKey(key), value, next: undefined }
    if (first === undefined) this.#tuples.set(hash, added)
    else append(first, added)
  }

  #deleteTuple(key: readonly Key[]): boolean {
    const hash = keyHash(key)
    const first = this.#tuples.get(hash)
    let previous: TupleEntry<V> | undefined
    let entry = first
    while (entry !== undefined && !equalKeys(entry.key, key)) {
      previous = entry
      entry = entry.next
    }
    if (entry === undefined) return false
    if (previous !== undefined) previous.next = entry.next
    else if (entry.next !== undefined) this.#tuples.set(hash, entry.next)
    else this.#tuples.delete(hash)
    this.#tupleCount--
    return true
  }
}

function append<V>(first: TupleEntry<V>, added: TupleEntry<V>): void {
  let last = first
  while (last.next !== undefined) last = last.next
  last.next = added
}

function copyKey(key: readonly Key[]): readonly Key[] {
  return key.map((element) => (typeof element === 'object' ? copyKey(element) : element))
}
