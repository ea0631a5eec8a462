import { requireLambda } from '../contract/function-form.ts'
import type { OperatorFactory } from '../contract/operator.ts'
import { checkAccumulator, keptRecord } from './accumulator.ts'
import { type Aggregation, aggregationFactory, combinerFactory } from './aggregation.ts'

/**
 * Emits one accumulator per key at the end of input: `builder()`, then `folder(accumulator,
 * record)` for each record, whose return value is the accumulator from then on. The folder may
 * change the accumulator in place and return it.
 *
 * `builder` runs once per key. With `merge(a, b)`, which joins two accumulators of one key, sending
 * subtasks fold what they have before it crosses threads: `builder` then runs once per key and
 * partial result, and `merge` must give what folding the records of both would.
 */
export function foldFinalFactory(
  builder: unknown,
  folder: unknown,
  merge?: unknown,
): OperatorFactory {
  requireLambda(builder, 'foldFinal builder')
  requireLambda(folder, 'foldFinal folder')
  const fold = (accumulator: unknown, value: unknown): unknown => {
    const result = checkAccumulator(folder(accumulator, value), 'foldFinal')
    return result === value ? keptRecord(result) : result
  }
  const records: Aggregation = { first: (value) => fold(builder(), value), next: fold, result }
  if (merge === undefined) return aggregationFactory([builder, folder], records)
  requireLambda(merge, 'foldFinal merge')
  const functions = [builder, folder, merge]
  const partials: Aggregation = {
    first: (partial) => partial,
    next: (a, b) => checkAccumulator(merge(a, b), 'foldFinal merge'),
    result,
  }
  const factory = aggregationFactory(functions, records, partials)
  return { ...factory, combiner: combinerFactory(functions, records) }
}

function result(accumulator: unknown): unknown {
  return accumulator
}
