import { dirname } from 'node:path'
import type { Files } from '../../operators/contract/files.ts'
import { nodeFiles } from '../../operators/contract/node-files.ts'
import { DirectoryReader, verifyPart } from './checkpoint-reader.ts'
import { readDescription, writeDescription } from './container.ts'
import type {
  CheckpointReader,
  CheckpointSite,
  CheckpointStore,
  CompletedCheckpoint,
  FoundCheckpoint,
  PartWriter,
  SiteDescription,
  StoreLock,
} from './contract.ts'
import {
  epochName,
  KIND_LEFT,
  KIND_MANIFEST,
  leftName,
  manifestName,
  type PartId,
  parseName,
  revokedName,
  type StoredName,
  UNFINISHED,
} from './layout.ts'
import { type DirectoryLock, type LockMeans, takeLock } from './lock.ts'
import { nodeProcesses, type Processes } from './lock-holder.ts'
import { type Manifest, ownBytes } from './manifest.ts'
import { DirectoryPart } from './part-writer.ts'
import { planRetention } from './retention.ts'
import { corrupt, fileFailure, isCorrupt } from './store-error.ts'

/** Checkpoints in a directory (layout.ts), which is made when it is first needed. */
export class DirectoryStore implements CheckpointStore {
  readonly site: SiteDescription
  readonly #files: Files
  readonly #processes: Processes
  readonly #directory: string
  readonly #owner: string | undefined
  readonly #means: LockMeans | undefined
  /** Checkpoints in progress, with what their deltas stand on. */
  readonly #active = new Map<number, number | undefined>()
  /** Why those cannot be used that have turned out to be damaged, by epoch. */
  readonly #damage = new Map<number, string>()
  /** What has been read once, by epoch. */
  readonly #manifests = new Map<number, Manifest>()
  #lock: DirectoryLock | undefined
  /** Whether the directory's own name is. */
  #isDurable = false

  /** @param owner - who takes the lock: see `takeLock` */
  constructor(
    directory: string,
    files: Files = nodeFiles,
    processes?: Processes,
    owner?: string,
    means?: LockMeans,
  ) {
    this.#owner = owner
    this.#means = means
    this.#directory = directory
    this.#files = files
    this.#processes = processes ?? nodeProcesses()
    this.site = { kind: 'directory', directory }
  }

