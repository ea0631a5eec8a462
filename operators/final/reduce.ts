import { requireLambda } from '../contract/function-form.ts'
import type { Operator, OperatorContext, OperatorFactory } from '../contract/operator.ts'
import { forget } from '../state/forget.ts'
import { checkAccumulator, keptRecord } from './accumulator.ts'

type Reducer = (accumulator: unknown, value: unknown) => unknown

/**
 * A running reduction per key: emits the first record, then `fn(accumulator, record)` for each that
 * follows. `null` emits nothing and makes the key's next record its first.
 *
 * What is emitted belongs to the consumers and what is kept to this operator: records that are
 * objects are copied.
 */
export function reduceFactory(fn: unknown): OperatorFactory {
  requireLambda(fn, 'reduce')
  return { shape: 'map', functions: [fn], create: (context) => reduceOperator(fn, context) }
}

function reduceOperator(fn: Reducer, { keyed }: OperatorContext): Operator {
  const { store } = keyed
  const column = store.column<unknown>('accumulator')
  const call = (value: unknown): unknown => {
    const slot = keyed.slotOnce()
    try {
      const held = column.get(slot)
      const result = held === undefined ? value : checkAccumulator(fn(held, value), 'reduce')
      if (result !== null) column.set(slot, keptRecord(result))
      else forget(store, column, slot)
      return result
    } catch (error) {
      // The slot of a key that has no accumulator is nobody's.
      store.release(slot)
      throw error
    }
  }
  return { call }
}
