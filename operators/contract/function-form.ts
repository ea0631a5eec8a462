import { describe, StreamError } from '../../codec/errors.ts'
import type { RuntimeContext } from './context.ts'
import { BaseFunction } from './function.ts'
import { opening } from './metric-registry.ts'
import type { Operator, OperatorCall, OperatorFactory, OperatorShape } from './operator.ts'
import type { Awaitable } from './source.ts'
import { fieldState } from './stateful-function.ts'

/** A class whose instances are user functions. */
export type FunctionClass<T extends object = any> = new (options?: any) => T

/** A user function as it stands in a program: a lambda or a class. */
export type UserFunction = ((...args: any[]) => unknown) | FunctionClass

interface Lifecycle {
  ctx: RuntimeContext
  open?(): Awaitable<void>
  close?(): Awaitable<void>
}

/**
 * Whether `fn` is to be called with `new`: it was written as a `class`, or its prototype has
 * methods (classes that a tool turned into functions). Built-in ones are functions:
 * `filter(Boolean)`.
 */
export function isClass(fn: unknown): fn is FunctionClass {
  if (typeof fn !== 'function') return false
  const source = Function.prototype.toString.call(fn)
  if (/^class\b/.test(source)) return true
  if (source.endsWith('{ [native code] }') || isGeneratorFunction(fn)) return false
  const prototype: unknown = fn.prototype
  if (typeof prototype !== 'object' || prototype === null) return false
  return Object.getOwnPropertyNames(prototype).some((name) => name !== 'constructor')
}

/** Whether `fn` was written as `function*` or `async function*`. */
export function isGeneratorFunction(fn: unknown): boolean {
  return typeof fn === 'function' && /GeneratorFunction\]$/.test(Object.prototype.toString.call(fn))
}

/** The default name of an operator: that of its class, else that of the method which made it. */
export function functionName(fn: unknown, methodName: string): string {
  return isClass(fn) && fn.name !== '' ? fn.name : methodName
}

/** Refuses what stands in the place of a function and is none: `SAGE_OPTION`. */
export function requireFunction(fn: unknown, method: string): asserts fn is UserFunction {
  if (typeof fn === 'function') return
  const hint =
    fn instanceof BaseFunction ? '; give the class itself, and its options behind it' : ''
  throw new StreamError(
    'SAGE_OPTION',
    `${method}: expected a function or a class, got ${describe(fn)}${hint}`,
  )
}

/** Refuses what is no plain function, where a class would have no meaning: `SAGE_OPTION`. */
export function requireLambda(
  fn: unknown,
  method: string,
): asserts fn is (...args: any[]) => unknown {
  if (typeof fn === 'function' && !isClass(fn)) return
  throw new StreamError('SAGE_OPTION', `${method}: expected a function, got ${describe(fn)}`)
}

/** Makes the instance of a function class for one subtask. The one place that does. */
export function instantiate<T extends object>(
  Class: FunctionClass<T>,
  constructorOptions: unknown,
  ctx: RuntimeContext,
): T {
  const instance = new Class(constructorOptions)
  ;(instance as unknown as Lifecycle).ctx = ctx
  return instance
}

/** Refuses a class that lacks the method it is used for: `SAGE_OPTION`. */
export function requireMethod(instance: object, name: string, usedBy: string): void {
  if (typeof (instance as Record<string, unknown>)[name] === 'function') return
  const className = instance.constructor.name || '(anonymous)'
  throw new StreamError(
    'SAGE_OPTION',
    `${usedBy}: expected a class with a method ${name}(), but class ${className} has none`,
  )
}

/** The `open` and `close` of an operator that is made of `instance`, and what saves its fields where they are state. */
export function lifecycleOf(
  instance: object,
): Pick<Operator, 'open' | 'close' | 'snapshot' | 'restore'> {
  const { ctx, open, close } = instance as Lifecycle
  return {
    ...fieldState(instance),
    ...(typeof open === 'function' ? { open: () => opening(ctx, () => open.call(instance)) } : {}),
    ...(typeof close === 'function' ? { close: () => close.call(instance) } : {}),
  }
}

/** How a class says that the states of its instances are dealt out. */
function redistributing(fn: UserFunction): Pick<OperatorFactory, 'redistribute'> {
  const { redistribute } = fn as Pick<OperatorFactory, 'redistribute'>
  if (typeof redistribute !== 'function') return {}
  return { redistribute: (states, parallelism) => redistribute.call(fn, states, parallelism) }
}

/**
 * The operator of one user function: a lambda is called as it is; a class is instantiated once per
 * subtask and its `execute` called. `method` names the operator in errors.
 */
export function functionFactory(
  shape: OperatorShape,
  method: string,
  fn: unknown,
  constructorOptions?: unknown,
): OperatorFactory {
  requireFunction(fn, method)
  return {
    shape,
    functions: [fn],
    ...redistributing(fn),
    create: ({ ctx }) => {
      if (!isClass(fn)) return { call: fn as OperatorCall }
      const instance = instantiate(fn, constructorOptions, ctx)
      requireMethod(instance, 'execute', method)
      return { call: (value) => instance.execute(value), ...lifecycleOf(instance) }
    },
  }
}
