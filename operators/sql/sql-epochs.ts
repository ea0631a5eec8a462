import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { deserialize, serialize } from 'node:v8'
import { StreamError } from '../../codec/errors.ts'
import type { SinkRecovery } from '../contract/operator.ts'
import type { RowBatch, RowBuffer } from './row-buffer.ts'
import type { RowWriter } from './row-statements.ts'
import { makeTables, SinkTables } from './sink-tables.ts'
import type { SqlConnection, SqlDatabase, SqlTransaction } from './sql-database.ts'
import { attempting, SqlError } from './sql-error.ts'

/** How often a transaction is begun at most, before its failure is that of the sink: within some seconds. */
const ATTEMPTS = 10

/** Rows that wait in `sage_staged_rows`. */
interface Staged {
  readonly staged: string
}

/** What has been prepared for one checkpoint, in the order of the records. */
interface Share {
  readonly epoch: number
  readonly items: readonly (RowBatch | Staged)[]
  /** About how much memory it takes. */
  readonly bytes: number
}

/** What a subtask hands over at a barrier: all that it has not committed yet, and who it was when it took it in. */
interface Pending {
  readonly sink: string
  readonly subtask: number
  readonly shares: readonly Share[]
}

/** Who writes: the sink as the database knows it, and which subtask of how many. */
export interface SqlPlace {
  readonly sink: string
  readonly subtask: number
  readonly parallelism: number
}

/**
 * The rows of one subtask on their way into the database.
 *
 * Rows of a checkpoint are written when that is complete, in one transaction with the number of the checkpoint: in
 * `sage_sinks` stands, per sink and subtask, up to which checkpoint the rows are there. Whoever repeats a commit after a crash
 * reads that number first, under a lock that the same transaction takes, and leaves out what is not beyond it. So rows are
 * written once wherever the crash falls, by whichever subtask repeats it: the number belongs to the subtask that took the
 * records in, not to the one that writes.
 *
 * Until then the rows lie in the checkpoint itself: they are there exactly if it is, wander with it to any parallelism, and a
 * barrier waits for no database. Of more rows than fit in memory, chunks wait in `sage_staged_rows`, each under a name that
 * the checkpoint holds in its place. A chunk says behind which checkpoint it was written (`since`): those since an earlier one
 * than that which a commit or a recovery is about belong to it or to those before, and go once they are committed; those since
 * that one or a later are in no checkpoint that counts, and go with the recovery.
 */
export class SqlEpochs {
  readonly #place: SqlPlace
  readonly #database: SqlDatabase
  readonly #write: RowWriter
  readonly #tables: SinkTables
  readonly #holdBytes: number
  #connection: SqlConnection | undefined
  /** Whether rows of one statement have been in each other's way. */
  #byRow = false
  /** Transactions on the connection, one after the other. */
  #turns: Promise<unknown> = Promise.resolve()
  /** Of records that no barrier has followed. */
  #open: (RowBatch | Staged)[] = []
  #shares: Share[] = []
  /** The last checkpoint that was prepared. */
  #since = 0
  /** The last checkpoint that is known to be complete. */
  #complete = 0

  constructor(place: SqlPlace, database: SqlDatabase, write: RowWriter, holdBytes: number) {
    this.#place = place
    this.#database = database
    this.#write = write
    this.#holdBytes = holdBytes
    this.#tables = new SinkTables(database)
  }

