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

/** A change of names, whole or not at all. */
interface Change {
  readonly directory: string
  readonly names: readonly (readonly [path: string, inode: Inode | undefined])[]
}

/**
 * The files of a simulated computer, by the rules of POSIX: what was written to a file survives a loss of power once it
 * is synced, its name once the directory is. Of the rest, any part may survive: each change of names whole or not at all, in
 * any order; each write whole, in part or not at all, in any order.
 */
export class SimulatedDisk {
  #names = new Map<string, Inode>()
  #durable = new Map<string, Inode>()
  #changes: Change[] = []

  /** The paths in a directory. */
  list(directory: string): string[] {
    return [...this.#names.keys()].filter((path) => directoryOf(path) === directory).sort()
  }

  find(path: string): Inode | undefined {
    return this.#names.get(path)
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
    this.#names = new Map(this.#durable)
    for (const inode of new Set(this.#names.values())) {
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

  #change(directory: string, names: Change['names']): void {
    const change = { directory, names }
    apply(this.#names, change)
    this.#changes.push(change)
  }
}

function apply(names: Map<string, Inode>, change: Change): void {
  for (const [path, inode] of change.names) {
    if (inode === undefined) names.delete(path)
    else names.set(path, inode)
  }
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
