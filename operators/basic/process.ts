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
import { isPromise, promiseReturned } from '../contract/result-checks.ts'
import { userFinish } from '../contract/user-finish.ts'
import { TimerService } from '../state/timer-service.ts'

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
  const operator = { call, ...lifecycleOf(instance), ...userFinish(instance, context) }
  return typeof instance.onTimer === 'function' ? hearing(instance, operator, context) : operator
}

/** An operator whose keys' timers call `onTimer`. */
function hearing(
  instance: ProcessFunction,
  operator: Operator,
  context: OperatorContext,
): Operator {
  const { ctx, out, keyed } = context
  keyed.hearsTimers = true
  const timers = new TimerService(context, (at) => {
    if (isPromise(instance.onTimer!(at, ctx, out))) throw promiseReturned('onTimer')
  })
  return {
    ...operator,
    onWatermark: (watermark, room) => timers.onWatermark(watermark, room),
    onProcessingTime: (now, room) => timers.onProcessingTime(now, room),
    get dueAt() {
      return timers.dueAt
    },
  }
}
