import { describe, StreamError } from '../../codec/errors.ts'
import type { SqlDatabase } from './sql-database.ts'

/** What {@link SqlSink} may be told in any case. */
export interface SqlSinkSettings {
  /** `postgres(…)` or `sqlite(…)`. */
  readonly database: SqlDatabase
  /**
   * By what the database knows this sink, in the table `sage_sinks`; no two sinks may share it. Default: the name of the job
   * and the operator's `uid`, or else its name.
   */
  readonly id?: string
  /**
   * Up to about so many bytes of rows per subtask wait in memory for a checkpoint, and lie in it; what is beyond waits in the
   * table `sage_staged_rows`. Default 4 MiB.
   */
  readonly holdBytes?: number
}

/** A record is a row of a table. */
export interface SqlTableOptions<T = any> extends SqlSinkSettings {
  /** Records go into this table: the name as it is, without quotes. */
  readonly table: string
  /** The schema of the table. Default: where the connection finds it. */
  readonly schema?: string
  /** The fields that are written, to columns of these names; others are left out. Default: all that a record has. */
  readonly columns?: readonly (keyof T & string)[]
  /**
   * Columns of a primary key or unique index: a row that is there already is updated. Of several records with one key between
   * two checkpoints only the last is written. Default: every record is a new row.
   */
  readonly key?: readonly (keyof T & string)[]
  readonly statement?: never
  readonly values?: never
}

/** A record is the parameters of a statement. */
export interface SqlStatementOptions<T = any> extends SqlSinkSettings {
  /** Runs once per record, in their order, with the placeholders of the database: `$1` in PostgreSQL, `?` in SQLite. */
  readonly statement: string
  /** The values in the order of the placeholders. */
  readonly values: (record: T) => readonly unknown[]
  readonly table?: never
  readonly schema?: never
  readonly columns?: never
  readonly key?: never
}

/** What {@link SqlSink} may be told: a table, or a statement. */
export type SqlSinkOptions<T = any> = SqlTableOptions<T> | SqlStatementOptions<T>

/** @throws StreamError `SAGE_OPTION` */
export function checkSqlOptions(options: SqlSinkOptions): void {
  if (typeof options !== 'object' || options === null)
    refuse('options with database and table', options)
  const { database, table, statement, values, id, holdBytes } = options
  if (typeof database?.connect !== 'function')
    refuse('database: postgres(…) or sqlite(…)', database)
  if ((table === undefined) === (statement === undefined))
    refuse('either table or statement', table === undefined ? 'neither' : 'both')
  if (statement !== undefined) {
    requireText('statement', statement)
    if (typeof values !== 'function') refuse('values: a function from a record to an array', values)
    const other = (['schema', 'columns', 'key'] as const).find((name) => name in options)
    if (other !== undefined) refuse(`${other} only with table`, options[other])
  } else {
    requireText('table', table)
    if (options.schema !== undefined) requireText('schema', options.schema)
    requireNames('columns', options.columns)
    requireNames('key', options.key)
    if (values !== undefined) refuse('values only with statement', values)
    const { columns, key } = options as SqlTableOptions<Record<string, unknown>>
    const missing = columns && key?.find((name) => !columns.includes(name))
    if (missing !== undefined) refuse(`columns with '${missing}', which is in key`, columns)
  }
  if (id !== undefined) requireText('id', id)
  if (holdBytes !== undefined && !(typeof holdBytes === 'number' && holdBytes > 0))
    refuse('holdBytes: a number of bytes above 0', holdBytes)
}

function requireText(name: string, value: unknown): void {
  if (typeof value !== 'string' || value === '' || value.includes('\0'))
    refuse(`${name}: a text`, value)
}

function requireNames(name: string, names: readonly string[] | undefined): void {
  if (names === undefined) return
  if (!Array.isArray(names) || names.length === 0) refuse(`${name}: names of columns`, names)
  for (const one of names) requireText(name, one)
  if (new Set(names).size < names.length) refuse(`${name}: each column once`, names)
}

function refuse(expected: string, got: unknown): never {
  throw new StreamError('SAGE_OPTION', `SqlSink: expected ${expected}, got ${describe(got)}`)
}
