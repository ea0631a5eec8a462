import { describe, StreamError } from '../../codec/errors.ts'
import type { SinkFunction } from '../contract/function.ts'
import {
  type FunctionClass,
  functionFactory,
  instantiate,
  isClass,
  lifecycleOf,
  requireMethod,
} from '../contract/function-form.ts'
import type { Operator, OperatorContext, OperatorFactory } from '../contract/operator.ts'
import { TwoPhaseSink, twoPhasesOf } from '../contract/two-phase-sink.ts'

/**
 * Consumes records: a lambda or a `SinkFunction`, either of which may return a promise; at most
 * `capacity` of them are in flight per subtask. A class's `finish` runs when all of them have
 * settled. A `TwoPhaseSink` takes part in checkpoints.
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
    ...twoPhaseTraits(fn, constructorOptions),
    create: (context) => sinkOperator(instantiate(fn, constructorOptions, context.ctx), context),
  }
}

function twoPhaseTraits(
  fn: FunctionClass,
  options: unknown,
): Pick<OperatorFactory, 'visibility' | 'claim'> {
  if (!(fn.prototype instanceof TwoPhaseSink)) return {}
  const Sink = fn as unknown as typeof TwoPhaseSink
  const claim = Sink.claimOf(options)
  return { visibility: Sink.visibility, ...(claim !== undefined && { claim }) }
}

function sinkOperator(
  instance: SinkFunction,
  { ctx, uid, checkpointed }: OperatorContext,
): Operator {
  requireMethod(instance, 'execute', 'sink')
  const operator: Operator = {
    call: (value: unknown): unknown => instance.execute(value),
    ...lifecycleOf(instance),
    ...(typeof instance.finish === 'function' ? { complete: () => instance.finish!() } : {}),
  }
  if (!(instance instanceof TwoPhaseSink)) return operator
  instance.checkpointed = checkpointed
  instance.sinkId = uid ?? ctx.name
  return { ...operator, ...twoPhasesOf(instance) }
}
