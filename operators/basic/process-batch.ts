import { requireFunction } from '../contract/function-form.ts'
import type { Operator, OperatorContext, OperatorFactory } from '../contract/operator.ts'
import { itemsOf } from '../contract/result-checks.ts'
import type { StreamState } from '../contract/stream-state.ts'

/** A micro-batch holds at most so many records. */
export const MAX_BATCH = 1024

/**
 * Calls `fn(items, state)` per micro-batch: the records that were at hand together, at most {@link
 * MAX_BATCH}. Its results are those of a `flatMap`. A record waits at most until the task has no
 * more input at hand (`endOfBatch`). An error in `fn` concerns the whole batch: what the policy
 * leaves out is all of it.
 *
 * `state` is the default `StreamState` of the job.
 */
export function processBatchFactory(fn: unknown): OperatorFactory {
  requireFunction(fn, 'processBatch')
  const process = fn as ProcessBatch
  return {
    shape: 'flatMap',
    functions: [process],
    create: (context) => batchOperator(process, context),
  }
}

type ProcessBatch = (items: unknown[], state: StreamState) => unknown

function batchOperator(process: ProcessBatch, { ctx, scope }: OperatorContext): Operator {
  let items: unknown[] = []
  let failed: unknown[] = []
  let state: StreamState | undefined
  const run = (batch: unknown[]): Iterable<unknown> => {
    failed = batch
    state ??= ctx.shared()
    // The batch has many keys or none; that of its last record would be a lie.
    scope.key = undefined
    const results = itemsOf(process([...batch], state), 'processBatch')
    // Whole before the first is passed on, so that a generator that throws midway has emitted nothing.
    const whole = Array.isArray(results) ? results : [...results]
    failed = []
    return whole
  }
  const flush = (): Iterable<unknown> => {
    const batch = items
    items = []
    return run(batch)
  }
  return {
    call: (value) => (items.push(value) < MAX_BATCH ? undefined : flush()),
    endOfBatch: () => (items.length === 0 ? [] : flush()),
    again: () => run(failed),
    gathered: () => failed,
  }
}
