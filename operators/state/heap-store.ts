import { type Key, keyGroup, keyHash } from '../../codec/key.ts'
import type { Clock } from '../contract/context.ts'
import type {
  ColumnOptions,
  GroupCounts,
  GroupRange,
  KeyedEntry,
  KeyedStore,
  NumberColumn,
  StateColumn,
} from '../contract/keyed-store.ts'
import { HeapColumn, type SlotColumn, TtlColumn } from './heap-column.ts'
import { HeapNumbers } from './heap-numbers.ts'
import { KeyTable } from './key-table.ts'

/** A key that was removed after some mark. */
interface Removal {
  readonly key: Key
  readonly epoch: number
}

/** Keyed state on the JavaScript heap. */
export class HeapStore implements KeyedStore {
  readonly #table = new KeyTable()
  readonly #columns: SlotColumn[] = []
  /** Names of columns that have been restored, and not asked for. */
  readonly #unclaimed = new Set<string>()
  readonly #maxParallelism: number
  readonly #clock: Clock
  /** By slot: how often it is held. Undefined while nothing ever was. */
  #holds: Uint32Array | undefined
  /** By slot: the epoch of the last change. Undefined before the first mark. */
  #changed: Uint32Array | undefined
  #epoch = 0
  #removals: Removal[] = []

  /** @param maxParallelism - the number of key groups */
  constructor(maxParallelism: number, clock: Clock) {
    this.#maxParallelism = maxParallelism
    this.#clock = clock
  }

  get size(): number {
    return this.#table.size
  }

  find(key: Key): number {
    return this.#table.find(key)
  }

  slot(key: Key): number {
    const hash = keyHash(key) | 0
    const found = this.#table.find(key, hash)
    return found === -1 ? this.#add(key, hash) : found
  }

  keyAt(slot: number): Key {
    return this.#table.keyAt(slot)!
  }

