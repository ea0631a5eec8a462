import { requireLambda } from '../contract/function-form.ts'
import type { OperatorFactory } from '../contract/operator.ts'
import { checkAccumulator, keptRecord } from './accumulator.ts'
import { type Aggregation, aggregationFactory, combinerFactory } from './aggregation.ts'

/**
 * Emits one record per key at the end of input: all of its records, combined two by two. Sending
 * subtasks combine what they have before it crosses threads, so `fn` must be associative; it may
 * change its first argument in place, which is never one of the user's records.
 */
export function reduceFinalFactory(fn: unknown): OperatorFactory {
  requireLambda(fn, 'reduceFinal')
  const aggregation: Aggregation = {
    first: keptRecord,
    next: (accumulator, value) => {
      const result = checkAccumulator(fn(accumulator, value), 'reduceFinal')
      return result === value ? keptRecord(result) : result
    },
    result: (accumulator) => accumulator,
  }
  const factory = aggregationFactory([fn], aggregation)
  return { ...factory, combiner: combinerFactory([fn], aggregation) }
}