  /** Connects; under checkpoints, `tables` of the sink are made where they are missing. */
  async connect(tables: boolean): Promise<void> {
    if (this.#connection !== undefined) return
    this.#connection = await attempting('SqlSink: expected a connection, got', () =>
      this.#database.connect(),
    )
    if (tables) await makeTables(this.#connection, this.#database)
  }

  /**
   * The job begins without a checkpoint that knows the sink: nothing of a sink of this name may be there.
   *
   * @throws StreamError `SAGE_SQL`
   */
  async begin(): Promise<void> {
    const { sink } = this.#place
    await this.#transaction('open', async (transaction) => {
      const epoch = await this.#tables.highestEpoch(transaction, sink)
      if (epoch !== undefined) throw usedBefore(sink, epoch)
      await this.#tables.dropStagedSince(transaction, this.#place, 0)
    })
  }

  /** Writes rows at once, in one transaction: without checkpoints. */
  async insert(batches: readonly RowBatch[]): Promise<void> {
    await this.#transaction('insert rows', async (transaction) => {
      for (const batch of batches) await this.#write(transaction, batch, this.#byRow)
    })
  }

  /** Rows for the next checkpoint that are too many to be held. */
  async stage(batches: readonly RowBatch[]): Promise<void> {
    const { sink, subtask } = this.#place
    const staged = randomUUID()
    this.#open.push({ staged })
    const chunk = { id: staged, sink, subtask, since: this.#since, rows: serialize(batches) }
    await this.#transaction('stage rows', (transaction) => this.#tables.stage(transaction, chunk))
  }

  /** Behind what has been staged, which is durable by now, the rest of the rows for this checkpoint. */
  async prepare(epoch: number, rest: RowBuffer): Promise<Pending | undefined> {
    const { bytes } = rest
    const held = this.#shares.reduce((sum, share) => sum + share.bytes, bytes)
    const batches = rest.take()
    // Of checkpoints that are given up one after the other, not everything stays in memory either.
    const isTooMuch = held > this.#holdBytes
    if (!isTooMuch) this.#open.push(...batches)
    else if (batches.length > 0) await this.stage(batches)
    if (this.#open.length > 0)
      this.#shares.push({ epoch, items: this.#open, bytes: isTooMuch ? 0 : bytes })
    this.#open = []
    this.#since = epoch
    if (this.#shares.length === 0) return undefined
    const { sink, subtask } = this.#place
    return { sink, subtask, shares: [...this.#shares] }
  }

  /** Writes what has been prepared up to that checkpoint. */
  async commit(epoch: number): Promise<void> {
    const shares = this.#shares.filter((share) => share.epoch <= epoch)
    if (shares.length > 0) {
      await this.#apply({ ...this.#place, shares }, epoch, (committed) => {
        if (committed > this.#complete) throw writtenByOthers(this.#place.sink, committed)
      })
    }
    this.#shares = this.#shares.filter((share) => share.epoch > epoch)
    this.#complete = epoch
  }

  /** Writes what is pending and not written yet; what is in no checkpoint goes. */
  async recover({ epoch, pending }: SinkRecovery): Promise<void> {
    const { sink } = this.#place
    this.#complete = epoch
    this.#since = epoch
    await this.#transaction('recover', async (transaction) => {
      const highest = (await this.#tables.highestEpoch(transaction, sink)) ?? 0
      if (highest > epoch) throw aheadOf(sink, epoch, highest)
    })
    const bySubtask = (pending as readonly Pending[]).toSorted((a, b) => a.subtask - b.subtask)
    for (const one of bySubtask) {
      await this.#apply(one, epoch, (committed) => {
        if (committed > epoch) throw aheadOf(one.sink, epoch, committed)
      })
    }
    await this.#transaction('recover', (transaction) =>
      this.#tables.dropStagedSince(transaction, this.#place, epoch),
    )
  }

  async close(): Promise<void> {
    await this.#turns
    await this.#connection?.close()
  }

  /** @param check - looks at the checkpoint up to which the rows are there */
  async #apply(
    { sink, subtask, shares }: Pending,
    epoch: number,
    check: (committed: number) => void,
  ): Promise<void> {
    await this.#transaction(`commit checkpoint ${epoch}`, async (transaction) => {
      const committed = await this.#tables.lockEpoch(transaction, sink, subtask)
      check(committed)
      for (const share of shares) {
        if (share.epoch <= committed) continue
        for (const item of share.items) await this.#writeItem(transaction, item)
      }
      await this.#tables.setEpoch(transaction, sink, subtask, Math.max(committed, epoch))
      await this.#tables.dropStagedBefore(transaction, sink, subtask, epoch)
    })
  }

  async #writeItem(transaction: SqlTransaction, item: RowBatch | Staged): Promise<void> {
    if (!('staged' in item)) return this.#write(transaction, item, this.#byRow)
    const rows = await this.#tables.readStaged(transaction, item.staged)
    for (const batch of deserialize(rows) as RowBatch[])
      await this.#write(transaction, batch, this.#byRow)
  }

  #transaction<R>(what: string, work: (transaction: SqlTransaction) => Promise<R>): Promise<R> {
    const { sink } = this.#place
    const turn = this.#turns.then(() =>
      attempting(`SqlSink '${sink}': expected to ${what}, got`, () => this.#repeated(work)),
    )
    this.#turns = turn.catch(() => {})
    return turn
  }

  /** Repeats a transaction where that may help: others that write to the same rows come to an end. */
  async #repeated<R>(work: (transaction: SqlTransaction) => Promise<R>): Promise<R> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#connection!.transaction(work)
      } catch (error) {
        const remedy = this.#database.remedy?.(error)
        const isHopeless = remedy === undefined || (remedy === 'by row' && this.#byRow)
        if (isHopeless || attempt === ATTEMPTS) throw error
        if (remedy === 'by row') this.#byRow = true
        // Of two that are in each other's way, one comes first.
        else await setTimeout(Math.random() * 5 * 2 ** attempt)
      }
    }
  }
}

function usedBefore(sink: string, epoch: number): SqlError {
  return new SqlError(
    `SqlSink '${sink}': expected a sink that has written nothing yet, because the job begins without a checkpoint of it, got ` +
      `rows up to checkpoint ${epoch}. Begin from that checkpoint; or give the sink another id; or remove its rows from sage_sinks, ` +
      'and from the table whatever would be there twice',
  )
}

function writtenByOthers(sink: string, epoch: number): SqlError {
  return new SqlError(
    `SqlSink '${sink}': expected to be the only one that writes under this id, got rows of a checkpoint ${epoch} that is not of this run`,
  )
}

function aheadOf(sink: string, epoch: number, got: number): StreamError {
  return new StreamError(
    'SAGE_CHECKPOINT_CORRUPT',
    `SqlSink '${sink}': expected the database to hold rows up to checkpoint ${epoch}, from which the job begins, got rows up to ` +
      `checkpoint ${got}, which cannot be taken back`,
  )
}
