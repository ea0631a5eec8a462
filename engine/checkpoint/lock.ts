import { randomBytes } from 'node:crypto'
import { StreamError } from '../../codec/errors.ts'
import type { Files } from '../../operators/contract/files.ts'
import { readDescription, writeDescription } from './container.ts'
import type { StoreLock } from './contract.ts'
import { KIND_LOCK, UNFINISHED } from './layout.ts'
import type { Liveness, LockHolder, Processes } from './lock-holder.ts'
import { fileFailure } from './store-error.ts'

/** What is in the file of a lock. */
interface LockFile extends LockHolder {
  /** See `takeLock`. */
  readonly owner?: string
  /** Changes as long as the holder runs. */
  readonly beat: number
}

/** How often a holder shows that it runs, and how long others look for that. In ms. */
export interface LockTiming {
  readonly beat: number
  readonly watch: number
}

const TIMING: LockTiming = { beat: 5_000, watch: 20_000 }

/** What a lock has of its machine beside files and processes: time and chance. The simulator puts its own in its place. */
export interface LockMeans {
  /** Calls `work` once, unless the function that it gives is called before. Keeps no process alive. */
  after(ms: number, work: () => void): () => void
  sleep(ms: number): Promise<void>
  /** From 0 to less than 1. */
  random(): number
  /** Hexadecimal digits that nobody has had before. */
  uniqueName(): string
}

const nodeMeans: LockMeans = {
  after(ms, work) {
    const timer = setTimeout(work, ms).unref()
    return () => clearTimeout(timer)
  },
  sleep: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
  random: Math.random,
  uniqueName: () => randomBytes(8).toString('hex'),
}

/** Two who come at the same moment both step back, and try again after some 10 to 100 ms. */
const ATTEMPTS = 4

const PATTERN = /^lock-[0-9a-f]+$/
const UNFINISHED_PATTERN = /^lock-[0-9a-f]+\.tmp$/

/**
 * Takes the lock of a directory.
 *
 * Everyone who wants it first creates a lock file of a name of its own, then looks for others; so of two, at least one
 * sees the other one and steps back. A file whose holder is dead is removed, which can hurt nobody: names are used once.
 * A holder on this machine is dead if no process has its number and start: `kill -9` leaves nothing to clean up. One that
 * cannot be seen, on another host or in another container, shows that it runs by changing its file every 5 s; it is
 * taken for dead when that has not happened for 20 s, by the clock of the one who waits.
 *
 * Whoever has the lock clears away what others have not finished writing, since a process that was killed leaves such a file and
 * nobody can tell whose it is. One that lives notices, and comes once more.
 *
 * What the same `owner` has left is removed too, though its process runs on: the thread that held it is gone.
 *
 * A holder that was stopped for so long may have lost its lock: see `DirectoryLock.check`.
 *
 * @throws StreamError `SAGE_CHECKPOINT_IN_USE`
 */
export async function takeLock(
  files: Files,
  directory: string,
  processes: Processes,
  timing = TIMING,
  owner?: string,
  means = nodeMeans,
): Promise<DirectoryLock> {
  for (let attempt = 1; ; attempt++) {
    const lock = new DirectoryLock(files, directory, processes.self, means, owner)
    const written = await lock.write()
    const other = written
      ? await findHolder(files, directory, lock, processes, timing, means)
      : 'somebody'
    if (other === undefined) {
      await removeUnfinished(files, directory)
      lock.startBeating(timing.beat)
      return lock
    }
    await lock.release()
    if (attempt === ATTEMPTS) throw inUse(directory, other)
    await means.sleep(10 + 90 * means.random())
  }
}

/** A lock that is held. */
export class DirectoryLock implements StoreLock {
  readonly name: string
  readonly path: string
  readonly owner: string | undefined
  readonly #files: Files
  readonly #directory: string
  readonly #holder: LockHolder
  readonly #means: LockMeans
  #beat = 0
  #stopBeating = () => {}
  #writing: Promise<void> = Promise.resolve()

  constructor(
    files: Files,
    directory: string,
    holder: LockHolder,
    means: LockMeans,
    owner?: string,
  ) {
    this.owner = owner
    this.name = `lock-${means.uniqueName()}`
    this.#means = means
    this.#files = files
    this.#directory = directory
    this.#holder = holder
    this.path = `${directory}/${this.name}`
  }

