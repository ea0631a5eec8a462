import type { ProcessFunction } from '../contract/function.ts'
import {
  instantiate,
  isClass,
  lifecycleOf,
  requireFunction,
  requireMethod,
} from '../contract/function-form.ts'
import type {
  Operator,
  OperatorCall,
  OperatorContext,
  OperatorFactory,
} from '../contract/operator.ts'
import { userFinish } from '../contract/user-finish.ts'

/** Any number of records to any output: a lambda `(value, ctx, out)` or a `ProcessFunction`. */
export function processFactory(fn: unknown, constructorOptions?: unknown): OperatorFactory {
  requireFunction(fn, 'process')
  return {
    shape: 'process',
    functions: [fn],
    create: (context) => {
      if (!isClass(fn)) return { call: fn as OperatorCall }
      return processOperator(instantiate(fn, constructorOptions, context.ctx), context)
    },
  }
}

function processOperator(instance: ProcessFunction, context: OperatorContext): Operator {
  requireMethod(instance, 'process', 'process')
  const call: OperatorCall = (value, ctx, out) => instance.process(value, ctx, out)
  return { call, ...lifecycleOf(instance), ...userFinish(instance, context) }
}
