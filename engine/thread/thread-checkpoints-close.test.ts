import { expect, it } from 'vitest'
import { DirectorySite } from '../checkpoint/directory-store.ts'
import { MemoryFiles } from '../checkpoint/fixtures/memory-files.ts'
import type { GraphNode } from '../graph/node.ts'
import type { TaskCut } from '../task/task-cut.ts'
import type { CheckpointOrder, FromWorker } from './control.ts'
import { thisMachine } from './machine.ts'
import { ThreadCheckpoints } from './thread-checkpoints.ts'

/** A source that has come to its end. */
const cut: TaskCut = {
  timed: [],
  chain: 0,
  subtask: 0,
  parallelism: 1,
  operators: [],
  source: {
    node: { id: 0, uid: 'numbers', name: 'numbers' } as GraphNode,
    positions: { open: [], ended: ['0'], resumed: new Map() },
  },
  pushed: new Map(),
  inFlight: () => [],
}

const orderOf = (epoch: number): CheckpointOrder => ({
  epoch,
  directory: 'd',
  base: undefined,
  savepoint: false,
  suspend: false,
  shared: false,
  unaligned: false,
})

function threadOf(tasks: number) {
  const files = new MemoryFiles()
  const posted: FromWorker[] = []
  const checkpoints = new ThreadCheckpoints({
    thread: 0,
    machine: {
      ...thisMachine,
      openSite: (directory) => new DirectorySite({ kind: 'directory', directory }, files),
    },
    post: (message) => posted.push(message),
    fail: (error) => {
      throw error
    },
    wake: () => {},
  })
  const task = { begins: true, cut: () => cut, announce() {}, trigger() {}, goOn() {} }
  checkpoints.attach(Array.from({ length: tasks }, () => task))
  return { files, posted, checkpoints }
}

/** What has been begun with files is done. */
const written = () => new Promise((resolve) => setImmediate(resolve))

it.each(['under way', 'begun later'])(
  'when the thread closes, a checkpoint %s leaves no file, and none open',
  async (when) => {
    const { files, posted, checkpoints } = threadOf(2)
    // One of two tasks waits at its end, the other one fails the job.
    checkpoints.takeLast(cut, () => {})
    const begin = () => {
      checkpoints.begin(orderOf(1))
      checkpoints.trigger(1)
    }
    if (when === 'under way') {
      begin()
      await written()
      expect([files.handles, files.paths()]).toEqual([1, ['d/part-1-0-0']])
    }
    await checkpoints.close()
    if (when === 'begun later') begin()
    await written()
    expect([files.handles, files.paths()]).toEqual([0, []])
    expect(posted.length).toBe(when === 'under way' ? 1 : 0)
  },
)