  /** False: somebody has the lock, and has cleared away what was being written. */
  async write(): Promise<boolean> {
    const owner = this.owner === undefined ? {} : { owner: this.owner }
    const content: LockFile = { ...this.#holder, ...owner, beat: this.#beat++ }
    const unfinished = this.path + UNFINISHED
    await this.#files.remove(unfinished)
    await writeDescription(this.#files, unfinished, KIND_LOCK, content)
    try {
      await this.#files.rename(unfinished, this.path)
      return true
    } catch (error) {
      const names = await this.#files.list(this.#directory)
      if (names.includes(this.name + UNFINISHED)) throw error
      return false
    }
  }

  /** A beat that cannot be written is left out: on this machine none is needed. */
  startBeating(everyMs: number): void {
    this.#stopBeating = this.#means.after(everyMs, () => {
      this.startBeating(everyMs)
      this.#writing = this.#writing.then(() => this.#rewrite()).catch(() => {})
    })
  }

  async release(): Promise<void> {
    this.#stopBeating()
    await this.#writing
    await this.#files.remove(this.path)
    await this.#files.remove(this.path + UNFINISHED)
  }

  /**
   * Throws `SAGE_CHECKPOINT_IN_USE` if somebody has taken the holder for dead: called before a checkpoint becomes
   * complete. What then still goes wrong needs a process that stops between this and the next call for 20 s.
   */
  async check(): Promise<void> {
    const names = await this.#files.list(this.#directory)
    if (names.includes(this.name)) return
    const message = `checkpoint directory '${this.#directory}': expected to hold its lock, got a lock that was taken away`
    throw new StreamError('SAGE_CHECKPOINT_IN_USE', message)
  }

  /** Not once it is gone: the one who has taken it away must not meet it again. */
  async #rewrite(): Promise<void> {
    await this.check()
    await this.write()
  }
}

/** To be called by the holder of the lock, who is writing none. What cannot be removed stays. */
async function removeUnfinished(files: Files, directory: string): Promise<void> {
  for (const name of await files.list(directory))
    if (UNFINISHED_PATTERN.test(name)) await files.remove(`${directory}/${name}`).catch(() => {})
}

async function findHolder(
  files: Files,
  directory: string,
  own: DirectoryLock,
  processes: Processes,
  timing: LockTiming,
  means: LockMeans,
): Promise<LockFile | 'somebody' | undefined> {
  for (const name of await files.list(directory)) {
    if (name === own.name || !PATTERN.test(name)) continue
    const path = `${directory}/${name}`
    const content = await readLock(files, path)
    if (content === 'gone') continue
    const liveness = livenessOf(content, own, processes)
    const isAlive =
      liveness === 'alive' ||
      (liveness === 'unknown' && (await beats(files, path, content, timing, means)))
    if (isAlive) return content === 'unreadable' ? 'somebody' : content
    await files.remove(path)
    await files.remove(path + UNFINISHED)
  }
  return undefined
}

function livenessOf(
  content: LockFile | 'unreadable',
  { owner }: DirectoryLock,
  processes: Processes,
): Liveness {
  if (content === 'unreadable') return 'unknown'
  return owner !== undefined && content.owner === owner ? 'dead' : processes.liveness(content)
}

type LockContent = LockFile | 'gone' | 'unreadable'

async function readLock(files: Files, path: string): Promise<LockContent> {
  try {
    return (await readDescription(files, path, KIND_LOCK)).value as LockFile
  } catch (error) {
    const name = path.slice(path.lastIndexOf('/') + 1)
    const directory = path.slice(0, path.lastIndexOf('/'))
    if (!(await files.list(directory)).includes(name)) return 'gone'
    const code = (error as StreamError).code
    if (code === 'SAGE_CHECKPOINT_CORRUPT') return 'unreadable'
    throw fileFailure(path, 'to read it', error)
  }
}

/** Whether a lock's file changes within the time in which its holder would have changed it. */
async function beats(
  files: Files,
  path: string,
  before: LockContent,
  { watch }: LockTiming,
  means: LockMeans,
): Promise<boolean> {
  for (let waited = 0; waited < watch; waited += watch / 20) {
    await means.sleep(watch / 20)
    const now = await readLock(files, path)
    if (now === 'gone') return false
    if (JSON.stringify(now) !== JSON.stringify(before)) return true
  }
  return false
}

function inUse(directory: string, other: LockFile | 'somebody'): StreamError {
  const who = other === 'somebody' ? 'another' : `process ${other.pid} on host '${other.host}'`
  const message = `checkpoint directory '${directory}': expected to be its only user, got ${who} that uses it`
  return new StreamError('SAGE_CHECKPOINT_IN_USE', message)
}
