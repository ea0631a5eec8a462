import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Who holds a lock: what of a process tells it from all others. */
export interface LockHolder {
  readonly host: string
  readonly pid: number
  /** When the process started, as the system counts; empty where that cannot be told. */
  readonly started: string
  /** Which start of the machine it runs on; empty where that cannot be told. */
  readonly boot: string
  /** Within which process numbers have their meaning (containers have their own). */
  readonly space: string
}

/** Whether a holder runs: `unknown` for one that this process cannot see. */
export type Liveness = 'alive' | 'dead' | 'unknown'

/** What a lock needs to know about processes. */
export interface Processes {
  readonly self: LockHolder
  liveness(holder: LockHolder): Liveness
}

/** The processes of this machine. */
export function nodeProcesses(): Processes {
  const self: LockHolder = {
    host: hostname(),
    pid: process.pid,
    started: startOf(process.pid),
    boot: contentOf('/proc/sys/kernel/random/boot_id'),
    space: linkOf('/proc/self/ns/pid'),
  }
  return { self, liveness: (holder) => livenessOf(holder, self, findProcess) }
}

/** A process by its number: when it started, or undefined where there is none. */
export type FindProcess = (pid: number) => string | undefined

/**
 * A process that another one can see is alive if one of its number and start is there. One that ran before the machine
 * was started anew is dead. About others, such as those of other hosts, nothing is known.
 */
export function livenessOf(holder: LockHolder, self: LockHolder, find: FindProcess): Liveness {
  const isSameMachine = self.boot === '' ? holder.host === self.host : holder.boot === self.boot
  if (!isSameMachine) {
    const isRestarted = holder.host === self.host && holder.boot !== '' && self.boot !== ''
    return isRestarted && holder.space === self.space ? 'dead' : 'unknown'
  }
  if (holder.space !== self.space) return 'unknown'
  const started = find(holder.pid)
  return started === undefined || started !== holder.started ? 'dead' : 'alive'
}

function findProcess(pid: number): string | undefined {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it is there, and another user's.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined
  }
  return startOf(pid)
}

/** Field 22 of `stat`; the second one, the name, may hold spaces and parentheses. A zombie has no start: it runs no more. */
function startOf(pid: number): string {
  const stat = contentOf(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? '' : (fields[19] ?? '')
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
