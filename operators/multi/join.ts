import { describe, StreamError } from '../../codec/errors.ts'
import { BaseJoinFunction } from '../contract/function.ts'
import { type FunctionClass, instantiate, isClass, lifecycleOf } from '../contract/function-form.ts'
import type {
  Operator,
  OperatorCall,
  OperatorContext,
  OperatorFactory,
} from '../contract/operator.ts'
import { isPromise } from '../contract/result-checks.ts'

interface JoinMethods {
  execute?(payload: unknown, key: unknown, tag: 0 | 1): unknown
  left?(payload: unknown, key: unknown): unknown
  right?(payload: unknown, key: unknown): unknown
}

/**
 * Joins two keyed inputs by a `BaseJoinFunction`: `left(payload, key)` and `right(payload, key)`
 * where it has both, else `execute(payload, key, tag)`. A result that is no iterable is the single
 * row.
 */
export function joinFactory(Class: unknown, constructorOptions?: unknown): OperatorFactory {
  requireJoinClass(Class)
  return {
    shape: 'flatMap',
    functions: [Class],
    create: (context) => {
      const instance = instantiate(Class, constructorOptions, context.ctx)
      return { call: calls(instance, Class.name, context), ...lifecycleOf(instance) } as Operator
    },
  }
}

function requireJoinClass(Class: unknown): asserts Class is FunctionClass {
  // Not every class with an `execute` joins: a MapFunction has one too.
  const joining =
    isClass(Class) && (Class.prototype instanceof BaseJoinFunction || hasSides(Class.prototype))
  if (joining) return
  throw new StreamError(
    'SAGE_OPTION',
    `join requires Join function: a class that extends BaseJoinFunction, got ${describe(Class)}`,
  )
}

function joins(join: JoinMethods): boolean {
  return typeof join.execute === 'function' || hasSides(join)
}

function hasSides({ left, right }: JoinMethods): boolean {
  return typeof left === 'function' && typeof right === 'function'
}

function calls(join: JoinMethods, name: string, { scope }: OperatorContext): OperatorCall[] {
  if (!joins(join)) {
    throw new StreamError(
      'SAGE_OPTION',
      `join: expected class ${name} to have execute(payload, key, tag), ` +
        'or left(payload, key) and right(payload, key)',
    )
  }
  if (hasSides(join)) {
    return [
      (value) => rows(join.left!(value, scope.key)),
      (value) => rows(join.right!(value, scope.key)),
    ]
  }
  return [
    (value) => rows(join.execute!(value, scope.key, 0)),
    (value) => rows(join.execute!(value, scope.key, 1)),
  ]
}

/** Leaves to the engine what it emits or refuses by itself; a plain row becomes the single item. */
function rows(result: unknown): unknown {
  if (result === null || result === undefined || Array.isArray(result)) return result
  if (typeof result !== 'object') return typeof result === 'function' ? result : [result]
  if (Symbol.iterator in result || Symbol.asyncIterator in result || isPromise(result))
    return result
  return [result]
}
