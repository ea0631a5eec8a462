import type { Collector } from './function.ts'
import { ItemCollector } from './item-collector.ts'
import type { Operator, OperatorContext } from './operator.ts'
import { isPromise, promiseReturned } from './result-checks.ts'

interface Finishing {
  finish?(out: Collector): unknown
}

/**
 * An operator's `finish` for a function class that emits at the end of its input through
 * `finish(out)`.
 */
export function userFinish(
  instance: Finishing,
  context: OperatorContext,
): Pick<Operator, 'finish'> {
  if (typeof instance.finish !== 'function') return {}
  return { finish: () => emitted(instance, context) }
}

function* emitted(instance: Finishing, { scope, out }: OperatorContext): Iterable<unknown> {
  const collector = new ItemCollector(out)
  const items = collector.begin()
  // No record is at hand: the last one's key must not be taken for these records' own.
  scope.key = undefined
  if (isPromise(instance.finish!(collector))) throw promiseReturned('finish')
  collector.release()
  yield* items
}
