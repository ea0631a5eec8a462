import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'
import { SinkFunction } from '../contract/function.ts'
import type { PartFile, WriteLoad } from './part-file.ts'
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
  const [file, folder] = await Promise.all([import('./part-file.ts'), import('./part-folder.ts')])
  return { ...file, ...folder }
}

/** Bytes on their way to the disk from which on `execute` asks for patience. */
const LOAD_LIMIT = 1024 * 1024
/** Files open at a time; the one that was begun first is finished when another is needed. */
const OPEN_FILES = 32

/**
 * Writes records to files: `stream.sink(FileSink, { path: 'out', format: 'json' })`.
 *
 * Each subtask writes files of its own, `part-<subtask>-<epoch>[-n].<ext>`; without checkpoints the
 * epoch is 0. A file is named `.part-…` until all of it is on the disk: at a roll, and at the end
 * of input. What a failed or cancelled job leaves unfinished keeps that name, and goes when the
 * next run opens the folder. Files of one run are never mixed with those of another: a folder that
 * holds `part-*` is refused.
 *
 * Memory is bounded: `execute` returns a promise while more than 1 MiB waits for the disk, and
 * none otherwise. At most 32 files are open per subtask (partitions); opening one more finishes the
 * oldest. Failures of the disk are `SAGE_FILE` with path and cause and end the job.
 */
export class FileSink<T = any> extends SinkFunction<T> {
  /** Rows of a parquet file wait for their group: what arrives must not be a view. */
  static readonly keepsRecords = true
  readonly #options: FileSinkOptions<T>
  readonly #rollBytes: number
  readonly #rollMs: number
  readonly #epoch = 0
  /** By folder, in the order in which they were begun. */
  readonly #files = new Map<string, PartFile>()
  /** How many files each folder has seen. */
  readonly #counts = new Map<string, number>()
  readonly #load: WriteLoad = { bytes: 0 }
  readonly #publishing = new Map<PartFile, Promise<void>>()
  #createWriter: CreateWriter | undefined
  #disk: Disk | undefined
  #failure: Error | undefined

  constructor(options: FileSinkOptions<T>) {
    super()
    checkOptions(options)
    this.#options = options
    this.#rollBytes = options.rollBytes ?? Number.POSITIVE_INFINITY
    this.#rollMs = durationMs(options.rollEvery ?? Number.POSITIVE_INFINITY, 'FileSink rollEvery')
  }

  override async open(): Promise<void> {
    const { path, format } = this.#options
    this.#createWriter = await loadWriter(format)
    this.#disk = await loadDisk()
    await this.#disk.claimFolder(path, this.ctx.subtask, this.ctx.parallelism)
  }

  /** A promise: more than 1 MiB waits for the disk. */
  override execute(record: T): Promise<void> | undefined {
    this.#throwFailure()
    const folder = this.#folderOf(record)
    let file = this.#files.get(folder)
    if (file !== undefined && (this.#isOld(file) || !file.fits(record))) {
      this.#finishFile(folder, file)
      file = undefined
    }
    file ??= this.#beginFile(folder)
    file.add(record)
    if (file.bytes >= this.#rollBytes) this.#finishFile(folder, file)
    return this.#load.bytes > LOAD_LIMIT ? this.#settle() : undefined
  }

  /** The normal end of input: makes every file visible. Called once, before `close`. */
  override async finish(): Promise<void> {
    for (const [folder, file] of this.#files) this.#finishFile(folder, file)
    await this.#settle()
  }

  /** Without `finish` before it, leaves unfinished files hidden. */
  override async close(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.abandon()))
    await Promise.all(this.#publishing.values())
    this.#files.clear()
  }

  #folderOf(record: T): string {
    const { path, partition } = this.#options
    return partition === undefined ? path : this.#disk!.partitionFolder(path, partition(record))
  }

  #isOld(file: PartFile): boolean {
    return this.#rollMs < Infinity && this.ctx.clock.now() - file.since >= this.#rollMs
  }

  #beginFile(folder: string): PartFile {
    const oldest = this.#files.size < OPEN_FILES ? undefined : this.#files.entries().next().value
    if (oldest !== undefined) this.#finishFile(...oldest)
    const count = this.#counts.get(folder) ?? 0
    this.#counts.set(folder, count + 1)
    const number = count === 0 ? '' : `-${count}`
    const extension = extensions[this.#options.format]
    const name = `part-${this.ctx.subtask}-${this.#epoch}${number}.${extension}`
    const file = new this.#disk!.PartFile(
      folder,
      name,
      this.#createWriter!(),
      this.#load,
      this.ctx.clock.now(),
    )
    this.#files.set(folder, file)
    return file
  }

  #finishFile(folder: string, file: PartFile): void {
    this.#files.delete(folder)
    const done = file.publish().then(() => {
      this.#failure ??= file.failure
      this.#publishing.delete(file)
    })
    this.#publishing.set(file, done)
  }

  /** Everything queued is on the disk. */
  async #settle(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.idle()))
    await Promise.all(this.#publishing.values())
    this.#throwFailure()
  }

  #throwFailure(): void {
    for (const file of this.#files.values()) this.#failure ??= file.failure
    if (this.#failure !== undefined) throw this.#failure
  }
}

function checkOptions(options: FileSinkOptions): void {
  if (typeof options !== 'object' || options === null)
    refuse('options with path and format', options)
  const { path, format, partition, rollBytes } = options
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
