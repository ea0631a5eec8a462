import type { CutRange, CutSink, KeyedCut, KeyedItem, Slice } from '../contract/keyed-store.ts'
import type { BeforeChange, Changes } from './changes.ts'

/** So many slots are looked at in one go; one costs about as much as a byte that is written. */
const LOOKED_AT = 256

/** To hand a key over costs as much as so many bytes that are written, though none are: a part that has failed drops all. */
const HANDED_OVER = 64

const NONE = -1

/** What a cut needs of its store. */
export interface CutSource {
  /** All slots in use are below. */
  readonly slots: number
  /** The number of key groups. */
  readonly groups: number
  readonly changes: Changes
  groupAt(slot: number): number
  inUse(slot: number): boolean
  /** What is kept there now, as it was at the time of the cut; good until the next call. */
  item(slot: number): KeyedItem
  /** Nobody has to be told of changes any more. */
  ended(): void
}

/**
 * A cut of a `HeapStore`. Slots that are done, be it that they are not wanted, are marked; what is about to change a slot that
 * is not, has it done first. So a slot that is not done is as it was.
 */
export class HeapCut implements KeyedCut, BeforeChange {
  readonly mark: number
  readonly #source: CutSource
  readonly #sink: CutSink<KeyedItem>
  readonly #range: CutRange | undefined
  /** By slot: 1 where it is done. Those added later lie above, or are done. */
  readonly #done: Uint8Array
  readonly #turns: Iterator<void>
  /** Bounds the turn at hand. */
  #slice: Slice = { spent: () => false }
  #failure: { readonly error: unknown } | undefined
  #over = false

  /** @param removed - keys of the range that were removed */
  constructor(
    source: CutSource,
    sink: CutSink<KeyedItem>,
    mark: number,
    removed: readonly KeyedItem[],
    range?: CutRange,
  ) {
    this.mark = mark
    this.#source = source
    this.#sink = sink
    this.#range = range
    this.#done = new Uint8Array(source.slots)
    this.#turns = this.#run(removed)
  }

  /** A slot is about to change, or its value about to be given away. */
  before(slot: number): void {
    if (slot >= this.#done.length || this.#done[slot] !== 0) return
    this.#done[slot] = 1
    if (!this.#wants(slot)) return
    try {
      this.#sink(this.#source.item(slot), true)
    } catch (error) {
      // It is no fault of the record at hand.
      this.#failure = { error }
      this.#end()
    }
  }

  /** A slot was given to a key: what it will hold was not there. */
  added(slot: number): void {
    if (slot < this.#done.length) this.#done[slot] = 1
  }

  advance(slice: Slice): boolean {
    if (this.#failure !== undefined) throw this.#failure.error
    this.#slice = slice
    try {
      if (!this.#over && this.#turns.next().done === true) this.#end()
    } catch (error) {
      this.#end()
      throw error
    }
    return this.#over
  }

  abandon(): void {
    this.#end()
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#source.ended()
  }

  #wants(slot: number): boolean {
    const { changes, inUse } = this.#source
    if (!inUse(slot)) return false
    const range = this.#range
    return range === undefined || changes.changed(slot, range.since) || this.#isWhole(slot)
  }

  #isWhole(slot: number): boolean {
    const { from, to } = this.#range!.whole
    const group = this.#source.groupAt(slot)
    return group >= from && group < to
  }

  /** Turn by turn: pauses when the slice is spent. */
  *#run(removed: readonly KeyedItem[]): Iterator<void> {
    for (const item of removed) if (this.#slice.spent(HANDED_OVER + this.#sink(item, false))) yield
    if (this.#range === undefined) yield* this.#everything()
    else yield* this.#some(this.#range)
  }

  /**
   * In the order of slots, which is that in which keys came, and more or less that in which they lie in memory: group by
   * group each would cost a cache miss or two more.
   */
  *#some({ since, whole }: CutRange): Iterable<void> {
    const { changes } = this.#source
    for (const { epoch, slots, count } of changes.since(since))
      for (let i = 0; i < count; i++)
        if (changes.lastIn(slots[i], epoch) && this.#isSpent(slots[i])) yield
    if (whole.from >= whole.to) return
    for (let slot = 0; slot < this.#done.length; slot++) {
      if (this.#isWhole(slot)) {
        if (this.#isSpent(slot)) yield
      } else if (slot % LOOKED_AT === 0 && this.#slice.spent(LOOKED_AT)) yield
    }
  }

  /** Group by group. */
  *#everything(): Iterable<void> {
    const { groups, groupAt } = this.#source
    // By key group: its first slot; by slot: the next one of its group.
    const first = new Int32Array(groups).fill(NONE)
    const next = new Int32Array(this.#done.length)
    for (let slot = next.length - 1; slot >= 0; slot--) {
      const group = groupAt(slot)
      next[slot] = first[group]
      first[group] = slot
      if (slot % LOOKED_AT === 0 && this.#slice.spent(LOOKED_AT)) yield
    }
    for (let group = 0; group < groups; group++)
      for (let slot = first[group]; slot !== NONE; slot = next[slot]) if (this.#isSpent(slot)) yield
  }

  /** Hands a slot over in its turn, if it is to be; true: the slice is spent. */
  #isSpent(slot: number): boolean {
    if (slot >= this.#done.length || this.#done[slot] !== 0) return this.#slice.spent(1)
    this.#done[slot] = 1
    if (!this.#source.inUse(slot)) return this.#slice.spent(1)
    return this.#slice.spent(HANDED_OVER + this.#sink(this.#source.item(slot), false))
  }
}
