import type {
  SqlConnection,
  SqlDatabase,
  SqlRow,
  SqlTransaction,
  SqlValue,
} from './sql-database.ts'
import { attempting, SqlError } from './sql-error.ts'

/** A row of `sage_staged_rows`. */
export interface StagedRows {
  readonly id: string
  readonly sink: string
  /** The subtask that took the records in. */
  readonly subtask: number
  /** The last checkpoint that this subtask had prepared before. */
  readonly since: number
  readonly rows: Uint8Array
}

/** Makes the tables of all sinks, where they are missing. */
export async function makeTables(connection: SqlConnection, database: SqlDatabase): Promise<void> {
  const look = async (transaction: SqlTransaction): Promise<void> => {
    await transaction.run('SELECT epoch FROM sage_sinks LIMIT 0', [])
    await transaction.run('SELECT since FROM sage_staged_rows LIMIT 0', [])
  }
  // Making them takes rights that whoever only writes to them does not need.
  const found = await connection.transaction(look).then(
    () => true,
    () => false,
  )
  if (found) return
  await attempting(
    'SqlSink: expected to make the tables sage_sinks and sage_staged_rows, got',
    () =>
      connection.transaction(async (transaction) => {
        if (database.setupLock !== undefined) await transaction.run(database.setupLock, [])
        for (const statement of definitions(database)) await transaction.run(statement, [])
      }),
  )
}

function definitions({ bytesType }: SqlDatabase): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS sage_sinks (
      sink TEXT NOT NULL, subtask INTEGER NOT NULL, epoch BIGINT NOT NULL, PRIMARY KEY (sink, subtask))`,
    `CREATE TABLE IF NOT EXISTS sage_staged_rows (
      id TEXT NOT NULL PRIMARY KEY, sink TEXT NOT NULL, subtask INTEGER NOT NULL, since BIGINT NOT NULL,
      "rows" ${bytesType} NOT NULL)`,
  ]
}

/** What sinks keep in their database beside the rows; each call within a transaction. */
export class SinkTables {
  readonly #database: SqlDatabase

  constructor(database: SqlDatabase) {
    this.#database = database
  }

  /** Up to which checkpoint any subtask has written; undefined: none has. */
  async highestEpoch(transaction: SqlTransaction, sink: string): Promise<number | undefined> {
    const [row] = await this.#run(
      transaction,
    )`SELECT MAX(epoch) AS epoch FROM sage_sinks WHERE sink = ${sink}`
    return row?.epoch == null ? undefined : Number(row.epoch)
  }

  /** Up to which checkpoint the rows of a subtask are there; nobody else can change it until the transaction has ended. */
  async lockEpoch(transaction: SqlTransaction, sink: string, subtask: number): Promise<number> {
    const [row] = await this.#run(
      transaction,
    )`INSERT INTO sage_sinks (sink, subtask, epoch) VALUES (${sink}, ${subtask}, 0)
      ON CONFLICT (sink, subtask) DO UPDATE SET epoch = sage_sinks.epoch RETURNING epoch`
    return Number(row.epoch)
  }

  async setEpoch(
    transaction: SqlTransaction,
    sink: string,
    subtask: number,
    epoch: number,
  ): Promise<void> {
    await this.#run(
      transaction,
    )`UPDATE sage_sinks SET epoch = ${epoch} WHERE sink = ${sink} AND subtask = ${subtask}`
  }

  async stage(
    transaction: SqlTransaction,
    { id, sink, subtask, since, rows }: StagedRows,
  ): Promise<void> {
    await this.#run(transaction)`INSERT INTO sage_staged_rows (id, sink, subtask, since, "rows")
      VALUES (${id}, ${sink}, ${subtask}, ${since}, ${rows})`
  }

  async readStaged(transaction: SqlTransaction, id: string): Promise<Uint8Array> {
    const [row] = await this.#run(transaction)`SELECT "rows" FROM sage_staged_rows WHERE id = ${id}`
    if (row !== undefined) return row.rows as Uint8Array
    throw new SqlError(`SqlSink: expected rows in sage_staged_rows with id '${id}', got none`)
  }

  /** What a subtask had staged behind an earlier checkpoint. */
  async dropStagedBefore(
    transaction: SqlTransaction,
    sink: string,
    subtask: number,
    epoch: number,
  ): Promise<void> {
    await this.#run(transaction)`DELETE FROM sage_staged_rows
      WHERE sink = ${sink} AND subtask = ${subtask} AND since < ${epoch}`
  }

  /** What subtasks had staged behind that checkpoint or a later one: those that fall to this place. */
  async dropStagedSince(
    transaction: SqlTransaction,
    place: { readonly sink: string; readonly subtask: number; readonly parallelism: number },
    epoch: number,
  ): Promise<void> {
    const { sink, subtask, parallelism } = place
    await this.#run(transaction)`DELETE FROM sage_staged_rows
      WHERE sink = ${sink} AND subtask % ${parallelism} = ${subtask} AND since >= ${epoch}`
  }

  /** A statement with parameters where its text has values. */
  #run(transaction: SqlTransaction) {
    return (
      texts: TemplateStringsArray,
      ...values: readonly SqlValue[]
    ): Promise<readonly SqlRow[]> => {
      const text = texts.reduce((all, next, i) => all + this.#database.placeholder(i) + next)
      return transaction.run(text, values)
    }
  }
}
