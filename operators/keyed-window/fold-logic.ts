import { requireLambda } from '../contract/function-form.ts'
import { checkAccumulator, keptRecord } from '../final/accumulator.ts'
import { compareRanks, type Rank, rank } from '../final/rank.ts'
import type { WindowLogic } from './window-logic.ts'

const results = (value: unknown): readonly unknown[] => [value]

/**
 * `builder()`, then `folder(accumulator, record)` for each record; `merger(a, b)` joins those of two sessions, the earlier
 * one first. All may change the accumulator in place and return it. `null` forgets it.
 */
export function foldLogic(builder: unknown, folder: unknown, merger: unknown): WindowLogic {
  requireLambda(builder, 'foldWindow builder')
  requireLambda(folder, 'foldWindow folder')
  requireLambda(merger, 'foldWindow merger')
  const add = (accumulator: unknown, record: unknown): unknown =>
    own(checkAccumulator(folder(accumulator, record), 'foldWindow folder'), record)
  return {
    keepsRecords: true,
    functions: [builder, folder, merger],
    begin: (record) => add(checkAccumulator(builder(), 'foldWindow builder'), record),
    add,
    merge: (into, from) => checkAccumulator(merger(into, from), 'foldWindow merger'),
    results,
  }
}

/** The first record, then `fn(accumulator, record)`; sessions are merged by it, too. `null` forgets the accumulator. */
export function reduceLogic(fn: unknown): WindowLogic {
  requireLambda(fn, 'reduceWindow')
  const add = (accumulator: unknown, record: unknown): unknown =>
    own(checkAccumulator(fn(accumulator, record), 'reduceWindow'), record)
  return { keepsRecords: true, functions: [fn], begin: keptRecord, add, merge: add, results }
}

/** The number of records. */
export function countLogic(): WindowLogic {
  return {
    keepsRecords: false,
    functions: [],
    begin: () => 1,
    add: (count: number) => count + 1,
    merge: (into: number, from: number) => into + from,
    results,
  }
}

/** A record, and what it is compared by. */
interface Best {
  readonly record: unknown
  readonly rank: Rank
}

/** The greatest (`sign` 1) or smallest (-1) record, by `by(record)` or itself; of equal ones the first. */
export function bestLogic(method: string, sign: 1 | -1, by: unknown): WindowLogic {
  if (by !== undefined) requireLambda(by, `${method} by`)
  const bestOf = (a: Best, b: Best): Best =>
    compareRanks(b.rank, a.rank, method) * sign > 0 ? b : a
  const begin = (record: unknown): Best => {
    return { record, rank: rank(by === undefined ? record : by(record), method) }
  }
  return {
    keepsRecords: true,
    functions: by === undefined ? [] : [by],
    begin,
    add: (best: Best, record) => bestOf(best, begin(record)),
    merge: bestOf,
    results: ({ record }: Best) => [record],
  }
}

/** An accumulator belongs to the window, a record to others as well. */
function own(accumulator: unknown, record: unknown): unknown {
  return accumulator === record ? keptRecord(record) : accumulator
}
