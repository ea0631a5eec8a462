import { cloneValue } from '../../codec/value.ts'
import type { OperatorFactory } from '../contract/operator.ts'

/** Emits each record together with its key, as `[key, record]`. */
export function entriesFactory(): OperatorFactory {
  return {
    shape: 'map',
    functions: [],
    create: ({ scope }) => ({ call: (value) => [ownKey(scope.key), value] }),
  }
}

/**
 * A key that is an array is also kept by those who group by it: the consumer gets a copy of its
 * own.
 */
function ownKey(key: unknown): unknown {
  return typeof key === 'object' ? cloneValue(key) : key
}
