import type { Key } from '../../codec/key.ts'
import { KeyMap } from '../../codec/key-map.ts'
import { requireLambda } from '../contract/function-form.ts'
import type { Operator, OperatorContext, OperatorFactory } from '../contract/operator.ts'
import { type Cell, checkAccumulator, keptRecord } from './cell.ts'

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

function reduceOperator(fn: Reducer, { scope }: OperatorContext): Operator {
  const cells = new KeyMap<Cell>()
  const call = (value: unknown): unknown => {
    const key = scope.key as Key
    const cell = cells.get(key)
    if (cell === undefined) {
      cells.set(key, { value: keptRecord(value) })
      return value
    }
    const result = checkAccumulator(fn(cell.value, value), 'reduce')
    if (result === null) cells.delete(key)
    else cell.value = keptRecord(result)
    return result
  }
  return { call }
}
