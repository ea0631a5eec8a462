import { setTimeout as after } from 'node:timers/promises'
import { nodeFiles } from '../../../operators/contract/node-files.ts'
import { watched } from '../../checkpoint/fixtures/watched-files.ts'

/** What befalls the files of checkpoints, on all threads of a process: words in shared memory. */
export type StoreFaults = SharedArrayBuffer

const DONE = 0
const KILL_AT = 1
const TROUBLE = 2

/** What the disk may have: each fails the operations that it would. */
export const TROUBLES = {
  none: [],
  ENOSPC: ['create', 'write'],
  EROFS: ['create', 'rename', 'remove'],
  EIO: ['sync', 'syncDirectory'],
  /** Syncing takes two seconds. */
  slow: [],
} as const

export type Trouble = keyof typeof TROUBLES
const names = Object.keys(TROUBLES) as Trouble[]

/** @param killAt - the operation before which the process is killed, counted from 1; 0: none */
export function storeFaults(killAt = 0): StoreFaults {
  const words = new Int32Array(new SharedArrayBuffer(12))
  words[KILL_AT] = killAt
  return words.buffer
}

export function setTrouble(faults: StoreFaults, trouble: Trouble): void {
  Atomics.store(new Int32Array(faults), TROUBLE, names.indexOf(trouble))
}

/** From now on the engine's own files on this thread have what `faults` says, but for what its sinks write below `output`. */
export function spoilStore(faults: StoreFaults, output: string): void {
  const words = new Int32Array(faults)
  const spoilt = watched({ ...nodeFiles }, async (operation, path) => {
    if (path.startsWith(output)) return
    if (Atomics.add(words, DONE, 1) + 1 === words[KILL_AT]) process.kill(process.pid, 'SIGKILL')
    const trouble = names[Atomics.load(words, TROUBLE)]
    if (trouble === 'slow' && operation === 'sync') await after(2_000)
    if (!(TROUBLES[trouble] as readonly string[]).includes(operation)) return
    throw Object.assign(new Error(`${trouble}: ${operation}`), { code: trouble })
  })
  const own = Object.keys(nodeFiles) as (keyof typeof nodeFiles)[]
  const calls = own.map((name) => [name, (...args: any[]) => (spoilt[name] as any)(...args)])
  Object.assign(nodeFiles, Object.fromEntries(calls))
}
