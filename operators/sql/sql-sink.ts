import type { SinkRecovery } from '../contract/operator.ts'
import { TwoPhaseSink } from '../contract/two-phase-sink.ts'
import { type Row, rowMaker } from './record-rows.ts'
import { RowBuffer } from './row-buffer.ts'
import { rowWriter } from './row-statements.ts'
import { SqlEpochs } from './sql-epochs.ts'
import { checkSqlOptions, type SqlSinkOptions } from './sql-options.ts'

const HOLD_BYTES = 4 * 1024 * 1024
/** Without checkpoints, rows are written while others come; with so many bytes waiting, none come. */
const LOAD_BYTES = 256 * 1024

/**
 * Writes records to a database, each exactly once: `stream.sink(SqlSink, { database: sqlite('counts.db'), table: 'counts' })`.
 *
 * With checkpoints, the rows of one come with its number in one transaction per subtask, when it is complete: the table
 * holds exactly what complete checkpoints hold, whatever crashes when. What a subtask has written up to which checkpoint
 * stands in a table `sage_sinks` of the database, which is made when it is missing, as is `sage_staged_rows` for what is too
 * much to be held in memory. What is written cannot be taken back: a job never goes back behind a checkpoint that is
 * complete (`SAGE_CHECKPOINT_CORRUPT`), and a sink whose id has been used before does not begin anew (`SAGE_SQL`).
 *
 * Without checkpoints, rows are written soon, in transactions of what was at hand; a job that fails has written
 * some of its records, and run again writes them again (with `key`: over themselves).
 *
 * Fields become columns of their names, always as parameters; `undefined` is left out, a `Date` is its ISO text, arrays and
 * objects are their JSON text. A value that no column can hold is a `SAGE_SCHEMA_MISMATCH` of its record. What the database
 * refuses (a constraint, a missing table, a lost connection) is `SAGE_SQL` and ends the job, whose next run repeats the
 * transaction: `errors` cannot leave out a row of a checkpoint that is complete.
 */
export class SqlSink<T = any> extends TwoPhaseSink<T> {
  static override readonly visibility = 'final'
  readonly #options: SqlSinkOptions<T>
  readonly #rowOf: (record: T) => Row
  readonly #rows: RowBuffer
  readonly #holdBytes: number
  #epochs: SqlEpochs | undefined
  #recovered = false
  /** Without checkpoints: what is being written. */
  #writing: Promise<void> | undefined
  #failure: unknown

  constructor(options: SqlSinkOptions<T>) {
    super()
    checkSqlOptions(options)
    this.#options = options
    this.#rowOf = rowMaker(options)
    this.#rows = new RowBuffer(options.key)
    this.#holdBytes = options.holdBytes ?? HOLD_BYTES
  }

  /** Before `open`. */
  async recover(recovery: SinkRecovery): Promise<void> {
    const epochs = await this.#connected()
    await epochs.recover(recovery)
    this.#recovered = true
  }

  override async open(): Promise<void> {
    const epochs = await this.#connected()
    if (this.checkpointed && !this.#recovered) await epochs.begin()
  }

  /** A promise: rows are on their way to the database, and no more should come meanwhile. */
  override execute(record: T): Promise<void> | undefined {
    if (this.#failure !== undefined) throw this.#failure
    this.#rows.add(this.#rowOf(record))
    const { bytes } = this.#rows
    if (this.checkpointed) {
      return bytes > this.#holdBytes ? this.#epochs!.stage(this.#rows.take()) : undefined
    }
    this.#writing ??= this.#writeAll()
    return bytes > LOAD_BYTES ? this.#settled() : undefined
  }

  /** The rows go into the checkpoint. */
  prepare(epoch: number): Promise<unknown> {
    return this.#epochs!.prepare(epoch, this.#rows)
  }

  /** One transaction: the rows of this checkpoint, and its number. */
  commit(epoch: number): Promise<void> {
    return this.#epochs!.commit(epoch)
  }

  /** The normal end of input. With checkpoints, the last one has written all. */
  override finish(): Promise<void> {
    return this.#settled()
  }

  override async close(): Promise<void> {
    await this.#writing
    await this.#epochs?.close()
  }

  async #connected(): Promise<SqlEpochs> {
    const { database, id, holdBytes = HOLD_BYTES } = this.#options
    const { jobName, subtask, parallelism } = this.ctx
    const place = { sink: id ?? `${jobName}/${this.sinkId}`, subtask, parallelism }
    this.#epochs ??= new SqlEpochs(place, database, rowWriter(this.#options), holdBytes)
    await this.#epochs.connect(this.checkpointed)
    return this.#epochs
  }

  /** Never rejects: what fails is thrown where somebody hears it. */
  async #writeAll(): Promise<void> {
    try {
      // All that is at hand comes first.
      await Promise.resolve()
      while (!this.#rows.empty) await this.#epochs!.insert(this.#rows.take())
    } catch (error) {
      this.#failure = error
    }
    this.#writing = undefined
  }

  async #settled(): Promise<void> {
    await this.#writing
    if (this.#failure !== undefined) throw this.#failure
  }
}
