import { join, relative } from 'node:path'
import { describe } from '../../codec/errors.ts'
import type { Files } from '../contract/files.ts'
import type { LaterCheckpoint, SinkRecovery } from '../contract/operator.ts'
import { BrokenFileError, brokenFile } from './file-error.ts'
import { isThere, renameToNew, unhide } from './part-file.ts'
import { type FoundPart, findParts, removeParts } from './part-folder.ts'
import { parsePartName, partName } from './part-name.ts'

/** A file that is durable and hidden: `.<name>` in a folder below the sink's. */
export interface PreparedFile {
  /** Relative to the sink's folder, with slashes; empty: that itself. */
  readonly folder: string
  readonly name: string
}

/** What a subtask hands over at a barrier. */
interface Pending {
  readonly files: readonly PreparedFile[]
}

/** A file that has been written to its end, under a name that nobody else knows. */
export interface CompletedFile {
  readonly folder: string
  readonly hiddenName: string
}

/** Which subtask of how many. */
export interface Place {
  readonly subtask: number
  readonly parallelism: number
}

/**
 * The files of one subtask on their way to being visible. Their names say for which epoch they have been prepared:
 *
 * - `.part-<subtask>-open-<n>.<ext>`: being written; worth nothing after a crash
 * - `.part-<subtask>-<epoch>[-n].<ext>`: prepared. After a crash, those of epochs up to the one that the job begins from are
 *   in its checkpoint, and become visible; later ones are in none that counts, and go.
 * - `part-<subtask>-<epoch>[-n].<ext>`: committed, by the first complete checkpoint that is not before that epoch
 *
 * So what is to become of a file can be told from its name alone, by any subtask, while others are at work.
 */
export class PartTransactions {
  readonly #files: Files
  readonly #path: string
  readonly #subtask: number
  readonly #extension: string
  /** Prepared and not committed, by name in the order of epochs. */
  #prepared: (PreparedFile & { readonly epoch: number })[] = []

  constructor(files: Files, path: string, subtask: number, extension: string) {
    this.#files = files
    this.#path = path
    this.#subtask = subtask
    this.#extension = extension
  }

  /** Gives files the names under which any subtask finds them; returns what to commit by, with what is left of earlier epochs. */
  async prepare(epoch: number, files: readonly CompletedFile[]): Promise<Pending | undefined> {
    const counts = new Map<string, number>()
    for (const { folder, hiddenName } of files) {
      const n = counts.get(folder) ?? 0
      counts.set(folder, n + 1)
      const name = partName(this.#subtask, epoch, n, this.#extension)
      await this.#attempt(folder, name, () =>
        renameToNew(this.#files, join(folder, hiddenName), join(folder, `.${name}`)),
      )
      this.#prepared.push({ folder: this.#below(folder), name, epoch })
    }
    const folders = new Set([...counts.keys()].flatMap((folder) => this.#upwards(folder)))
    await this.#sync(folders)
    if (this.#prepared.length === 0) return undefined
    return { files: this.#prepared.map(({ folder, name }) => ({ folder, name })) }
  }

  /** Makes visible what has been prepared up to that epoch. */
  async commit(epoch: number): Promise<void> {
    const files = this.#prepared.filter((file) => file.epoch <= epoch)
    await this.#publish(files)
    this.#prepared = this.#prepared.filter((file) => file.epoch > epoch)
  }

  /**
   * Makes visible what is pending, takes back what later checkpoints have made visible, and removes what is in none. A visible
   * `part-*` that cannot be of a checkpoint of this job is refused, before anything is removed.
   */
  async recover({ epoch, pending, later }: SinkRecovery, place: Place): Promise<void> {
    await this.#publish((pending as Pending[]).flatMap(({ files }) => files))
    const takenBack = new TakenBack(epoch, later)
    const needless: FoundPart[] = []
    for (const found of await findParts(this.#files, this.#path)) {
      const part = parsePartName(found.name)
      if ((part?.subtask ?? 0) % place.parallelism !== place.subtask) continue
      if (part !== undefined && part.epoch <= epoch) continue
      const file = { folder: this.#below(found.folder), name: found.name }
      const known =
        found.name.startsWith('.') || (part !== undefined && takenBack.has(file, part.epoch))
      if (!known) throw this.#foreign(join(found.folder, found.name), epoch)
      needless.push(found)
    }
    await removeParts(this.#files, needless)
  }

  /** What is visible already stays so. */
  async #publish(files: readonly PreparedFile[]): Promise<void> {
    const folders = new Set<string>()
    for (const file of files) {
      const folder = join(this.#path, file.folder)
      folders.add(folder)
      await this.#attempt(folder, file.name, () => this.#unhideOnce(folder, file.name))
    }
    await this.#sync(folders)
  }

  async #unhideOnce(folder: string, name: string): Promise<void> {
    // By an earlier run, which was cut short behind it.
    const isDone = !(await isThere(this.#files, join(folder, `.${name}`)))
    if (isDone && (await isThere(this.#files, join(folder, name)))) return
    await unhide(this.#files, folder, name)
  }

  /** A change of names survives a loss of power once its folder is on the disk. */
  async #sync(folders: Iterable<string>): Promise<void> {
    for (const folder of folders)
      await this.#attempt(folder, '', () => this.#files.syncDirectory(folder))
  }

  #below(folder: string): string {
    return relative(this.#path, folder).replaceAll('\\', '/')
  }

  /** A folder and those that it lies in, up to the sink's: it may be new. */
  #upwards(folder: string): string[] {
    const names = this.#below(folder).split('/')
    return names.map((_, i) => join(this.#path, ...names.slice(0, i + 1))).concat(this.#path)
  }

  #foreign(file: string, epoch: number): BrokenFileError {
    return new BrokenFileError(
      this.#path,
      `expected only part-* files of this job's checkpoints up to ${epoch}, got ${describe(file)}`,
    )
  }

  async #attempt(folder: string, name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (thrown) {
      throw brokenFile(join(folder, name), 'a file that can be made visible', thrown)
    }
  }
}

/** Files that checkpoints have made visible behind which the job has gone back. */
class TakenBack {
  readonly #names = new Set<string>()
  /**
   * Epochs whose checkpoints may have made something visible that is named nowhere, as they cannot be read, or were removed
   * when newer ones were complete: from, to.
   */
  readonly #unknown: [number, number][] = []

  constructor(epoch: number, later: readonly LaterCheckpoint[]) {
    let before = epoch
    for (const { epoch, pending } of later) {
      this.#unknown.push([before + 1, pending === undefined ? epoch : epoch - 1])
      for (const { files } of (pending ?? []) as Pending[])
        for (const file of files) this.#names.add(nameOf(file))
      before = epoch
    }
  }

  has(file: PreparedFile, epoch: number): boolean {
    if (this.#names.has(nameOf(file))) return true
    return this.#unknown.some(([from, to]) => epoch >= from && epoch <= to)
  }
}

function nameOf({ folder, name }: PreparedFile): string {
  return `${folder}/${name}`
}
