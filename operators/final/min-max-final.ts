import { requireLambda } from '../contract/function-form.ts'
import type { OperatorFactory } from '../contract/operator.ts'
import { type Aggregation, aggregationFactory, combinerFactory } from './aggregation.ts'
import { compareRanks, type Rank, rank } from './rank.ts'

type Selector = (record: unknown) => unknown

/** The best record of a key so far, and what it is compared by. */
interface Best {
  readonly record: unknown
  readonly rank: Rank
}

/**
 * Emits the smallest record per key at the end of input, by `by(record)` or itself; of equal ones
 * the first.
 */
export function minFinalFactory(by?: unknown): OperatorFactory {
  return bestFactory('minFinal', -1, by)
}

/**
 * Emits the greatest record per key at the end of input, by `by(record)` or itself; of equal ones
 * the first.
 */
export function maxFinalFactory(by?: unknown): OperatorFactory {
  return bestFactory('maxFinal', 1, by)
}

function bestFactory(method: string, sign: 1 | -1, by: unknown = itself): OperatorFactory {
  requireLambda(by, method)
  const rankOf = (record: unknown): Rank => rank((by as Selector)(record), method)
  const aggregation: Aggregation = {
    first: (record): Best => ({ record, rank: rankOf(record) }),
    next: (best: Best, record): Best => {
      const candidate = rankOf(record)
      return compareRanks(candidate, best.rank, method) * sign > 0
        ? { record, rank: candidate }
        : best
    },
    result: (best: Best) => best.record,
  }
  const functions = by === itself ? [] : [by]
  const factory = aggregationFactory(functions, aggregation)
  return { ...factory, combiner: combinerFactory(functions, aggregation) }
}

function itself(record: unknown): unknown {
  return record
}
