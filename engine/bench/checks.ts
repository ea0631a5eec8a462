import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'

/** A `SAGE_OPTION` that says where, what was expected and what came. */
export function badOption(where: string, expected: string, got: unknown): StreamError {
  return new StreamError('SAGE_OPTION', `${where}: expected ${expected}, got ${describe(got)}`)
}

/** A finite number above 0, or `SAGE_OPTION`. */
export function positive(value: number, where: string): number {
  if (typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY) return value
  throw badOption(where, 'a finite number above 0', value)
}

/** A whole number from `least` on, or `SAGE_OPTION`. */
export function wholeNumber(value: number, least: number, where: string): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw badOption(where, `a whole number from ${least} on`, value)
}

/** A duration in milliseconds that ends, or `SAGE_OPTION`. */
export function finiteMs(value: Duration, where: string): number {
  const ms = durationMs(value, where)
  if (ms < Number.POSITIVE_INFINITY) return ms
  throw badOption(where, 'a duration that ends', value)
}

/** A function, or `SAGE_OPTION`. */
export function requireFunction(value: unknown, where: string, what: string): void {
  if (typeof value !== 'function') throw badOption(where, `a function ${what}`, value)
}
