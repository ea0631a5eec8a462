import { StreamError } from '../../codec/errors.ts'
import { type Key, keyGroup, keyHash } from '../../codec/key.ts'
import type { Clock } from '../contract/context.ts'
import type {
  ChangeCounts,
  ColumnOptions,
  CutRange,
  CutSink,
  KeyedCut,
  KeyedEntry,
  KeyedItem,
  KeyedStore,
  NumberColumn,
  StateColumn,
} from '../contract/keyed-store.ts'
import { Changes } from './changes.ts'
import { HeapColumn, type SlotColumn, TtlColumn } from './heap-column.ts'
import { HeapCut } from './heap-cut.ts'
import { HeapNumbers } from './heap-numbers.ts'
import { KeyTable } from './key-table.ts'
import { RemovedItem, SlotItem } from './slot-item.ts'
import { widened } from './widened.ts'

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
  /** By slot: the key group. */
  #groups = new Uint16Array(16)
  /** By key group: how many keys it has. */
  readonly #keys: Uint32Array
  /** Undefined before the first mark. */
  #changes: Changes | undefined
  /** The one under way. */
  #cut: HeapCut | undefined

  /** @param maxParallelism - the number of key groups */
  constructor(maxParallelism: number, clock: Clock) {
    this.#maxParallelism = maxParallelism
    this.#keys = new Uint32Array(maxParallelism)
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
    return this.#added(
      options.ttlMs === undefined
        ? new HeapColumn(name, options)
        : new TtlColumn(name, options, { ttlMs: options.ttlMs, clock: this.#clock }),
    )
  }

  /** Whether there is a column of that name, be it only in what was restored. */
  holds(name: string): boolean {
    return this.#columns.some((column) => column.name === name)
  }

  numbers(name: string): NumberColumn {
    const known = this.#known(name)
    if (known !== undefined) return known as HeapNumbers
    return this.#added(new HeapNumbers(name))
  }

  release(slot: number): void {
    if (this.#holds !== undefined && this.#holds[slot] > 0) return
    for (const column of this.#columns) if (column.has(slot)) return
    const key = this.#table.keyAt(slot)
    if (key === undefined) return
    if (this.#cut !== undefined) this.#cut.before(slot)
    if (this.#changes !== undefined) this.#changes.remove(slot, key)
    this.#keys[this.#groups[slot]]--
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
    const at = this.#clock.now()
    const groups: number[][] = Array.from({ length: this.#maxParallelism }, () => [])
    this.#table.forEach((slot) => void groups[this.#groups[slot]].push(slot))
    const item = new SlotItem(this.#columns, at)
    for (const slots of groups) for (const slot of slots) yield this.#turn(item, slot).toValue()
  }

  mark(): number {
    return this.#remembered().mark()
  }

  countsSince(mark: number): ChangeCounts {
    return { keys: this.#keys, replaced: this.#changes!.replacedSince(mark) }
  }

  cut(sink: CutSink<KeyedItem>, range?: CutRange): KeyedCut {
    if (this.#cut !== undefined)
      throw new StreamError('SAGE_STATE', 'expected the cut before to be over')
    const changes = this.#remembered()
    const item = new SlotItem(this.#columns, this.#clock.now())
    const source = {
      slots: this.#table.slots,
      groups: this.#maxParallelism,
      changes,
      groupAt: (slot: number) => this.#groups[slot],
      inUse: (slot: number) => this.#table.keyAt(slot) !== undefined,
      item: (slot: number) => this.#turn(item, slot),
      ended: () => this.#watch(undefined),
    }
    const removed = range === undefined ? [] : this.#removedSince(range.since)
    const cut = new HeapCut(source, sink, changes.mark(), removed, range)
    this.#watch(cut)
    return cut
  }

  forget(mark: number): void {
    this.#changes?.forget(mark)
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
    column.changes = this.#changes
    column.cut = this.#cut
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
    if (slot >= this.#groups.length) this.#groups = widened(this.#groups, new Uint16Array(2 * slot))
    const group = keyGroup(hash >>> 0, this.#maxParallelism)
    this.#groups[slot] = group
    this.#keys[group]++
    if (this.#cut !== undefined) this.#cut.added(slot)
    if (this.#changes !== undefined) {
      this.#changes.grow(slot + 1)
      this.#changes.add(slot)
    }
    return slot
  }

  /** From the first call on, changes are remembered. */
  #remembered(): Changes {
    if (this.#changes !== undefined) return this.#changes
    const changes = new Changes()
    changes.grow(this.#table.slots)
    this.#changes = changes
    for (const column of this.#columns) column.changes = changes
    return changes
  }

  #watch(cut: HeapCut | undefined): void {
    this.#cut = cut
    this.#changes!.watcher = cut
    for (const column of this.#columns) column.cut = cut
  }

  /** Keys that are not there any more. */
  #removedSince(mark: number): KeyedItem[] {
    const removed: KeyedItem[] = []
    for (const key of this.#changes!.removedSince(mark)) {
      const hash = keyHash(key)
      if (this.#table.find(key, hash | 0) !== -1) continue
      removed.push(new RemovedItem(keyGroup(hash, this.#maxParallelism), key))
    }
    return removed
  }

  #turn(item: SlotItem, slot: number): SlotItem {
    return item.turnTo(slot, this.#groups[slot], this.keyAt(slot))
  }

  #restoreKey(key: Key, values: Readonly<Record<string, unknown>>): void {
    const slot = this.slot(key)
    for (const column of this.#columns) column.load(slot, values, key)
    // Values of states that the program has not asked for yet: it may, at its first record. Until then, as they are.
    for (const name of Object.keys(values)) {
      if (this.#columns.some((column) => column.name === name)) continue
      const raw = (value: unknown) => value
      const column = new HeapColumn(name, { encode: raw })
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
}

function roomFor(slot: number, array: Uint32Array | undefined): Uint32Array {
  if (array !== undefined && slot < array.length) return array
  const larger = new Uint32Array(Math.max(16, 2 * (array?.length ?? 0), slot + 1))
  if (array !== undefined) larger.set(array)
  return larger
}
