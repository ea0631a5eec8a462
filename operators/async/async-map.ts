import { type Duration, durationMs } from '../../codec/duration.ts'
import { functionFactory } from '../contract/function-form.ts'
import type { OperatorFactory } from '../contract/operator.ts'

/** How the promises of an operator are awaited. */
export interface AsyncSettings {
  readonly capacity?: number
  readonly ordered?: boolean
  readonly timeout?: Duration
  readonly retries?: number
}

/** One record in, one or none out, once its promise has settled: a lambda or an `AsyncMapFunction`. */
export function asyncMapFactory(
  fn: unknown,
  constructorOptions?: unknown,
  settings: AsyncSettings = {},
): OperatorFactory {
  return {
    ...functionFactory('async', 'asyncMap', fn, constructorOptions),
    ...awaiting('asyncMap', settings),
  }
}

/** The settings of an operator of shape `async`, with their defaults. */
export function awaiting(method: string, settings: AsyncSettings) {
  const { capacity = 100, ordered = true, timeout = '30s', retries = 0 } = settings
  return { capacity, ordered, timeoutMs: durationMs(timeout, `${method}.timeout`), retries }
}