  column<S>(name: string, options: ColumnOptions = {}): StateColumn<S> {
    const known = this.#known(name)
    if (known !== undefined) return known
    const touched = (slot: number): void => this.#touch(slot)
    return this.#added(
      options.ttlMs === undefined
        ? new HeapColumn(name, options, touched)
        : new TtlColumn(name, options, touched, { ttlMs: options.ttlMs, clock: this.#clock }),
    )
  }

  numbers(name: string): NumberColumn {
    const known = this.#known(name)
    if (known !== undefined) return known as HeapNumbers
    return this.#added(new HeapNumbers(name, (slot) => this.#touch(slot)))
  }

  release(slot: number): void {
    if (this.#holds !== undefined && this.#holds[slot] > 0) return
    for (const column of this.#columns) if (column.get(slot) !== undefined) return
    const key = this.#table.keyAt(slot)
    if (key === undefined) return
    if (this.#changed !== undefined) this.#removals.push({ key, epoch: this.#epoch })
    this.#table.remove(slot)
  }

  hold(slot: number): void {
    this.#holds = roomFor(slot, this.#holds)
    this.#holds[slot]++
  }

  unhold(slot: number): void {
    this.#holds![slot]--
    this.release(slot)
  }

  *slots(): Iterable<number> {
    const slots: number[] = []
    this.#table.forEach((slot) => void slots.push(slot))
    for (const slot of slots) if (this.#table.keyAt(slot) !== undefined) yield slot
  }

  *entries(): Iterable<KeyedEntry> {
    yield* this.#entriesOf(() => true)
  }

  mark(): number {
    if (this.#changed === undefined) {
      this.#changed = new Uint32Array(Math.max(16, this.#table.slots))
      for (const column of this.#columns) column.tracked = true
    }
    return this.#epoch++
  }

  countsSince(mark: number): GroupCounts {
    const stamps = this.#changed!
    const keys = new Uint32Array(this.#maxParallelism)
    const changed = new Uint32Array(this.#maxParallelism)
    this.#table.forEach((slot, _, hash) => {
      const group = keyGroup(hash, this.#maxParallelism)
      keys[group]++
      if (stamps[slot] > mark) changed[group]++
    })
    return { keys, changed }
  }

  *changedSince(mark: number, whole: GroupRange = { from: 0, to: 0 }): Iterable<KeyedEntry> {
    const changed = this.#changed!
    for (const { key, epoch } of this.#removals) {
      if (epoch > mark && this.#table.find(key) === -1)
        yield { group: keyGroup(keyHash(key), this.#maxParallelism), key, values: undefined }
    }
    const { from, to } = whole
    yield* this.#entriesOf((slot, group) => changed[slot] > mark || (group >= from && group < to))
  }

  forget(mark: number): void {
    this.#removals = this.#removals.filter(({ epoch }) => epoch > mark)
  }

  restore(entries: Iterable<KeyedEntry>): void {
    for (const { key, values } of entries) {
      if (values === undefined) this.#removeKey(key)
      else this.#restoreKey(key, values)
    }
  }

  #known(name: string): SlotColumn | undefined {
    if (this.#unclaimed.has(name)) return undefined
    return this.#columns.find((column) => column.name === name)
  }

  #added<C extends SlotColumn>(column: C): C {
    column.grow(this.#table.slots)
    if (this.#unclaimed.delete(column.name)) this.#claim(column)
    else this.#columns.push(column)
    // From here on: what is claimed is what was restored, and has not changed.
    if (this.#changed !== undefined) column.tracked = true
    return column
  }

  /** The column takes the place of what was restored before it was asked for. */
  #claim(column: SlotColumn): void {
    const place = this.#columns.findIndex(({ name }) => name === column.name)
    const restored = this.#columns[place]
    this.#table.forEach((slot, key) => {
      column.load(slot, { [column.name]: restored.get(slot) }, key)
    })
    this.#columns[place] = column
  }

  #add(key: Key, hash: number): number {
    const slot = this.#table.add(key, hash)
    for (const column of this.#columns) column.grow(slot + 1)
    if (this.#changed !== undefined) this.#touch(slot)
    return slot
  }

  #touch(slot: number): void {
    this.#changed = roomFor(slot, this.#changed)
    this.#changed[slot] = this.#epoch
  }

  #entry(group: number, slot: number): KeyedEntry {
    const values: Record<string, unknown> = {}
    for (const column of this.#columns) column.save(slot, values)
    return { group, key: this.keyAt(slot), values }
  }

  #restoreKey(key: Key, values: Readonly<Record<string, unknown>>): void {
    const slot = this.slot(key)
    for (const column of this.#columns) column.load(slot, values, key)
    // Values of states that the program has not asked for yet: it may, at its first record. Until then, as they are.
    for (const name of Object.keys(values)) {
      if (this.#columns.some((column) => column.name === name)) continue
      const raw = (value: unknown) => value
      const column = new HeapColumn(name, { encode: raw }, (slot) => this.#touch(slot))
      this.#added(column).load(slot, values, key)
      this.#unclaimed.add(name)
    }
  }

  #removeKey(key: Key): void {
    const slot = this.#table.find(key)
    if (slot === -1) return
    for (const column of this.#columns) column.clear(slot)
    this.release(slot)
  }

  /** What `wanted` chooses, key group by key group. */
  *#entriesOf(wanted: (slot: number, group: number) => boolean): Iterable<KeyedEntry> {
    const groups: number[][] = []
    this.#table.forEach((slot, _, hash) => {
      const group = keyGroup(hash, this.#maxParallelism)
      if (!wanted(slot, group)) return
      groups[group] ??= []
      groups[group].push(slot)
    })
    for (const [group, slots] of groups.entries()) {
      for (const slot of slots ?? []) yield this.#entry(group, slot)
    }
  }
}

function roomFor(slot: number, array: Uint32Array | undefined): Uint32Array {
  if (array !== undefined && slot < array.length) return array
  const larger = new Uint32Array(Math.max(16, 2 * (array?.length ?? 0), slot + 1))
  if (array !== undefined) larger.set(array)
  return larger
}
