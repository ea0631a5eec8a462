import { describe, StreamError } from './errors.ts'
import type { RecordCodec } from './record-codec.ts'
import { compileCheck } from './schema-check.ts'
import { createSchemaCodec } from './schema-codec.ts'
import { fbsOf } from './schema-fbs.ts'
import { explainMismatch } from './schema-mismatch.ts'
import { setTable, tableForFields } from './schema-table.ts'
import type {
  Fields,
  FieldType,
  ListType,
  NullableType,
  RecordOf,
  SchemaLike,
} from './schema-types.ts'
import type { Table } from './table-layout.ts'

/** What records of one stream look like: made by `schema` or `fromFlatBuffers`. */
export interface Schema<T = any> extends SchemaLike<T> {
  readonly name: string
  readonly fields: Fields
  /** Carries records of this schema as FlatBuffers tables. */
  readonly codec: RecordCodec
  /**
   * Throws `SAGE_SCHEMA_MISMATCH` for what is no record of this schema: a plain object with
   * exactly its fields, each of its type.
   */
  validate(value: unknown): void
  /** The schema file with which `flatc` makes code that reads the frames of such a stream. */
  fbs(): string
}

/** The type of a schema's records. */
export type InferSchema<S extends SchemaLike> = S extends SchemaLike<infer T> ? T : never

/**
 * Describes records: `schema('Bid', { auction: 'int64', url: nullable('string') })`. Records
 * arrive as plain objects with the fields in this order.
 *
 * @throws StreamError `SAGE_OPTION` for what is no name or no type
 */
export function schema<const F extends Fields>(name: string, fields: F): Schema<RecordOf<F>> {
  if (typeof name !== 'string' || !/^[A-Za-z_]\w*$/.test(name)) {
    const expected = 'a name of letters, digits and _, not starting with a digit'
    throw new StreamError('SAGE_OPTION', `schema: expected ${expected}, got ${describe(name)}`)
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    const message = `schema '${name}': expected an object of fields, got ${describe(fields)}`
    throw new StreamError('SAGE_OPTION', message)
  }
  const own = Object.freeze({ ...fields })
  return schemaOfTable(name, own, tableForFields(name, own))
}

/** The schema of records that lie in `table`. */
export function schemaOfTable<T>(name: string, fields: Fields, table: Table): Schema<T> {
  // Compiled when first used: a module may describe more than its job sends.
  let check: ((value: unknown) => boolean) | null = null
  let codec: RecordCodec | null = null
  const made: Schema<T> = {
    name,
    fields,
    get codec() {
      codec ??= createSchemaCodec(table)
      return codec
    },
    validate(value) {
      check ??= compileCheck(table)
      if (!check(value)) throw explainMismatch(table, value)
    },
    fbs: () => fbsOf(table),
  }
  setTable(made, table)
  return Object.freeze(made)
}

/** A type that also admits `null`. The field is still there: `undefined` is not `null`. */
export function nullable<const T extends FieldType>(type: T): NullableType<T> {
  return Object.freeze({ nullable: type })
}

/** Arrays whose elements have a type, which may be any: a schema, a nullable, a list. */
export function list<const T extends FieldType>(type: T): ListType<T> {
  return Object.freeze({ list: type })
}
