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
    const result = instance.execute(value, out)
    if (result === null || result === undefined) return collected
    if (Array.isArray(result)) return collected.length === 0 ? result : result.concat(collected)
    return itemsThenCollected(itemsOf(result), collected)
  }
  return { call, ...lifecycleOf(instance), ...userFinish(instance, context) }
}

/** Lazy, because a generator collects while it is being iterated. */
function* itemsThenCollected(
  items: Iterable<unknown>,
  collected: readonly unknown[],
): Iterable<unknown> {
  yield* items
  yield* collected
}
