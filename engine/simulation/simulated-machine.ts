import type { Files } from '../../operators/contract/files.ts'
import { DirectorySite, DirectoryStore } from '../checkpoint/directory-store.ts'
import type { Processes } from '../checkpoint/lock-holder.ts'
import type { Machine } from '../thread/machine.ts'
import type { Random } from './random.ts'
import type { Schedule } from './schedule.ts'

/** A wait without an end of its own: who must be woken, and is not, is stuck for good. */
const FOREVER_MS = 60_000

/** The process that a life of the job runs in: its number tells it from those before. */
function processesOf(pid: number): Processes {
  const self = { host: 'simulated', pid, started: `${pid}`, boot: 'once', space: 'one' }
  return { self, liveness: (holder) => (holder.pid === pid ? 'alive' : 'dead') }
}

/** What the threads of one life have of the simulated computer. */
export function simulatedMachine(
  schedule: Schedule,
  files: Files,
  random: Random,
  pid: number,
): Machine {
  const after = (ms: number, work: () => void, what: string) =>
    schedule.plan({ ms, what: () => what, run: work })
  const processes = processesOf(pid)
  const means = {
    after: (ms: number, work: () => void) => after(ms, work, 'shows that it runs'),
    sleep: (ms: number) =>
      new Promise<void>((resolve) => void after(ms, resolve, 'waits for a lock')),
    random: () => random.next(),
    uniqueName: () => random.below(2 ** 32).toString(16),
  }
  return {
    nowMs: () => schedule.look(),
    // As little as can be: a look behind each key.
    sliceWork: 1,
    clock: { now: () => schedule.wall() },
    after: (ms, work) => after(ms, work, 'a timer'),
    turn: () => new Promise((resolve) => void after(0, resolve, 'turns')),
    park: (bell, seen, ms) =>
      new Promise((resolve) => {
        if (ms <= 0) resolve()
        else
          schedule.plan({
            ms: ms >= FOREVER_MS ? Number.POSITIVE_INFINITY : ms,
            what: () => (bell.read() === seen ? 'wakes by itself' : 'is woken'),
            ready: () => bell.read() !== seen,
            run: resolve,
          })
      }),
    openStore: (directory, owner) => new DirectoryStore(directory, files, processes, owner, means),
    openSite: (directory) => new DirectorySite({ kind: 'directory', directory }, files),
  }
}
