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

/** Fails on some items, which the program skips. */
export function refusing(item: Item): Item {
  if (isPoison(item)) throw new Error(`expected no item like ${item.id}`)
  return item
}