  async lock(): Promise<StoreLock> {
    return this.#attempt('to lock it', async () => {
      await this.#files.makeDirectory(this.#directory)
      this.#lock = await takeLock(
        this.#files,
        this.#directory,
        this.#processes,
        undefined,
        this.#owner,
        this.#means,
      )
      return this.#lock
    })
  }

  async nextEpoch(): Promise<number> {
    const names = await this.#attempt('to list it', () => this.#files.list(this.#directory))
    const epochs = names.map((name) => parseName(name)?.epoch ?? 0)
    return 1 + epochs.reduce((a, b) => Math.max(a, b), 0)
  }

  async begin(epoch: number, base?: number): Promise<void> {
    await this.#attempt(`to begin checkpoint ${epoch}`, async () => {
      await this.#files.makeDirectory(this.#directory)
      // A directory that a loss of power takes has had no checkpoints in it.
      if (!this.#isDurable) await this.#files.syncDirectory(dirname(this.#directory))
      this.#isDurable = true
      const mark = await this.#files.create(this.#path(epochName(epoch)))
      await mark.close()
      await this.#files.syncDirectory(this.#directory)
    })
    this.#active.set(epoch, base)
  }

  async complete(manifest: Manifest): Promise<CompletedCheckpoint> {
    const { epoch } = manifest
    const path = this.#path(manifestName(epoch))
    const unfinished = path + UNFINISHED
    await this.#attempt(`to complete checkpoint ${epoch}`, async () => {
      await this.#expectParts(manifest)
      // The names of the parts are durable before anything names them.
      await this.#files.syncDirectory(this.#directory)
    })
    const bytes = await writeDescription(this.#files, unfinished, KIND_MANIFEST, manifest)
    await this.#attempt(`to complete checkpoint ${epoch}`, async () => {
      await this.#lock?.check()
      // From here on it is complete for whoever looks; from the next line on for good.
      await this.#files.rename(unfinished, path)
      await this.#files.syncDirectory(this.#directory)
    })
    this.#active.delete(epoch)
    this.#manifests.set(epoch, manifest)
    return { epoch, path, bytes: bytes + ownBytes(manifest) }
  }

  async leave(epoch: number, path: string): Promise<void> {
    const place = this.#path(leftName(epoch))
    await writeDescription(this.#files, place + UNFINISHED, KIND_LEFT, { path })
    await this.#attempt(`to note savepoint ${epoch}`, async () => {
      await this.#files.rename(place + UNFINISHED, place)
      await this.#files.syncDirectory(this.#directory)
    })
  }

  async abort(epoch: number): Promise<void> {
    // Whatever cannot be removed now, `retain` takes later.
    this.#active.delete(epoch)
    this.#manifests.delete(epoch)
    await this.#attempt(`to abort checkpoint ${epoch}`, async () => {
      const names = await this.#files.list(this.#directory)
      const own = names.map(parseName).filter((file) => file?.epoch === epoch)
      const manifests = own.filter((file) => file?.kind === 'manifest')
      await this.#removeAll(manifests.map((file) => file!.name))
      // A manifest that came back after a loss of power would name parts that are gone.
      if (manifests.length > 0) await this.#files.syncDirectory(this.#directory)
      const others = own.filter((file) => file?.kind === 'part' || file?.kind === 'unfinished')
      await this.#removeAll(others.map((file) => file!.name))
    })
  }

  async list(): Promise<FoundCheckpoint[]> {
    const names = await this.#attempt('to list it', () => this.#files.list(this.#directory))
    const files = names
      .map(parseName)
      .filter((file) => file !== undefined && isListed(file))
      .sort((a, b) => b!.epoch - a!.epoch)
    const found: FoundCheckpoint[] = []
    for (const file of files) found.push(await this.#find(file!))
    return found
  }

  async verify(manifest: Manifest, depth: 'ends' | 'all'): Promise<string | undefined> {
    try {
      for (const part of manifest.parts) {
        await verifyPart(this.#files, this.#directory, part, depth)
      }
      return undefined
    } catch (error) {
      if (!isCorrupt(error)) throw error
      this.#damage.set(manifest.epoch, error.message)
      return error.message
    }
  }

  async revokeAfter(epoch: number): Promise<void> {
    await this.#attempt(`to go back to checkpoint ${epoch}`, async () => {
      const names = await this.#files.list(this.#directory)
      for (const file of names.map(parseName)) {
        if (file?.kind !== 'manifest' || file.epoch <= epoch) continue
        await this.#files.rename(this.#path(file.name), this.#path(revokedName(file.epoch)))
      }
      await this.#files.syncDirectory(this.#directory)
    })
  }

  async retain(count: number): Promise<number> {
    const found = await this.list()
    return this.#attempt('to remove what is not needed', async () => {
      const { manifests, others } = planRetention({
        names: await this.#files.list(this.#directory),
        usable: found.flatMap(({ manifest, damage }) =>
          manifest === undefined || damage !== undefined ? [] : [manifest],
        ),
        count,
        active: [...this.#active].map(([epoch, base]) =>
          base === undefined ? { epoch } : { epoch, base },
        ),
      })
      await this.#removeAll(manifests)
      if (manifests.length > 0) await this.#files.syncDirectory(this.#directory)
      await this.#removeAll(others)
      return manifests.length + others.length
    })
  }

  async #find({ name, kind, epoch }: StoredName): Promise<FoundCheckpoint> {
    try {
      if (kind === 'left') return { epoch, damage: await this.#readLeft(name) }
      const manifest = this.#manifests.get(epoch) ?? (await this.#readManifest(name, epoch))
      const revoked = 'it was given up when the job went on from an earlier one'
      const damage = kind === 'revoked' ? revoked : this.#damage.get(epoch)
      return damage === undefined ? { epoch, manifest } : { epoch, manifest, damage }
    } catch (error) {
      if (!isCorrupt(error)) throw error
      return { epoch, damage: error.message }
    }
  }

  async #readManifest(name: string, epoch: number): Promise<Manifest> {
    const path = this.#path(name)
    const manifest = (await readDescription(this.#files, path, KIND_MANIFEST)).value as Manifest
    if (manifest.epoch !== epoch) throw corrupt(path, `epoch ${epoch}`, `${manifest.epoch}`)
    this.#manifests.set(epoch, manifest)
    return manifest
  }

  async #readLeft(name: string): Promise<string> {
    const { value } = await readDescription(this.#files, this.#path(name), KIND_LEFT)
    const { path } = value as { readonly path: string }
    return `the job was stopped with it as savepoint '${path}', which checkpoint.resume takes`
  }

  /** A part that somebody has removed is found while there is still time to write everything anew. */
  async #expectParts(manifest: Manifest): Promise<void> {
    const names = new Set(await this.#files.list(this.#directory))
    const missing = manifest.parts.find(({ name }) => !names.has(name))
    if (missing !== undefined) throw corrupt(this.#path(missing.name), 'the file', 'none')
  }

  async #removeAll(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await this.#files.remove(this.#path(name))
      const file = parseName(name)
      if (file?.kind === 'manifest' || file?.kind === 'revoked') this.#manifests.delete(file.epoch)
    }
  }

  #path(name: string): string {
    return `${this.#directory}/${name}`
  }

  async #attempt<R>(expected: string, work: () => Promise<R>): Promise<R> {
    try {
      return await work()
    } catch (error) {
      throw fileFailure(this.#directory, expected, error)
    }
  }
}

function isListed({ kind }: StoredName): boolean {
  return kind === 'manifest' || kind === 'revoked' || kind === 'left'
}

/** A directory as the threads use it: see `CheckpointStore.site`. */
export class DirectorySite implements CheckpointSite {
  readonly #files: Files
  readonly #directory: string

  constructor({ directory }: SiteDescription, files: Files = nodeFiles) {
    this.#directory = directory
    this.#files = files
  }

  createPart(id: PartId): PartWriter {
    return new DirectoryPart(this.#files, this.#directory, id)
  }

  open(manifest: Manifest): CheckpointReader {
    return new DirectoryReader(this.#files, this.#directory, manifest)
  }
}
