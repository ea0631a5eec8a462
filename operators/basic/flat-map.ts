import type { FlatMapFunction } from '../contract/function.ts'
import {
  functionFactory,
  instantiate,
  isClass,
  lifecycleOf,
  requireMethod,
} from '../contract/function-form.ts'
import { ItemCollector } from '../contract/item-collector.ts'
import type { Operator, OperatorContext, OperatorFactory } from '../contract/operator.ts'
import { itemsOf } from '../contract/result-checks.ts'
import { userFinish } from '../contract/user-finish.ts'

/** One record in, any number out: a lambda that returns an iterable, or a `FlatMapFunction`. */
export function flatMapFactory(fn: unknown, constructorOptions?: unknown): OperatorFactory {
  const factory = functionFactory('flatMap', 'flatMap', fn, constructorOptions)
  if (!isClass(fn)) return factory
  return {
    ...factory,
    create: (context) => flatMapOperator(instantiate(fn, constructorOptions, context.ctx), context),
  }
}

function flatMapOperator(instance: FlatMapFunction, context: OperatorContext): Operator {
  requireMethod(instance, 'execute', 'flatMap')
  const out = new ItemCollector(context.out)
  const call = (value: unknown): unknown => {
    const collected = out.begin()
    const items = itemsOf(instance.execute(value, out))
    // A generator collects while it is being iterated: whole before anything is passed on.
    const returned = Array.isArray(items) ? items : [...items]
    out.release()
    return collected.length === 0 ? returned : returned.concat(collected)
  }
  return { call, ...lifecycleOf(instance), ...userFinish(instance, context) }
}
