import { compareKeys, type Key } from '../../codec/key.ts'
import type { StatefulBatchLogic, StatefulLogic } from './logic.ts'

/** A logic of either kind. */
export type AnyLogic = StatefulLogic | StatefulBatchLogic

/** A key of a stateful operator: its logic, and where it stands in the activation at hand. */
export class KeyCell {
  readonly key: Key
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
    this.logic = logic
  }
}

/** By key, where an order is promised. */
export function inKeyOrder(cells: KeyCell[]): KeyCell[] {
  return cells.length < 2 ? cells : cells.sort((a, b) => compareKeys(a.key, b.key))
}
