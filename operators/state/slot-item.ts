import type { Key } from '../../codec/key.ts'
import { type Shape, shapeOf } from '../../codec/shape.ts'
import type { ValueSink } from '../../codec/value-io.ts'
import type { KeyedEntry, KeyedItem } from '../contract/keyed-store.ts'
import type { SlotColumn } from './heap-column.ts'

const ENTRY = shapeOf(['group', 'key', 'values'])!

/** A key of a store, as a cut hands it over: one after the other, and each from where its columns lie. */
export class SlotItem implements KeyedItem {
  group = 0
  key: Key = 0
  readonly #columns: readonly SlotColumn[]
  readonly #at: number
  /** Of the columns' names; null where they are too many to have one. */
  #values: Shape | null | undefined
  #slot = -1

  /**
   * @param columns - those of the store, which may become more
   * @param at - the time of the cut
   */
  constructor(columns: readonly SlotColumn[], at: number) {
    this.#columns = columns
    this.#at = at
  }

  turnTo(slot: number, group: number, key: Key): this {
    this.#slot = slot
    this.group = group
    this.key = key
    return this
  }

  encode(sink: ValueSink): void {
    const columns = this.#columns
    if (this.#values?.keys.length !== columns.length)
      this.#values = shapeOf(columns.map(({ name }) => name))
    if (this.#values === null) {
      sink.put(this.toValue())
      return
    }
    sink.beginObject(ENTRY)
    sink.putNumber(this.group)
    sink.put(this.key)
    sink.beginObject(this.#values)
    for (let i = 0; i < columns.length; i++) columns[i].put(this.#slot, sink, this.#at)
  }

  toValue(): KeyedEntry {
    const values: Record<string, unknown> = {}
    for (const column of this.#columns) column.save(this.#slot, values, this.#at)
    return { group: this.group, key: this.key, values }
  }
}

/** A key that was removed. */
export class RemovedItem implements KeyedItem {
  readonly group: number
  readonly key: Key

  constructor(group: number, key: Key) {
    this.group = group
    this.key = key
  }

  encode(sink: ValueSink): void {
    sink.put(this.toValue())
  }

  toValue(): KeyedEntry {
    return { group: this.group, key: this.key, values: undefined }
  }
}
