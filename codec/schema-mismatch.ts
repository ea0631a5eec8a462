import { describe, StreamError } from './errors.ts'
import { matchesLeaf } from './schema-check.ts'
import type { Field, Table, WireType } from './table-layout.ts'

/** The error for a value that `compileCheck`'s function has refused. */
export function explainMismatch(table: Table, value: unknown): StreamError {
  const { path, expected, got } = findInTable(table, value, 'record') ?? {
    path: 'record',
    expected: `a record of ${table.name}`,
    got: describe(value),
  }
  const message = `schema '${table.name}': expected ${expected} at ${path}, got ${got}`
  return new StreamError('SAGE_SCHEMA_MISMATCH', message)
}

interface Mismatch {
  readonly path: string
  readonly expected: string
  readonly got: string
}

function findInTable(table: Table, value: unknown, path: string): Mismatch | null {
  if (table.wrapper) return findInField(table.fields[0], value, path)
  if (typeof value !== 'object' || value === null || !isPlain(value)) {
    return { path, expected: `a plain object (${table.name})`, got: describe(value) }
  }
  const record = value as Readonly<Record<string, unknown>>
  for (const field of table.fields) {
    const at = `${path}.${field.name}`
    if (!(field.name in record)) {
      return { path: at, expected: expectation(field), got: 'no such field' }
    }
    const found = findInField(field, record[field.name], at)
    if (found !== null) return found
  }
  const known = new Set(table.fields.map((field) => field.name))
  for (const key in record) {
    if (known.has(key)) continue
    const fields = [...known].join(', ')
    return { path, expected: `only the fields ${fields}`, got: `the field ${describe(key)}` }
  }
  return null
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function findInField(field: Field, value: unknown, path: string): Mismatch | null {
  if (field.nullable && value === null) return null
  return findInType(field.type, value, path, expectation(field))
}

function findInType(
  type: WireType,
  value: unknown,
  path: string,
  expected: string,
): Mismatch | null {
  if (type.kind === 'table' && (type.table.wrapper || (typeof value === 'object' && value))) {
    return findInTable(type.table, value, path)
  }
  if (type.kind === 'list' && Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const element = findInType(type.element, value[i], `${path}[${i}]`, nameOf(type.element))
      if (element !== null) return element
    }
    return null
  }
  const leaf = type.kind === 'inline' ? type.scalar : type.kind
  const matches = leaf !== 'table' && leaf !== 'list' && matchesLeaf(leaf, value)
  return matches ? null : { path, expected, got: describe(value) }
}

function expectation(field: Field): string {
  const name = nameOf(field.type)
  return field.nullable ? `${name} or null` : name
}

function nameOf(type: WireType): string {
  switch (type.kind) {
    case 'inline':
      return DESCRIPTIONS[type.scalar]
    case 'table':
      return type.table.wrapper ? expectation(type.table.fields[0]) : type.table.name
    case 'list':
      return `a list of ${nameOf(type.element)}`
    default:
      return type.kind === 'bytes' ? 'bytes (a Uint8Array)' : 'a string'
  }
}

const DESCRIPTIONS = {
  bool: 'bool (true or false)',
  int8: 'int8 (a whole number from -128 to 127)',
  int16: 'int16 (a whole number from -32768 to 32767)',
  int32: 'int32 (a whole number from -2147483648 to 2147483647)',
  uint8: 'uint8 (a whole number from 0 to 255)',
  uint16: 'uint16 (a whole number from 0 to 65535)',
  uint32: 'uint32 (a whole number from 0 to 4294967295)',
  int64: 'int64 (a whole number within 2^53; use bigint beyond)',
  bigint: 'bigint (of 64 bits)',
  ubigint: 'bigint (of 64 bits, not negative)',
  float32: 'float32 (a number)',
  float64: 'float64 (a number)',
  date: 'date (a Date)',
} as const
