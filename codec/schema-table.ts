import { describe, StreamError } from './errors.ts'
import type { Fields, FieldType, ListType, NullableType, SchemaLike } from './schema-types.ts'
import {
  type ElementType,
  type FieldSpec,
  layOut,
  type Table,
  type WireType,
} from './table-layout.ts'

const SCALARS = new Set([
  ...['bool', 'int8', 'int16', 'int32', 'uint8', 'uint16', 'uint32', 'int64', 'bigint'],
  ...['float32', 'float64', 'string', 'bytes', 'date'],
])

const tables = new WeakMap<SchemaLike, Table>()

/** Says that records of `schema` lie in `table`. */
export function setTable(schema: SchemaLike, table: Table): void {
  tables.set(schema, table)
}

/** How records of a schema lie in a frame. */
export function tableOf(schema: SchemaLike): Table {
  return tables.get(schema)!
}

/** The table for fields in their order; throws `SAGE_OPTION` for what is no type. */
export function tableForFields(name: string, fields: Fields): Table {
  const specs = Object.entries(fields).map(([field, type], id) => {
    return fieldSpec(field, id, type, `${name}.${field}`, name)
  })
  return layOut(name, specs)
}

function fieldSpec(
  name: string,
  id: number,
  type: FieldType,
  path: string,
  owner: string,
): FieldSpec {
  if (!isNullable(type)) {
    return { name, id, type: wireType(type, path, `${owner}_${name}`), nullable: false }
  }
  if (isNullable(type.nullable)) throw option(`${path}: nullable of nullable`)
  return { name, id, type: wireType(type.nullable, path, `${owner}_${name}`), nullable: true }
}

function wireType(type: FieldType, path: string, name: string): WireType {
  if (typeof type === 'string' && SCALARS.has(type)) {
    if (type === 'string' || type === 'bytes') return { kind: type }
    return { kind: 'inline', scalar: type }
  }
  if (isList(type)) return { kind: 'list', element: elementType(type.list, path, name) }
  const table = typeof type === 'object' && type !== null ? tables.get(type as SchemaLike) : null
  if (table) return { kind: 'table', table }
  throw option(`${path}: expected a type, got ${describe(type)}`)
}

function elementType(type: FieldType, path: string, name: string): ElementType {
  const element = isNullable(type) ? null : wireType(type, `${path}[]`, name)
  const direct = element !== null && element.kind !== 'list' && element.kind !== 'bytes'
  if (direct) return element
  const value = fieldSpec('value', 0, type, `${path}[]`, name)
  return { kind: 'table', table: layOut(`${name}_item`, [value], true) }
}

function isNullable(type: unknown): type is NullableType {
  return typeof type === 'object' && type !== null && Object.hasOwn(type, 'nullable')
}

function isList(type: unknown): type is ListType {
  return typeof type === 'object' && type !== null && Object.hasOwn(type, 'list')
}

function option(message: string): StreamError {
  return new StreamError('SAGE_OPTION', `schema: ${message}`)
}
