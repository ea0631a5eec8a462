import { functionFactory } from '../contract/function-form.ts'
import type { OperatorFactory } from '../contract/operator.ts'

/**
 * Keeps the records for which the function returns something truthy: a lambda or a
 * `FilterFunction`.
 */
export function filterFactory(fn: unknown, constructorOptions?: unknown): OperatorFactory {
  return functionFactory('filter', 'filter', fn, constructorOptions)
}
