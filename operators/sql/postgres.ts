import type { Client } from 'pg'
import { describe, StreamError } from '../../codec/errors.ts'
import type {
  SqlConnection,
  SqlDatabase,
  SqlRow,
  SqlTransaction,
  SqlValue,
} from './sql-database.ts'

/** How to reach a server: the options of a client of the package `pg`. */
export interface PostgresOptions {
  /** `postgres://user:password@host:port/database` */
  readonly connectionString?: string
  readonly host?: string
  readonly port?: number
  readonly user?: string
  /** Itself, or what gives it whenever a connection is made. */
  readonly password?: string | (() => string | Promise<string>)
  readonly database?: string
  /** As `tls.connect` takes it. */
  readonly ssl?: boolean | object
  readonly [option: string]: unknown
}

/**
 * A PostgreSQL database, by way of the package `pg`, which is to be installed beside this one. Each subtask has a connection
 * of its own. What is not given is taken from the environment (`PGHOST`, `PGUSER`, …), as `pg` does.
 *
 * Texts with a NUL are refused, since PostgreSQL cannot hold them.
 *
 * @param server - its address, or options
 * @throws StreamError `SAGE_OPTION`
 */
export function postgres(server: string | PostgresOptions): SqlDatabase {
  if (!(typeof server === 'string' ? server !== '' : typeof server === 'object' && server)) {
    throw new StreamError(
      'SAGE_OPTION',
      `postgres: expected the address of a server, or options, got ${describe(server)}`,
    )
  }
  const options = typeof server === 'string' ? { connectionString: server } : server
  return {
    bytesType: 'BYTEA',
    maxParameters: 65_535,
    setupLock: 'SELECT pg_advisory_xact_lock(5143727869)',
    placeholder: (index) => `$${index}`,
    toValue,
    remedy: (error) => remedies[(error as { code?: string }).code ?? ''],
    connect: async () => {
      const connection = new PostgresConnection(await loadClient(), options)
      await connection.connect()
      return connection
    },
  }
}

/** By SQLSTATE. */
const remedies: Readonly<Record<string, 'again' | 'by row' | undefined>> = {
  // A serialization failure, a deadlock.
  '40001': 'again',
  '40P01': 'again',
  // Two rows of one INSERT have the same key for the database, though not as values: days of a DATE, say.
  '21000': 'by row',
}

function toValue(value: SqlValue): SqlValue {
  if (typeof value === 'string' && value.includes('\0'))
    throw new Error('expected a text that PostgreSQL can hold, got one with a NUL')
  return value
}

type ClientClass = new (options: PostgresOptions) => Client

async function loadClient(): Promise<ClientClass> {
  try {
    const { default: pg } = await import('pg')
    return pg.Client as unknown as ClientClass
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new StreamError(
      'SAGE_OPTION',
      "postgres: expected the package 'pg' to be installed: npm install pg",
      { cause },
    )
  }
}

class PostgresConnection implements SqlConnection {
  readonly #Client: ClientClass
  readonly #options: PostgresOptions
  /** Undefined: there is none, or it was lost. */
  #client: Client | undefined

  constructor(Client: ClientClass, options: PostgresOptions) {
    this.#Client = Client
    this.#options = options
  }

  async connect(): Promise<Client> {
    const client = new this.#Client(this.#options)
    // Without a listener, the loss of an idle connection would be an uncaught exception.
    const lost = () => {
      if (this.#client === client) this.#client = undefined
    }
    client.on('error', lost)
    client.on('end', lost)
    await client.connect()
    this.#client = client
    return client
  }

  async transaction<R>(work: (transaction: SqlTransaction) => Promise<R>): Promise<R> {
    const client = this.#client ?? (await this.connect())
    const run = async (text: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]> =>
      (await client.query(text, values as SqlValue[])).rows
    await client.query('BEGIN')
    try {
      const result = await work({ run })
      const { command } = await client.query('COMMIT')
      // The server's answer where a statement had failed and somebody has not heard it.
      if (command !== 'COMMIT')
        throw new Error(`expected the transaction to commit, got ${command}`)
      return result
    } catch (error) {
      // A connection that is lost, or broken, takes its transaction with it.
      await client.query('ROLLBACK').catch(() => this.#drop(client))
      throw error
    }
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.end()
  }

  #drop(client: Client): void {
    if (this.#client === client) this.#client = undefined
    void client.end().catch(() => {})
  }
}
