import type { Arena } from '../ring/arena.ts'
import {
  BORN,
  CAPACITY,
  ENTRY_BORN,
  GONE,
  HASH,
  KEY_BYTES,
  KEY_LENGTH,
  STORE,
  TABLE,
  TABLE_SLOTS,
  USED_SLOTS,
  VALUE,
} from './layout.ts'
import type { SharedHeap } from './shared-heap.ts'

const FIRST_TABLE_BYTES = 256

/** What an entry is looked up by. */
export interface SharedKey {
  /** The number of its store. */
  readonly store: number
  readonly hash: number
  /** The key's encoding is `bytes[0, length)`. */
  readonly bytes: Uint8Array
  readonly length: number
}

/** The entries of all stores of a job, by store and key: open addressing. Used by the lock's holder only. */
export class SharedTable {
  readonly #arena: Arena
  readonly #heap: SharedHeap

  constructor(arena: Arena, heap: SharedHeap) {
    this.#arena = arena
    this.#heap = heap
  }

  /** The entry of a key; 0: none. */
  find(key: SharedKey): number {
    const place = this.#findPlace(key)
    return place === 0 ? 0 : this.#arena.i32[place >> 2]
  }

  valueOf(entry: number): number {
    return this.#arena.i32[(entry + VALUE) >> 2]
  }

  /** Gives an entry another value. */
  setValue(entry: number, value: number): void {
    this.#arena.i32[(entry + VALUE) >> 2] = value
  }

  /** Adds a key that has no entry. Throws `SAGE_MEMORY`, and then has changed nothing. */
  insert(key: SharedKey, value: number): void {
    this.#reserve()
    const { i32, u8, f64 } = this.#arena
    const entry = this.#heap.take(KEY_BYTES + key.length)
    i32[(entry + HASH) >> 2] = key.hash
    i32[(entry + STORE) >> 2] = key.store
    i32[(entry + VALUE) >> 2] = value
    i32[(entry + KEY_LENGTH) >> 2] = key.length
    for (let i = 0; i < key.length; i++) u8[entry + KEY_BYTES + i] = key.bytes[i]
    f64[(entry + ENTRY_BORN) >> 3] = f64[BORN >> 3]++
    const table = i32[TABLE >> 2]
    const place = this.#vacancy(table, key.hash)
    const fresh = i32[place >> 2] === 0
    i32[place >> 2] = entry
    if (fresh) i32[(table + USED_SLOTS) >> 2]++
  }

  /** Takes a key's entry out; its value, or 0 where there was none. */
  remove(key: SharedKey): number {
    const place = this.#findPlace(key)
    if (place === 0) return 0
    const { i32 } = this.#arena
    const entry = i32[place >> 2]
    const value = i32[(entry + VALUE) >> 2]
    i32[place >> 2] = GONE
    this.#heap.free(entry)
    return value
  }

  /** The entries of a store, oldest first. */
  entriesOf(store: number): number[] {
    const { i32, f64 } = this.#arena
    const entries = this.#entries().filter((entry) => i32[(entry + STORE) >> 2] === store)
    const born = (entry: number) => f64[(entry + ENTRY_BORN) >> 3]
    return entries.sort((a, b) => born(a) - born(b))
  }

  /** A copy of the encoding of an entry's key. */
  keyBytesOf(entry: number): Uint8Array {
    const { i32, u8 } = this.#arena
    return Uint8Array.from(
      u8.subarray(entry + KEY_BYTES, entry + KEY_BYTES + i32[(entry + KEY_LENGTH) >> 2]),
    )
  }

  #entries(): number[] {
    const { i32 } = this.#arena
    const table = i32[TABLE >> 2]
    if (table === 0) return []
    const from = (table + TABLE_SLOTS) >> 2
    const words = i32.subarray(from, from + i32[(table + CAPACITY) >> 2])
    return Array.from(words.filter((word) => word !== 0 && word !== GONE))
  }

  /** Where in the table a key's entry stands; 0: nowhere. */
  #findPlace({ store, hash, bytes, length }: SharedKey): number {
    const { i32, u8 } = this.#arena
    const table = i32[TABLE >> 2]
    if (table === 0) return 0
    const capacity = i32[(table + CAPACITY) >> 2]
    let index = (hash >>> 0) % capacity
    for (let looked = 0; looked < capacity; looked++) {
      const place = table + TABLE_SLOTS + index * 4
      const entry = i32[place >> 2]
      if (entry === 0) return 0
      if (
        entry !== GONE &&
        i32[(entry + HASH) >> 2] === hash &&
        i32[(entry + STORE) >> 2] === store &&
        i32[(entry + KEY_LENGTH) >> 2] === length
      ) {
        let i = 0
        while (i < length && u8[entry + KEY_BYTES + i] === bytes[i]) i++
        if (i === length) return place
      }
      index = index + 1 === capacity ? 0 : index + 1
    }
    return 0
  }

  /** The first place of a hash where no entry stands. */
  #vacancy(table: number, hash: number): number {
    const { i32 } = this.#arena
    const capacity = i32[(table + CAPACITY) >> 2]
    let index = (hash >>> 0) % capacity
    for (;;) {
      const place = table + TABLE_SLOTS + index * 4
      const entry = i32[place >> 2]
      if (entry === 0 || entry === GONE) return place
      index = index + 1 === capacity ? 0 : index + 1
    }
  }

  /** Makes room for one more entry: at least a quarter of the places stays empty. */
  #reserve(): void {
    const { i32 } = this.#arena
    const table = i32[TABLE >> 2]
    if (table === 0) {
      i32[TABLE >> 2] = this.#newTable(FIRST_TABLE_BYTES)
      return
    }
    const capacity = i32[(table + CAPACITY) >> 2]
    if ((i32[(table + USED_SLOTS) >> 2] + 1) * 4 <= capacity * 3) return
    const entries = this.#entries()
    const size = this.#heap.sizeOf(table)
    // Many that are gone: the same size will do.
    const grown = this.#newTable(entries.length * 2 > capacity ? size * 2 : size)
    for (const entry of entries) i32[this.#vacancy(grown, i32[(entry + HASH) >> 2]) >> 2] = entry
    i32[(grown + USED_SLOTS) >> 2] = entries.length
    i32[TABLE >> 2] = grown
    this.#heap.free(table)
  }

  #newTable(bytes: number): number {
    const { i32 } = this.#arena
    const table = this.#heap.take(bytes)
    const capacity = (bytes - TABLE_SLOTS) >> 2
    i32[(table + CAPACITY) >> 2] = capacity
    i32[(table + USED_SLOTS) >> 2] = 0
    const from = (table + TABLE_SLOTS) >> 2
    i32.fill(0, from, from + capacity)
    return table
  }
}
