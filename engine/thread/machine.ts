import type { Clock } from '../../operators/contract/context.ts'
import type { CheckpointSite, CheckpointStore } from '../checkpoint/contract.ts'
import { DirectorySite, DirectoryStore } from '../checkpoint/directory-store.ts'

/** A count that changes whenever its owner has something to look at. */
export interface Bell {
  read(): number
  /** Waits until it differs from `seen`, or the time is up. */
  waitAsync(seen: number, ms: number): Promise<void>
}

/**
 * What the threads of a job, the main thread among them, have of the machine that they run on: its time, its files, and its ways to wait. Everything in
 * them that does not follow from their messages, rings and records comes from here. `thisMachine` is the real one; the
 * simulator puts its own in its place.
 */
export interface Machine {
  /** Monotonic milliseconds. */
  nowMs(): number
  /** How much of a snapshot is written between two looks at the time, in bytes. */
  readonly sliceWork: number
  /** What `clock: 'system'` means. */
  readonly clock: Clock
  /** Calls `work` once, unless the function that it gives is called before. Keeps no process alive. */
  after(ms: number, work: () => void): () => void
  /** One turn of the event loop. */
  turn(): Promise<void>
  /** Calls `work` in the next turn of the event loop. */
  soon(work: () => void): void
  /** Waits until the bell differs from `seen`, or the time is up; the event loop goes on meanwhile. */
  park(bell: Bell, seen: number, ms: number): Promise<void>
  /** The store of a directory, for the coordinator of `owner`'s present life: those before it are gone. */
  openStore(directory: string, owner: string): CheckpointStore
  /** The same directory, for the threads with state. */
  openSite(directory: string): CheckpointSite
}

/** One of Node's timers that is set for longer fires at once. */
const TIMER_MAX_MS = 2 ** 31 - 1

export const thisMachine: Machine = {
  nowMs: () => performance.now(),
  sliceWork: 16_384,
  clock: { now: () => Date.now() },
  after(ms, work) {
    let timer: NodeJS.Timeout
    const wait = (left: number): void => {
      const more = left - TIMER_MAX_MS
      const over = more > 0 ? () => wait(more) : work
      timer = setTimeout(over, Math.min(left, TIMER_MAX_MS)).unref()
    }
    wait(ms)
    return () => clearTimeout(timer)
  },
  turn: () => new Promise((resolve) => void setImmediate(resolve)),
  soon: (work) => void setImmediate(work),
  park: (bell, seen, ms) => bell.waitAsync(seen, ms),
  openStore: (directory, owner) => new DirectoryStore(directory, undefined, undefined, owner),
  openSite: (directory) => new DirectorySite({ kind: 'directory', directory }),
}
