import { describe, StreamError } from '../../codec/errors.ts'
import { BaseCoMapFunction } from '../contract/function.ts'
import { type FunctionClass, instantiate, isClass, lifecycleOf } from '../contract/function-form.ts'
import type { Operator, OperatorCall, OperatorFactory } from '../contract/operator.ts'

/**
 * One function per connected input: a `BaseCoMapFunction`, or an array of lambdas. Throws
 * `SAGE_COMAP_INPUTS` where an input has no function of its own.
 */
export function coMapFactory(
  fn: unknown,
  inputs: number,
  constructorOptions?: unknown,
): OperatorFactory {
  if (Array.isArray(fn)) return lambdaFactory(fn, inputs)
  requireCoMapClass(fn)
  const missing = missingCoMapMethods(fn, inputs)
  if (missing.length > 0) throw missingMethods(fn.name, inputs, missing)
  return {
    shape: 'map',
    functions: [fn],
    create: ({ ctx }) => classOperator(instantiate(fn, constructorOptions, ctx), inputs),
  }
}

/**
 * Which of `map0` … `mapN` for `inputs` inputs a class lacks: what its base classes below
 * `BaseCoMapFunction` define counts.
 */
export function missingCoMapMethods(Class: FunctionClass, inputs: number): string[] {
  const missing: string[] = []
  for (let i = 0; i < inputs; i++) if (!definesMethod(Class, `map${i}`)) missing.push(`map${i}`)
  return missing
}

function definesMethod(Class: FunctionClass, name: string): boolean {
  let prototype: object | null = Class.prototype
  while (prototype !== null && prototype !== BaseCoMapFunction.prototype) {
    const own = Object.getOwnPropertyDescriptor(prototype, name)
    if (own !== undefined) return typeof own.value === 'function'
    prototype = Object.getPrototypeOf(prototype)
  }
  return false
}

function requireCoMapClass(fn: unknown): asserts fn is FunctionClass {
  if (isClass(fn) && (fn.prototype instanceof BaseCoMapFunction || definesMethod(fn, 'map0')))
    return
  throw new StreamError(
    'SAGE_OPTION',
    'coMap requires CoMap function: a class that extends BaseCoMapFunction or an array of ' +
      `functions, got ${describe(fn)}`,
  )
}

function missingMethods(name: string, inputs: number, missing: readonly string[]): StreamError {
  return new StreamError(
    'SAGE_COMAP_INPUTS',
    `coMap: ${inputs} connected streams need map0 to map${inputs - 1}, ` +
      `but class ${name} lacks ${missing.join(', ')}`,
  )
}

function classOperator(instance: object, inputs: number): Operator {
  const methods = instance as Record<string, (value: unknown) => unknown>
  const call = Array.from({ length: inputs }, (_, input): OperatorCall => {
    const method = `map${input}`
    return (value) => methods[method](value)
  })
  return { call, ...lifecycleOf(instance) }
}

function lambdaFactory(fns: readonly unknown[], inputs: number): OperatorFactory {
  const wrong = fns.findIndex((fn) => typeof fn !== 'function' || isClass(fn))
  if (wrong >= 0) {
    throw new StreamError(
      'SAGE_OPTION',
      `coMap: expected a function at index ${wrong} of the array, got ${describe(fns[wrong])}`,
    )
  }
  if (fns.length !== inputs) {
    throw new StreamError(
      'SAGE_COMAP_INPUTS',
      `coMap: expected ${inputs} functions for ${inputs} connected streams, got ${fns.length}`,
    )
  }
  const call = [...fns] as OperatorCall[]
  return { shape: 'map', functions: call, create: () => ({ call }) }
}
