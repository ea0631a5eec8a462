import { describe, StreamError } from '../../codec/errors.ts'
import type { Schema } from '../../codec/schema.ts'

/** Throws `SAGE_OPTION` for what is no schema. */
export function requireSchema(schema: unknown, where: string): asserts schema is Schema {
  const { validate, fbs } = (schema ?? {}) as Partial<Schema>
  if (typeof validate === 'function' && typeof fbs === 'function') return
  throw new StreamError('SAGE_OPTION', `${where}: expected a schema, got ${describe(schema)}`)
}
