import type { Item } from './item.ts'

/** The stateless functions of workloads. */

export const plus = (item: Item): Item => ({ ...item, n: item.n * 3 + 1 })

export const passes = ({ n }: Item): boolean => n % 5 !== 0

export const twice = (item: Item): Item[] => [
  { ...item, id: `${item.id}-`, index: item.index * 2 },
  { ...item, id: `${item.id}+`, index: item.index * 2 + 1 },
]

export const isOdd = ({ n }: Item): boolean => n % 2 === 1

export const isPoison = ({ n }: Item): boolean => n % 7 === 0

/** Comes to a loop. */
export const enter = (item: Item): Item => ({ ...item, left: item.n % 4 })

export const enterOuter = (item: Item): Item => ({ ...item, outer: item.n % 3 })

/** Goes round once more. */
export const again = (item: Item): Item => ({ ...plus(item), left: item.left! - 1 })

export const againOuter = (item: Item): Item => ({ ...plus(item), outer: item.outer! - 1 })

export const staysIn = ({ left }: Item): boolean => left! > 0

export const staysAround = ({ outer }: Item): boolean => outer! > 0

export function leave({ left: _left, outer: _outer, ...item }: Item): Item {
  return item
}

/** Fails on some items, which the program skips. */
export function refusing(item: Item): Item {
  if (isPoison(item)) throw new Error(`expected no item like ${item.id}`)
  return item
}
