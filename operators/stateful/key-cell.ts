import { compareKeys, isPlainKey, type Key } from '../../codec/key.ts'
import type { StatefulBatchLogic, StatefulLogic } from './logic.ts'

/** A logic of either kind. */
export type AnyLogic = StatefulLogic | StatefulBatchLogic

/** A key of a stateful operator: its logic, and where it stands in the activation at hand. */
export class KeyCell {
  readonly key: Key
  readonly #plain: boolean
  /** Undefined: to be built for the next record, or discarded. */
  logic: AnyLogic | undefined
  /** For when its timer is registered; NaN: for no time. */
  notifyAt = Number.NaN
  /** Whether it has been called in this activation. */
  touched = false
  /** Its first and last record among the arrivals; `first` is -1 when there is none. */
  first = -1
  last = -1

  constructor(key: Key, logic?: AnyLogic) {
    this.key = key
    this.#plain = isPlainKey(key)
    this.logic = logic
  }

  /** Sorts cells in place by their keys. */
  static sort(cells: KeyCell[]): KeyCell[] {
    if (cells.length < 2) return cells
    // No two are equal.
    if (cells.every((cell) => cell.#plain)) return cells.sort((a, b) => (a.key < b.key ? -1 : 1))
    return cells.sort((a, b) => compareKeys(a.key, b.key))
  }
}
