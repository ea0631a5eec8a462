import { expect, test } from 'vitest'
import { PartitionClaims } from '../thread/partition-claims.ts'

const lists = new Map([
  [3, ['a', 'b', 'c', 'd', 'e']],
  [7, ['x']],
  [9, []],
])

/** The claims of one thread: all of them see the same memory. */
function threadsOf(count: number): PartitionClaims[] {
  const memory = PartitionClaims.allocate(lists)
  return Array.from({ length: count }, () => new PartitionClaims(lists, memory))
}

/** Everything a subtask can claim, asked once more at the end. */
function drain(claim: () => string | null): (string | null)[] {
  const all: (string | null)[] = []
  for (let name = claim(); ; name = claim()) {
    all.push(name)
    if (name === null) return [...all, claim()]
  }
}

test("a subtask begins with its own partition and helps with those that are nobody's own", () => {
  const [one, two] = threadsOf(2)
  const first = one.of(3, 0, 2).next
  const second = two.of(3, 1, 2).next
  expect([first(), second(), first(), first(), second(), second(), first()]).toEqual([
    'a',
    'b',
    'c',
    'd',
    'e',
    null,
    null,
  ])
})

test('one that is late still finds its own', () => {
  const [one, two] = threadsOf(2)
  expect(drain(one.of(3, 0, 2).next)).toEqual(['a', 'c', 'd', 'e', null, null])
  expect(drain(two.of(3, 1, 2).next)).toEqual(['b', null, null])
})

test("more subtasks than partitions: the others get none; sources do not take each other's", () => {
  const claims = threadsOf(8)
  expect(claims.map((thread, subtask) => thread.of(7, subtask, 8).next())).toEqual([
    'x',
    ...Array(7).fill(null),
  ])
  expect(claims.map((thread, subtask) => thread.of(3, subtask, 8).next())).toEqual([
    'a',
    'b',
    'c',
    'd',
    'e',
    null,
    null,
    null,
  ])
  expect(claims[0].of(9, 0, 1).next()).toBe(null)
  expect(claims[0].of(1, 0, 1).next()).toBe(null)
})
