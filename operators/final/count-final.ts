import type { OperatorFactory } from '../contract/operator.ts'
import { type Aggregation, aggregationFactory, combinerFactory } from './aggregation.ts'

const records: Aggregation = {
  first: () => 1,
  next: (count: number) => count + 1,
  result: (count: number) => count,
}

const partials: Aggregation = {
  first: (count) => count,
  next: (sum: number, count) => sum + (count as number),
  result: (sum: number) => sum,
}

/** Emits the number of records per key at the end of input. */
export function countFinalFactory(): OperatorFactory {
  return { ...aggregationFactory([], records, partials), combiner: combinerFactory([], records) }
}
