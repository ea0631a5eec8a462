import type { DatabaseSync } from 'node:sqlite'
import { describe, StreamError } from '../../codec/errors.ts'
import type {
  SqlConnection,
  SqlDatabase,
  SqlRow,
  SqlTransaction,
  SqlValue,
} from './sql-database.ts'

/** How long a transaction waits for those of other threads and processes. */
const BUSY_MS = 30_000

/**
 * A file of SQLite, by way of Node's own `node:sqlite` (which is loaded when a job runs, and may then warn that it is
 * experimental). SQLite has one writer at a time: subtasks wait for each other, and a transaction blocks its thread.
 *
 * Booleans are 0 and 1. `NaN`, and integers beyond 64 bits, it cannot hold.
 *
 * @param path - of the file, which is made when it is missing
 * @throws StreamError `SAGE_OPTION`
 */
export function sqlite(path: string): SqlDatabase {
  if (typeof path !== 'string' || path === '' || path === ':memory:') {
    throw new StreamError(
      'SAGE_OPTION',
      `sqlite: expected the path of a file, which all subtasks can open, got ${describe(path)}`,
    )
  }
  return {
    bytesType: 'BLOB',
    maxParameters: 32_766,
    placeholder: () => '?',
    toValue,
    connect: async () => {
      const { DatabaseSync } = await import('node:sqlite')
      return new SqliteConnection(new DatabaseSync(path, { timeout: BUSY_MS }), path)
    },
  }
}

function toValue(value: SqlValue): SqlValue {
  if (typeof value === 'boolean') return value ? 1 : 0
  // It takes a number for a real one: a column of text would hold '5.0'.
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return BigInt(value as number)
  if (Number.isNaN(value)) throw new Error('expected a number that SQLite can hold, got NaN')
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) !== value)
    throw new Error(`expected an integer of 64 bits, got ${value}n`)
  return value
}

/**
 * By path: the transactions of this thread, one after the other. SQLite would have one of them block the thread, and with it
 * the one that it waits for.
 */
const turns = new Map<string, Promise<unknown>>()

class SqliteConnection implements SqlConnection, SqlTransaction {
  readonly #database: DatabaseSync
  readonly #path: string

  constructor(database: DatabaseSync, path: string) {
    this.#database = database
    this.#path = path
  }

  transaction<R>(work: (transaction: SqlTransaction) => Promise<R>): Promise<R> {
    const turn = (turns.get(this.#path) ?? Promise.resolve()).then(() => this.#transaction(work))
    turns.set(
      this.#path,
      turn.catch(() => {}),
    )
    return turn
  }

  async run(text: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    return this.#database.prepare(text).all(...(values as (string | number | bigint)[])) as SqlRow[]
  }

  async close(): Promise<void> {
    this.#database.close()
  }

  async #transaction<R>(work: (transaction: SqlTransaction) => Promise<R>): Promise<R> {
    // The lock at once: one that is taken later fails where another has written meanwhile.
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = await work(this)
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }
}
