import type { RowBatch } from './row-buffer.ts'
import type { SqlTransaction, SqlValue } from './sql-database.ts'
import type { SqlSinkOptions, SqlTableOptions } from './sql-options.ts'

/** One INSERT takes at most so many rows: more make it no faster. */
const ROWS_PER_STATEMENT = 500

/** Writes rows in their order; `byRow`: each in a statement of its own. */
export type RowWriter = (
  transaction: SqlTransaction,
  batch: RowBatch,
  byRow: boolean,
) => Promise<void>

/** How a sink of these options writes its rows. */
export function rowWriter(options: SqlSinkOptions): RowWriter {
  const { statement } = options
  if (statement === undefined) return insertWriter(options)
  return async (transaction, { rows }) => {
    for (const values of rows) await transaction.run(statement, values)
  }
}

function insertWriter(options: SqlTableOptions): RowWriter {
  const { database } = options
  return async (transaction, { columns, rows }, byRow) => {
    const most = Math.floor(database.maxParameters / columns.length)
    const size = byRow ? 1 : Math.max(1, Math.min(ROWS_PER_STATEMENT, most))
    let text = ''
    for (let from = 0; from < rows.length; from += size) {
      const some = rows.slice(from, from + size)
      if (from === 0 || some.length < size) text = insertText(options, columns, some.length)
      const values: SqlValue[] = []
      for (const row of some) for (const value of row) values.push(value)
      await transaction.run(text, values)
    }
  }
}

/** An INSERT of so many rows; names are quoted, values are parameters. */
export function insertText(
  { database, table, schema, key }: SqlTableOptions,
  columns: readonly string[],
  rows: number,
): string {
  const target = schema === undefined ? quoted(table) : `${quoted(schema)}.${quoted(table)}`
  let index = 0
  const tuples = Array.from(
    { length: rows },
    () => `(${columns.map(() => database.placeholder(++index)).join(', ')})`,
  )
  const names = columns.map(quoted).join(', ')
  const insert = `INSERT INTO ${target} (${names}) VALUES ${tuples.join(', ')}`
  return key === undefined ? insert : `${insert} ${onConflict(key, columns)}`
}

function onConflict(key: readonly string[], columns: readonly string[]): string {
  const others = columns.filter((name) => !key.includes(name)).map(quoted)
  const sets = others.map((name) => `${name} = excluded.${name}`)
  const action = sets.length === 0 ? 'NOTHING' : `UPDATE SET ${sets.join(', ')}`
  return `ON CONFLICT (${key.map(quoted).join(', ')}) DO ${action}`
}

/** A name as it is, whatever stands in it; the database's parameters are for values only. */
function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
