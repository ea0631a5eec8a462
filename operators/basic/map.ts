import { functionFactory } from '../contract/function-form.ts'
import type { OperatorFactory } from '../contract/operator.ts'

/** One record in, one or none out: a lambda or a `MapFunction`. */
export function mapFactory(fn: unknown, constructorOptions?: unknown): OperatorFactory {
  return functionFactory('map', 'map', fn, constructorOptions)
}
