import { functionFactory } from '../contract/function-form.ts'
import type { OperatorFactory } from '../contract/operator.ts'

/** Extracts each record's key: a lambda or a `KeyByFunction`. */
export function keyByFactory(fn: unknown, constructorOptions?: unknown): OperatorFactory {
  return functionFactory('key', 'keyBy', fn, constructorOptions)
}
