import type { OperatorFactory } from '../contract/operator.ts'

/**
 * What `withSchema` needs of a schema: throws `SAGE_SCHEMA_MISMATCH` for a record that does not
 * fit.
 */
export interface RecordValidator {
  validate(value: unknown): void
}

/** Checks each record against `schema` and passes it on as it is. */
export function withSchemaFactory(schema: RecordValidator): OperatorFactory {
  const call = (value: unknown): unknown => {
    schema.validate(value)
    return value
  }
  return { shape: 'map', functions: [], create: () => ({ call }) }
}
