import type { OperatorFactory } from '../contract/operator.ts'
import { formatRecord } from './print-format.ts'

/**
 * Turns each record into the text that `print` shows: `prefix`, `separator`, record; the former two
 * are left out when there is no prefix. `colored` (resolved: whether it is a terminal is not asked
 * here) colours the keys of objects.
 */
export function printFactory(prefix: string, separator: string, colored: boolean): OperatorFactory {
  const begin = prefix === '' ? '' : prefix + separator
  const call = (value: unknown): string => begin + formatRecord(value, colored)
  return { shape: 'map', functions: [], create: () => ({ call }) }
}
