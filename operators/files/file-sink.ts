import { resolve } from 'node:path'
import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'
import type { Files } from '../contract/files.ts'
import type { SinkRecovery } from '../contract/operator.ts'
import { TwoPhaseSink } from '../contract/two-phase-sink.ts'
import type { PartFile, WriteLoad } from './part-file.ts'
import { partName } from './part-name.ts'
import type { PartTransactions } from './part-transactions.ts'
import { type CreateWriter, extensions, type FileSinkFormat, loadWriter } from './sink-formats.ts'

/** What {@link FileSink} may be told. */
export interface FileSinkOptions<T = any> {
  /** The folder; it is made when missing. */
  readonly path: string
  readonly format: FileSinkFormat
  /** Puts a record's file into a subfolder of this name; slashes nest. */
  readonly partition?: (record: T) => string
  /** A file of about this size is finished and another begun. */
  readonly rollBytes?: number
  /** A file of this age is finished; looked at when a record for it comes. */
  readonly rollEvery?: Duration
}

type Disk = Awaited<ReturnType<typeof loadDisk>>

/** Every thread of every job loads this file; only those that write files load what writes them. */
async function loadDisk() {
  const [node, file, folder, transactions] = await Promise.all([
    import('../contract/node-files.ts'),
    import('./part-file.ts'),
    import('./part-folder.ts'),
    import('./part-transactions.ts'),
  ])
  return { ...node, ...file, ...folder, ...transactions }
}

/** Bytes on their way to the disk from which on `execute` asks for patience. */
const LOAD_LIMIT = 1024 * 1024
/** Files open at a time; the one that was begun first is finished when another is needed. */
const OPEN_FILES = 32

/**
 * Writes records to files: `stream.sink(FileSink, { path: 'out', format: 'json' })`.
 *
 * Each subtask writes files of its own, `part-<subtask>-<epoch>[-n].<ext>`. A file's name begins with
 * a dot until all of it is on the disk and it becomes visible.
 *
 * Without checkpoints the epoch is 0, and files become visible at a roll and at the end of input. What
 * a failed or cancelled job leaves unfinished stays hidden, and goes when the next run opens the
 * folder. Files of one run are never mixed with those of another: a folder that holds `part-*` is
 * refused.
 *
 * With checkpoints, files end at each one and become visible when it is complete: what is visible is
 * exactly what complete checkpoints hold, each record once. A job that goes on from a checkpoint
 * finds its folder as that left it: what the checkpoint holds becomes visible if it was not yet, what
 * later ones had made visible is taken back, what was in none is removed. Of the files with later
 * epochs only those go that belong to checkpoints of this job, or whose epoch is of one that is not
 * kept any more: any other `part-*` is refused. A
 * savepoint makes visible what it holds when the job is stopped with it; else that becomes so by the
 * next checkpoint, or by the job that begins from it.
 *
 * Memory is bounded: `execute` returns a promise while more than 1 MiB waits for the disk, and
 * none otherwise. At most 32 files are open per subtask (partitions); opening one more finishes the
 * oldest. Failures of the disk are `SAGE_FILE` with path and cause and end the job.
 */
export class FileSink<T = any> extends TwoPhaseSink<T> {
  static override readonly visibility = 'recallable'
  static override claimOf(options: FileSinkOptions): string | undefined {
    return typeof options?.path === 'string' ? `folder '${resolve(options.path)}'` : undefined
  }
  /** Rows of a parquet file wait for their group: what arrives must not be a view. */
  static readonly keepsRecords = true
  readonly #options: FileSinkOptions<T>
  readonly #rollBytes: number
  readonly #rollMs: number
  /** By folder, in the order in which they were begun. */
  readonly #open = new Map<string, PartFile>()
  /** How many files each folder has seen. */
  readonly #counts = new Map<string, number>()
  /** Files that wait for the next barrier. */
  readonly #completed: PartFile[] = []
  readonly #load: WriteLoad = { bytes: 0 }
  readonly #ending = new Map<PartFile, Promise<void>>()
  #createWriter: CreateWriter | undefined
  #disk: Disk | undefined
  #files: Files | undefined
  #transactions: PartTransactions | undefined
  #recovered = false
  #failure: Error | undefined

  /** @param files - in the place of the files of this machine: for tests */
  constructor(options: FileSinkOptions<T>, files?: Files) {
    super()
    checkOptions(options)
    this.#options = options
    this.#files = files
    this.#rollBytes = options.rollBytes ?? Number.POSITIVE_INFINITY
    this.#rollMs = durationMs(options.rollEvery ?? Number.POSITIVE_INFINITY, 'FileSink rollEvery')
  }

  /** Before `open`, which then finds the folder as it should be. */
  async recover(recovery: SinkRecovery): Promise<void> {
    await this.#prepareToWrite()
    await this.#transactions!.recover(recovery, this.ctx)
    this.#recovered = true
  }

  override async open(): Promise<void> {
    await this.#prepareToWrite()
    const { subtask, parallelism } = this.ctx
    if (!this.#recovered) {
      await this.#disk!.claimFolder(this.#files!, this.#options.path, subtask, parallelism)
    }
  }

