import { describe, StreamError } from '../../codec/errors.ts'
import type { SinkFunction } from '../contract/function.ts'
import {
  functionFactory,
  instantiate,
  isClass,
  lifecycleOf,
  requireMethod,
} from '../contract/function-form.ts'
import type { Operator, OperatorFactory } from '../contract/operator.ts'

/**
 * Consumes records: a lambda or a `SinkFunction`, either of which may return a promise; at most
 * `capacity` of them are in flight per subtask. A class's `finish` runs when all of them have
 * settled.
 */
export function sinkFactory(
  fn: unknown,
  constructorOptions?: unknown,
  capacity = 1,
): OperatorFactory {
  if (!Number.isSafeInteger(capacity) || capacity < 1) {
    throw new StreamError(
      'SAGE_OPTION',
      `sink: expected capacity to be an integer >= 1, got ${describe(capacity)}`,
    )
  }
  const factory = functionFactory('sink', 'sink', fn, constructorOptions)
  if (!isClass(fn)) return { ...factory, capacity }
  return {
    ...factory,
    capacity,
    create: ({ ctx }) => sinkOperator(instantiate(fn, constructorOptions, ctx)),
  }
}

function sinkOperator(instance: SinkFunction): Operator {
  requireMethod(instance, 'execute', 'sink')
  const call = (value: unknown): unknown => instance.execute(value)
  if (typeof instance.finish !== 'function') return { call, ...lifecycleOf(instance) }
  return { call, ...lifecycleOf(instance), complete: () => instance.finish!() }
}
