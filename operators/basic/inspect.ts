import { functionFactory } from '../contract/function-form.ts'
import type { OperatorFactory } from '../contract/operator.ts'

/** Shows each record to a function and passes it on as it is. */
export function inspectFactory(fn: unknown, constructorOptions?: unknown): OperatorFactory {
  return functionFactory('inspect', 'inspect', fn, constructorOptions)
}
