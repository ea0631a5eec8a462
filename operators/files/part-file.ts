import { join } from 'node:path'
import { type Files, type OpenFile, writeFully } from '../contract/files.ts'
import { brokenFile } from './file-error.ts'
import type { RecordWriter } from './record-writer.ts'

/** Bytes on their way to the disk, over all files of a sink. */
export interface WriteLoad {
  bytes: number
}

/**
 * One file of a sink, hidden as `.<name>` until somebody renames it. Everything happens in order, in
 * the background; the first failure is kept in `failure`.
 */
export class PartFile {
  readonly folder: string
  readonly #files: Files
  readonly #name: string
  readonly #writer: RecordWriter
  readonly #load: WriteLoad
  #file: OpenFile | undefined
  #work: Promise<void> = Promise.resolve()
  #queued = 0
  #written = 0
  failure: Error | undefined
  /** By the sink's clock. */
  readonly since: number

  constructor(
    files: Files,
    folder: string,
    name: string,
    writer: RecordWriter,
    { load, since }: { load: WriteLoad; since: number },
  ) {
    this.#files = files
    this.folder = folder
    this.#name = name
    this.#writer = writer
    this.#load = load
    this.since = since
  }

  /** About how long the file is, with what is still buffered. */
  get bytes(): number {
    return this.#queued + this.#writer.size
  }

  fits(record: unknown): boolean {
    return this.#writer.fits(record)
  }

  add(record: unknown): void {
    this.#writer.add(record)
    if (this.#writer.size >= this.#writer.takeAt) this.#queue(this.#writer.take())
  }

  /** All queued work is done or has failed. */
  idle(): Promise<void> {
    return this.#work
  }

  /** Its name as long as it is hidden. */
  get hiddenName(): string {
    return `.${this.#name}`
  }

  /** Whether there is a file: none is made before there are bytes for it. */
  get exists(): boolean {
    return this.#queued > 0
  }

  /** Writes the rest and forces it to the disk. No record comes behind it. */
  complete(): Promise<void> {
    this.#queue(this.#writer.end())
    if (this.exists) this.#then(() => this.#file!.sync())
    return this.abandon()
  }

  /** As `complete`; then it has its name, and is visible. */
  publish(): Promise<void> {
    void this.complete()
    if (this.exists) {
      this.#then(async () => {
        await unhide(this.#files, this.folder, this.#name)
        await this.#files.syncDirectory(this.folder)
      })
    }
    return this.#work
  }

  /** Leaves the file as it is, hidden. */
  abandon(): Promise<void> {
    this.#work = this.#work.then(() => this.#attempt(() => this.#close()))
    return this.#work
  }

  #queue(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    if (this.#queued === 0) this.#then(() => this.#create())
    this.#queued += bytes.length
    this.#load.bytes += bytes.length
    this.#then(async () => {
      await writeFully(this.#file!, bytes, this.#written)
      this.#written += bytes.length
    })
    this.#work = this.#work.then(() => {
      this.#load.bytes -= bytes.length
    })
  }

  async #create(): Promise<void> {
    await this.#files.makeDirectory(this.folder)
    this.#file = await this.#files.create(join(this.folder, this.hiddenName))
  }

  /** Queues work; none is done after a failure. `#work` never rejects. */
  #then(work: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.failure === undefined) await this.#attempt(work)
    })
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (thrown) {
      const path = join(this.folder, this.#name)
      this.failure ??= brokenFile(path, 'a writable file', thrown)
    }
  }

  async #close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }
}

/** Gives a hidden file its name: for good once its folder is synced. */
export function unhide(files: Files, folder: string, name: string): Promise<void> {
  return renameToNew(files, join(folder, `.${name}`), join(folder, name))
}

/**
 * Names are given once. One that is there was given by somebody else who writes to this folder, and
 * must not be replaced.
 */
export async function renameToNew(files: Files, from: string, to: string): Promise<void> {
  if (await isThere(files, to)) {
    throw new Error(`a file of that name is there: only one sink of one job may write to a folder`)
  }
  await files.rename(from, to)
}

export async function isThere(files: Files, path: string): Promise<boolean> {
  try {
    await (await files.open(path)).close()
    return true
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === 'ENOENT') return false
    throw thrown
  }
}
