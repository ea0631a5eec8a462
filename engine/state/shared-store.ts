import { describe, StreamError } from '../../codec/errors.ts'
import { type Key, KeyMap } from '../../codec/key.ts'
import { ValueReader } from '../../codec/value.ts'
import type { StateStore } from '../../operators/contract/state-site.ts'
import type { ValueCopy } from './shared-values.ts'
import type { StateMemory } from './state-memory.ts'

/** A thread that has met more numbers looks them up anew. */
const MAX_KNOWN = 1 << 16

/** All of a store at one moment: keys and copies of values, in the order in which the keys were added. */
export type StoreEntries = readonly (readonly [Key, unknown])[]

/** A number that this thread has met. */
interface KnownCell {
  readonly cell: number
  readonly generation: number
}

/** One store in the shared memory of a job, as one thread sees it. */
export class SharedStore implements StateStore {
  readonly #memory: StateMemory
  readonly #id: number
  readonly #known = new KeyMap<KnownCell>()

  constructor(memory: StateMemory, id: number) {
    this.#memory = memory
    this.#id = id
  }

  get(key: Key): unknown {
    const known = this.#known.get(key)
    if (known !== undefined) {
      const number = this.#memory.cells.peek(known.cell, known.generation)
      if (!Number.isNaN(number)) return number
    }
    const { cells, table, values } = this.#memory
    const copy = this.#reading(() => {
      const entry = table.find(this.#memory.keyOf(this.#id, key))
      if (entry === 0) return undefined
      const value = table.valueOf(entry)
      if (values.isNumber(value)) {
        this.#know(key, value)
        return cells.load(value)
      }
      return this.#copyOf(value)
    })
    return typeof copy === 'object' ? this.#memory.decode(copy) : copy
  }

  set(key: Key, value: unknown): void {
    const { values } = this.#memory
    if (typeof value === 'number') {
      this.#writing('set', () => this.#putNumber(key, value))
      return
    }
    this.#memory.encoded(value, (bytes) =>
      this.#writing('set', () => this.#put(key, values.write(bytes))),
    )
  }

  increment(key: Key, n: number): number {
    this.#memory.refuseGuest('increment')
    const known = this.#known.get(key)
    if (known !== undefined) {
      const sum = this.#memory.cells.add(known.cell, known.generation, n)
      if (!Number.isNaN(sum)) return sum
    }
    const sum = this.#writing('increment', () => this.#incrementLocked(key, n))
    return sum ?? this.#refuse(key, 'increment', 'a number')
  }

  append(key: Key, value: unknown): void {
    const appended = this.#memory.encoded(value, (bytes) =>
      this.#writing('append', () => this.#appendLocked(key, bytes)),
    )
    if (!appended) this.#refuse(key, 'append', 'an array')
  }

  update(key: Key, fn: (current: unknown) => unknown): unknown {
    return this.#writing('update', () => this.#updateLocked(key, fn))
  }

  delete(key: Key): boolean {
    return this.#writing('delete', () => this.#remove(key))
  }

  keys(): Key[] {
    const { table } = this.#memory
    return this.#reading(() => table.entriesOf(this.#id).map((e) => table.keyBytesOf(e))).map(
      decodeKey,
    )
  }

  /** All entries at one moment. */
  snapshot(): StoreEntries {
    const { cells, table, values } = this.#memory
    const copies = this.#reading(() =>
      table.entriesOf(this.#id).map((entry) => {
        const value = table.valueOf(entry)
        const copy = values.isNumber(value) ? cells.load(value) : this.#copyOf(value)
        return [table.keyBytesOf(entry), copy] as const
      }),
    )
    return copies.map(([key, copy]) => [
      decodeKey(key),
      typeof copy === 'number' ? copy : copy.decode(),
    ])
  }

  #reading<R>(read: () => R): R {
    const entered = this.#memory.enterToRead()
    try {
      return read()
    } finally {
      if (entered) this.#memory.leave()
    }
  }

  #writing<R>(call: string, write: () => R): R {
    this.#memory.enter(call)
    try {
      return write()
    } finally {
      this.#memory.leave()
    }
  }

  #find(key: Key): number {
    return this.#memory.table.find(this.#memory.keyOf(this.#id, key))
  }

  #copyOf(value: number): ValueCopy {
    const copy = this.#memory.takeCopy()
    this.#memory.values.copyTo(value, copy)
    return copy
  }

  /** Gives a key a value that has no entry yet; frees it when there is no room for the key. */
  #put(key: Key, value: number): void {
    const { table, values } = this.#memory
    const lookedUp = this.#memory.keyOf(this.#id, key)
    const entry = table.find(lookedUp)
    if (entry !== 0) {
      const old = table.valueOf(entry)
      table.setValue(entry, value)
      values.free(old)
      return
    }
    try {
      table.insert(lookedUp, value)
    } catch (error) {
      values.free(value)
      throw error
    }
  }

  #putNumber(key: Key, number: number): void {
    const { cells, table, values } = this.#memory
    const entry = this.#find(key)
    const value = entry === 0 ? 0 : table.valueOf(entry)
    if (value !== 0 && values.isNumber(value)) {
      cells.store(value, number)
      this.#know(key, value)
      return
    }
    const cell = cells.take(number)
    this.#put(key, cell)
    this.#know(key, cell)
  }

  #remove(key: Key): boolean {
    const value = this.#memory.table.remove(this.#memory.keyOf(this.#id, key))
    if (value === 0) return false
    this.#memory.values.free(value)
    return true
  }

  /** Undefined: the value is no number. */
  #incrementLocked(key: Key, n: number): number | undefined {
    const { cells, table, values } = this.#memory
    const entry = this.#find(key)
    if (entry === 0) {
      this.#putNumber(key, 0 + n)
      return 0 + n
    }
    const value = table.valueOf(entry)
    if (!values.isNumber(value)) return undefined
    this.#know(key, value)
    return cells.addTo(value, n)
  }

  /** False: the value is no array. */
  #appendLocked(key: Key, bytes: Uint8Array): boolean {
    const { table, values } = this.#memory
    const entry = this.#find(key)
    if (entry === 0) {
      this.#put(key, values.writeList([bytes]))
      return true
    }
    const value = table.valueOf(entry)
    if (values.isList(value)) {
      values.append(value, bytes)
      return true
    }
    if (values.isNumber(value)) return false
    const array = this.#memory.host(() => this.#memory.decode(this.#copyOf(value)))
    if (!Array.isArray(array)) return false
    this.#memory.host(() => this.#makeList(key, [...array], bytes))
    return true
  }

  /** The value was stored as a whole: from now on it is a list, element by element. */
  #makeList(key: Key, elements: readonly unknown[], last: Uint8Array): void {
    const encoded = elements.map((element) =>
      this.#memory.encoded(element, (bytes) => Uint8Array.from(bytes)),
    )
    this.#put(key, this.#memory.values.writeList([...encoded, last]))
  }

  #updateLocked(key: Key, fn: (current: unknown) => unknown): unknown {
    const { cells, table, values } = this.#memory
    const entry = this.#find(key)
    const value = entry === 0 ? 0 : table.valueOf(entry)
    if (value === 0 || !values.isNumber(value)) {
      return this.#memory.host(() => {
        const current = value === 0 ? undefined : this.#memory.decode(this.#copyOf(value))
        return this.#replace(key, fn(current))
      })
    }
    const number = cells.hold(value)
    let replaced = false
    try {
      const next = this.#memory.host(() => this.#replace(key, fn(number)))
      replaced = true
      return next
    } finally {
      if (!replaced) cells.store(value, number)
    }
  }

  #replace(key: Key, next: unknown): unknown {
    const { values } = this.#memory
    if (next === null || next === undefined) this.#remove(key)
    else if (typeof next === 'number') this.#putNumber(key, next)
    else this.#memory.encoded(next, (bytes) => this.#put(key, values.write(bytes)))
    return next
  }

  #know(key: Key, cell: number): void {
    const generation = this.#memory.cells.generationOf(cell)
    const known = this.#known.get(key)
    if (known?.cell === cell && known.generation === generation) return
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    this.#known.set(key, { cell, generation })
  }

  #refuse(key: Key, call: string, expected: string): never {
    throw new StreamError(
      'SAGE_STATE',
      `${call}(${describe(key)}): expected ${expected} there, got ${describe(this.get(key))}`,
    )
  }
}

function decodeKey(bytes: Uint8Array): Key {
  const reader = new ValueReader()
  reader.reset(bytes, 0, bytes.length)
  return reader.read() as Key
}