  /** A promise: more than 1 MiB waits for the disk. */
  override execute(record: T): Promise<void> | undefined {
    this.#throwFailure()
    const folder = this.#folderOf(record)
    let file = this.#open.get(folder)
    if (file !== undefined && (this.#isOld(file) || !file.fits(record))) {
      this.#finishFile(folder, file)
      file = undefined
    }
    file ??= this.#beginFile(folder)
    file.add(record)
    if (file.bytes >= this.#rollBytes) this.#finishFile(folder, file)
    return this.#load.bytes > LOAD_LIMIT ? this.#settle() : undefined
  }

  /** Ends all files; they are hidden, and on the disk. */
  async prepare(epoch: number): Promise<unknown> {
    this.#finishAll()
    await this.#settle()
    const files = this.#completed.splice(0).filter(({ exists }) => exists)
    return this.#transactions!.prepare(epoch, files)
  }

  /** Files of this checkpoint lose the dot of their names. */
  commit(epoch: number): Promise<void> {
    return this.#transactions!.commit(epoch)
  }

  /**
   * The normal end of input, once, before `close`: without checkpoints, makes every file visible. With them, the last one
   * has done that.
   */
  override async finish(): Promise<void> {
    this.#finishAll()
    await this.#settle()
  }

  /** Leaves hidden what is not visible yet. */
  override async close(): Promise<void> {
    await Promise.all([...this.#open.values()].map((file) => file.abandon()))
    await Promise.all(this.#ending.values())
    this.#open.clear()
  }

  async #prepareToWrite(): Promise<void> {
    const { path, format } = this.#options
    this.#createWriter ??= await loadWriter(format)
    if (this.#disk !== undefined) return
    this.#disk = await loadDisk()
    const { PartTransactions, makeFolder, nodeFiles } = this.#disk
    this.#files ??= nodeFiles
    await makeFolder(this.#files, path)
    this.#transactions = new PartTransactions(
      this.#files,
      path,
      this.ctx.subtask,
      extensions[format],
    )
  }

  #folderOf(record: T): string {
    const { path, partition } = this.#options
    return partition === undefined ? path : this.#disk!.partitionFolder(path, partition(record))
  }

  #isOld(file: PartFile): boolean {
    return this.#rollMs < Infinity && this.ctx.clock.now() - file.since >= this.#rollMs
  }

  #beginFile(folder: string): PartFile {
    const oldest = this.#open.size < OPEN_FILES ? undefined : this.#open.entries().next().value
    if (oldest !== undefined) this.#finishFile(...oldest)
    const name = this.#nameIn(folder)
    const begun = { load: this.#load, since: this.ctx.clock.now() }
    const writer = this.#createWriter!()
    const file = new this.#disk!.PartFile(this.#files!, folder, name, writer, begun)
    this.#open.set(folder, file)
    return file
  }

  /** With checkpoints, a file gets its name at the barrier, which says for which epoch it is. */
  #nameIn(folder: string): string {
    const count = this.#counts.get(folder) ?? 0
    this.#counts.set(folder, count + 1)
    const { subtask } = this.ctx
    const extension = extensions[this.#options.format]
    if (this.checkpointed) return `part-${subtask}-open-${count}.${extension}`
    return partName(subtask, 0, count, extension)
  }

  #finishAll(): void {
    for (const [folder, file] of this.#open) this.#finishFile(folder, file)
  }

  #finishFile(folder: string, file: PartFile): void {
    this.#open.delete(folder)
    if (this.checkpointed) this.#completed.push(file)
    const done = (this.checkpointed ? file.complete() : file.publish()).then(() => {
      this.#failure ??= file.failure
      this.#ending.delete(file)
    })
    this.#ending.set(file, done)
  }

  /** Everything queued is on the disk. */
  async #settle(): Promise<void> {
    await Promise.all([...this.#open.values()].map((file) => file.idle()))
    await Promise.all(this.#ending.values())
    this.#throwFailure()
  }

  #throwFailure(): void {
    for (const file of this.#open.values()) this.#failure ??= file.failure
    if (this.#failure !== undefined) throw this.#failure
  }
}

const known = ['path', 'format', 'partition', 'rollBytes', 'rollEvery']

function checkOptions(options: FileSinkOptions): void {
  if (typeof options !== 'object' || options === null)
    refuse('options with path and format', options)
  const { path, format, partition, rollBytes } = options
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) refuse(`options ${known.join(', ')}`, unknown)
  if (typeof path !== 'string' || path === '') refuse('path: the name of a folder', path)
  if (!Object.hasOwn(extensions, format)) {
    refuse(`format: ${Object.keys(extensions).join(', ')}`, format)
  }
  if (partition !== undefined && typeof partition !== 'function') {
    refuse('partition: a function from a record to a name', partition)
  }
  if (rollBytes !== undefined && !(typeof rollBytes === 'number' && rollBytes > 0)) {
    refuse('rollBytes: a number of bytes above 0', rollBytes)
  }
}

function refuse(expected: string, got: unknown): never {
  throw new StreamError('SAGE_OPTION', `FileSink: expected ${expected}, got ${describe(got)}`)
}
