import { describe, StreamError } from '../../codec/errors.ts'
import { jsonLoss } from '../../codec/json-loss.ts'
import type { SqlDatabase, SqlValue } from './sql-database.ts'

/**
 * A field of a record as a parameter: `undefined` is null, a `Date` its ISO text in UTC, bytes are copied, arrays and
 * objects are their JSON text.
 *
 * @throws StreamError `SAGE_SCHEMA_MISMATCH`
 */
export function sqlValue(value: unknown, database: SqlDatabase, field: string): SqlValue {
  try {
    return database.toValue(plain(value))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new StreamError('SAGE_SCHEMA_MISMATCH', `SqlSink: ${field}: ${reason}`, { cause })
  }
}

function plain(value: unknown): SqlValue {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return value
    case 'undefined':
      return null
    case 'object':
      return value === null ? null : textOf(value)
    default:
      throw new Error(`expected a value that a column can hold, got ${describe(value)}`)
  }
}

function textOf(value: object): SqlValue {
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (value instanceof ArrayBuffer) return new Uint8Array(value.slice())
  const lost = jsonLoss(value)
  const text: unknown = lost === undefined ? JSON.stringify(value) : undefined
  if (typeof text === 'string') return text
  throw new Error(`expected a value that a column can hold, got ${describe(lost ?? value)}`)
}

/** About how much memory a value takes. */
export function bytesOf(value: SqlValue): number {
  if (typeof value === 'string') return 16 + 2 * value.length
  if (value instanceof Uint8Array) return 64 + value.byteLength
  return 8
}
