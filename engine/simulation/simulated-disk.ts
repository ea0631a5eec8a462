import type { Random } from './random.ts'

/** How a computer ends. */
export type CrashMode =
  /** The process is killed: the system writes on. */
  | 'killed'
  /** Power is lost: of what was not made durable, any part may be there. */
  | 'power'

interface Write {
  readonly at: number
  readonly bytes: Uint8Array
}

/** A file, whatever its names. */
export class Inode {
  bytes = new Uint8Array(0)
  /** What is durable of it. */
  synced = new Uint8Array(0)
  /** Written and not made durable yet, in order. */
  pending: Write[] = []

  write(bytes: Uint8Array, at: number): void {
    const copy = bytes.slice()
    this.bytes = written(this.bytes, copy, at)
    this.pending.push({ at, bytes: copy })
  }

  sync(): void {
    this.synced = this.pending.reduce((all, { bytes, at }) => written(all, bytes, at), this.synced)
    this.pending = []
  }

  /** The medium has other bytes than were written to it. */
  replace(bytes: Uint8Array): void {
    this.bytes = bytes.slice()
    this.synced = bytes.slice()
    this.pending = []
  }

  /** A sync has failed: what it was about is in memory, and no later sync will write it. */
  lose(): void {
    this.pending = []
  }
}

function written(before: Uint8Array, bytes: Uint8Array, at: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(Math.max(before.length, at + bytes.length))
  all.set(before)
  all.set(bytes, at)
  return all
}

/** What stands in the place of an inode where there is a directory. */
const DIRECTORY = Symbol('directory')

type Entry = Inode | typeof DIRECTORY

/** A change of names, whole or not at all. */
interface Change {
  readonly directory: string
  readonly names: readonly (readonly [path: string, entry: Entry | undefined])[]
}

/**
 * The files of a simulated computer, by the rules of POSIX: what was written to a file survives a loss of power once it
 * is synced, its name, and that of a directory, once the directory that it is in is. Of the rest, any part may survive: each
 * change of names whole or not at all, in any order; each write whole, in part or not at all, in any order.
 */
export class SimulatedDisk {
  #names = new Map<string, Entry>()
  #durable = new Map<string, Entry>()
  #changes: Change[] = []
  /** Names that have changed since somebody asked. */
  #touched = new Set<string>()

  /** The paths of the files in a directory, and of the directories, which end with a slash. */
  list(directory: string): string[] {
    return [...this.#names]
      .filter(([path]) => directoryOf(path) === directory)
      .map(([path, entry]) => (entry === DIRECTORY ? `${path}/` : path))
      .sort()
  }

  /** The paths of the files in a directory and in all below it. */
  listBelow(directory: string): string[] {
    return [...this.#names]
      .filter(([path, entry]) => entry !== DIRECTORY && path.startsWith(`${directory}/`))
      .map(([path]) => path)
      .sort()
  }

  /** The paths whose file may be another one since the last call. */
  touched(): string[] {
    const paths = [...this.#touched]
    this.#touched.clear()
    return paths
  }

  find(path: string): Inode | undefined {
    const entry = this.#names.get(path)
    return entry === DIRECTORY ? undefined : entry
  }

  /** Whether there is such a directory. What has no directory around it is a root. */
  hasDirectory(path: string): boolean {
    return this.#names.get(path) === DIRECTORY || directoryOf(path) === ''
  }

  makeDirectory(path: string): void {
    if (this.hasDirectory(path)) return
    const above = directoryOf(path)
    if (!this.hasDirectory(above)) {
      this.makeDirectory(above)
      this.syncDirectory(directoryOf(above))
    }
    this.#change(above, [[path, DIRECTORY]])
  }

  create(path: string): Inode {
    const inode = new Inode()
    this.#change(directoryOf(path), [[path, inode]])
    return inode
  }

  rename(from: string, to: string): void {
    this.#change(directoryOf(to), [
      [to, this.#names.get(from)],
      [from, undefined],
    ])
  }

  remove(path: string): void {
    if (this.#names.has(path)) this.#change(directoryOf(path), [[path, undefined]])
  }

  syncDirectory(directory: string): void {
    for (const change of this.#changes)
      if (change.directory === directory) apply(this.#durable, change)
    this.#changes = this.#changes.filter((change) => change.directory !== directory)
  }

  /** The computer ends and starts again. */
  crash(mode: CrashMode, random: Random): void {
    if (mode === 'killed') return
    const share = random.pick([0, 0.5, 1])
    for (const change of this.#changes) if (random.chance(share)) apply(this.#durable, change)
    this.#changes = []
    // With a directory goes all that was in it.
    for (const path of this.#durable.keys())
      if (!this.#isDurable(directoryOf(path))) this.#durable.delete(path)
    for (const path of [...this.#names.keys(), ...this.#durable.keys()]) this.#touched.add(path)
    this.#names = new Map(this.#durable)
    for (const inode of new Set(this.#names.values())) {
      if (inode === DIRECTORY) continue
      for (const { bytes, at } of inode.pending)
        if (random.chance(share))
          inode.synced = written(
            inode.synced,
            bytes.subarray(0, random.below(bytes.length + 1)),
            at,
          )
      inode.pending = []
      inode.bytes = inode.synced.slice()
    }
  }

  #isDurable(directory: string): boolean {
    const above = directoryOf(directory)
    return above === '' || (this.#durable.has(directory) && this.#isDurable(above))
  }

  #change(directory: string, names: Change['names']): void {
    const change = { directory, names }
    for (const [path] of names) this.#touched.add(path)
    apply(this.#names, change)
    this.#changes.push(change)
  }
}

function apply(names: Map<string, Entry>, change: Change): void {
  for (const [path, entry] of change.names) {
    if (entry === undefined) names.delete(path)
    else names.set(path, entry)
  }
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
