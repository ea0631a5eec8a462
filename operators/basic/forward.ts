import { unreachable } from '../../codec/assert.ts'
import type { OperatorFactory } from '../contract/operator.ts'

/** Passes records on: unions, `rebalance`, `broadcast`. Its `call` is never used. */
export function forwardFactory(): OperatorFactory {
  const call = (): never => unreachable('call of a forwarding operator')
  return { shape: 'forward', functions: [], create: () => ({ call }) }
}
