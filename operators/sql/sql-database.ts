/** What a parameter of a statement may be. */
export type SqlValue = string | number | bigint | boolean | null | Uint8Array

/** A row that a statement gives, by column. */
export type SqlRow = Readonly<Record<string, unknown>>

/** Statements that count together, or not at all. */
export interface SqlTransaction {
  /** Runs one statement with values in the places of its placeholders; what rows it gives. */
  run(text: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]>
}

/** One connection, used by one subtask. Transactions are asked for one after the other. */
export interface SqlConnection {
  /**
   * Runs `work` in a transaction that is committed, durably, when its promise resolves, and of which nothing is left
   * when it rejects. A connection that was lost while it was idle is made anew.
   */
  transaction<R>(work: (transaction: SqlTransaction) => Promise<R>): Promise<R>
  /** No transaction is under way, and none follows. */
  close(): Promise<void>
}

/**
 * A database that {@link SqlSink} writes to: `postgres(…)`, `sqlite(…)`, or one of your own. It must know `INSERT … ON
 * CONFLICT … DO UPDATE … RETURNING` and names in double quotes. Made once per thread; `connect` is called once per subtask.
 */
export interface SqlDatabase {
  /** The type of a column of bytes: `BYTEA`, `BLOB`. */
  readonly bytesType: string
  /** The most parameters of one statement. */
  readonly maxParameters: number
  /** Taken in the transaction that makes the sink's own tables, where several connections that do so at once get in each other's way. */
  readonly setupLock?: string
  /** The placeholder of a statement's parameter, counted from 1: `$1`, or `?` for all. */
  placeholder(index: number): string
  /**
   * A value as the database can hold it. What it cannot hold is found here, where it is the failure of one record, and not
   * when the rows of a checkpoint are written.
   *
   * @throws Error that says what was expected
   */
  toValue(value: SqlValue): SqlValue
  /**
   * What helps where a transaction has failed and left nothing behind: to repeat it (`again`), or to do so with a statement for
   * each row (`by row`), because the rows of one got in each other's way. Undefined: nothing.
   */
  remedy?(error: unknown): 'again' | 'by row' | undefined
  /** @throws Error where there is no way to the database */
  connect(): Promise<SqlConnection>
}
