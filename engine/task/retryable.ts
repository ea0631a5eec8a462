import type { Collector, OutputTag } from '../../operators/contract/function.ts'
import type { Operator, OperatorCall, RecordScope } from '../../operators/contract/operator.ts'

/**
 * A `process` operator whose calls may fail without ending the job: what a call emits is kept until it has succeeded, so
 * that a failed attempt emits nothing: a record is processed whole or left out whole. Each goes out with the scope that the
 * call had set for it.
 */
export function retryable(operator: Operator, scope: RecordScope): Operator {
  const attempt =
    (call: OperatorCall): OperatorCall =>
    (value, ctx, out) => {
      const kept: { readonly at: RecordScope; emit(): void }[] = []
      const keep = (emit: () => void) => void kept.push({ at: { ...scope }, emit })
      const keeper: Collector = {
        collect: (item) => keep(() => out.collect(item)),
        collectTo: <S>(tag: OutputTag<S>, item: S) => keep(() => out.collectTo(tag, item)),
      }
      const result = call(value, ctx, keeper)
      if (kept.length === 0) return result
      const own = { ...scope }
      for (const { at, emit } of kept) {
        Object.assign(scope, at)
        emit()
      }
      Object.assign(scope, own)
      return result
    }
  const { call } = operator
  const wrapped: Operator = {
    ...bound(operator),
    call: typeof call === 'function' ? attempt(call) : call.map(attempt),
  }
  if (!('dueAt' in operator)) return wrapped
  return Object.defineProperty(wrapped, 'dueAt', { get: () => operator.dueAt, enumerable: true })
}

function bound(operator: Operator): Omit<Operator, 'call'> {
  const { open, finish, endOfBatch, onWatermark, onProcessingTime, complete, close } = operator
  const { again, beforeBarrier, gathered, failedAt, snapshot, restore, onIdle } = operator
  return {
    ...(open && { open: () => open.call(operator) }),
    ...(finish && { finish: () => finish.call(operator) }),
    ...(endOfBatch && { endOfBatch: () => endOfBatch.call(operator) }),
    ...(onWatermark && { onWatermark: (time, room) => onWatermark.call(operator, time, room) }),
    ...(onProcessingTime && {
      onProcessingTime: (now, room) => onProcessingTime.call(operator, now, room),
    }),
    ...(onIdle && { onIdle: () => onIdle.call(operator) }),
    ...(beforeBarrier && { beforeBarrier: () => beforeBarrier.call(operator) }),
    ...(snapshot && { snapshot: () => snapshot.call(operator) }),
    ...(restore && { restore: (state: unknown) => restore.call(operator, state) }),
    ...(again && { again: (value, input) => again.call(operator, value, input) }),
    ...(gathered && { gathered: () => gathered.call(operator) }),
    ...(failedAt && { failedAt: () => failedAt.call(operator) }),
    ...(complete && { complete: () => complete.call(operator) }),
    ...(close && { close: () => close.call(operator) }),
  }
}
