import { describe, StreamError } from '../../codec/errors.ts'
import type { SqlDatabase, SqlValue } from './sql-database.ts'
import type { SqlSinkOptions, SqlStatementOptions, SqlTableOptions } from './sql-options.ts'
import { sqlValue } from './sql-value.ts'

/** A record on its way to a statement. */
export interface Row {
  /** The same array for all rows of the same columns. Empty: those of a statement of the user. */
  readonly columns: readonly string[]
  readonly values: readonly SqlValue[]
}

/** How records become rows; what it throws is about the record. */
export function rowMaker<T>(options: SqlSinkOptions<T>): (record: T) => Row {
  const { database } = options
  if (options.statement !== undefined) return statementRows(options, database)
  if (options.columns !== undefined) return fixedRows(options.columns, database)
  return ownRows(options, database)
}

const none: readonly string[] = []

function statementRows<T>(
  { values: valuesOf }: SqlStatementOptions<T>,
  database: SqlDatabase,
): (record: T) => Row {
  return (record) => {
    const values: unknown = valuesOf(record)
    if (!Array.isArray(values)) throw mismatch('values(record) to be an array', values)
    return {
      columns: none,
      values: values.map((value, i) => sqlValue(value, database, `value ${i + 1}`)),
    }
  }
}

function fixedRows<T>(columns: readonly string[], database: SqlDatabase): (record: T) => Row {
  return (record) => {
    const fields = fieldsOf(record)
    return { columns, values: columns.map((name) => sqlValue(fields[name], database, name)) }
  }
}

/** The columns that a record has; of what is undefined, the database knows a default. */
function ownRows<T>({ key = [] }: SqlTableOptions<T>, database: SqlDatabase): (record: T) => Row {
  /** By their names. Programs have few shapes of records. */
  const shapes = new Map<string, readonly string[]>()
  return (record) => {
    const fields = fieldsOf(record)
    const names: string[] = []
    const values: SqlValue[] = []
    for (const name of Object.keys(fields)) {
      if (fields[name] === undefined) continue
      names.push(name)
      values.push(sqlValue(fields[name], database, name))
    }
    const shape = names.join('\0')
    let columns = shapes.get(shape)
    if (columns === undefined) {
      if (names.length === 0) throw mismatch('a record with fields', record)
      const missing = key.find((name) => !names.includes(name))
      if (missing !== undefined) throw mismatch(`a record with '${missing}'`, record)
      columns = names
      shapes.set(shape, columns)
    }
    return { columns, values }
  }
}

function fieldsOf(record: unknown): Readonly<Record<string, unknown>> {
  if (typeof record === 'object' && record !== null && !Array.isArray(record))
    return record as Readonly<Record<string, unknown>>
  throw mismatch('a record that is an object', record)
}

function mismatch(expected: string, got: unknown): StreamError {
  return new StreamError(
    'SAGE_SCHEMA_MISMATCH',
    `SqlSink: expected ${expected}, got ${describe(got)}`,
  )
}
