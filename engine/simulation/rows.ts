import type { Item } from './item.ts'
import type { Row } from './ledger.ts'

/** Sizes of windows, in ms of event time. */
export const WINDOW_MS = 200
export const SLIDE_MS = 50
export const GAP_MS = 40
export const SUM_MS = 100
/** How far apart the two of a pair may be that is joined by time. */
export const BEFORE_MS = 20
export const AFTER_MS = 30

/** Rows as the keyed stages write them. */
export const itemRow = ({ id, key, lane, index }: Item): Row => ({
  what: id,
  lane: `${lane}/${key}`,
  index,
})
export const countRow = (key: string, n: number): Row => ({
  what: `${key} no. ${n}`,
  lane: `counts of ${key}`,
  index: n,
})
export const windowRow = (key: string, start: number, end: number, count: number): string =>
  `${key} from ${start} to ${end}: ${count}`
export const sumRow = (key: string, end: number, sum: number): string =>
  `${key} until ${end}: ${sum}`
export const totalRow = (key: string, sum: number): string => `${key} in all ${sum}`
export const visitRow = (loop: number, key: string, n: number): string =>
  `${key} no. ${n} in loop ${loop}`
export const sharedRow = (n: number): string => `no. ${n} of all`
export const pairRow = (left: Item, right: Item): string => `${left.id} with ${right.id}`
export const ruleRow = ({ id }: Item): string => `rule ${id}`
