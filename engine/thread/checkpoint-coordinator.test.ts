import { expect, test } from 'vitest'
import { DirectorySite, DirectoryStore } from '../checkpoint/directory-store.ts'
import { MemoryFiles } from '../checkpoint/fixtures/memory-files.ts'
import type { ManifestOperator } from '../checkpoint/manifest.ts'
import { SharedState } from '../state/shared-state.ts'
import { StateMemory } from '../state/state-memory.ts'
import { CheckpointCoordinator } from './checkpoint-coordinator.ts'
import type { CompletedReport, ToWorker } from './control.ts'
import { thisMachine } from './machine.ts'
import { restoreShared } from './shared-state-part.ts'

/** A job of one worker that has no subtasks, and the coordinator of its checkpoints. */
function rig(operators: readonly Omit<ManifestOperator, 'states'>[] = []) {
  const memory = StateMemory.allocate(2, 1 << 16)
  const worker = new SharedState(memory, 0)
  const files = new MemoryFiles()
  const store = new DirectoryStore('dir', files)
  const siteOf = (directory: string) => new DirectorySite({ kind: 'directory', directory }, files)
  let savepoints = store
  const orders: string[] = []
  const done = Promise.withResolvers<CompletedReport>()
  /** Happens between the barriers and the worker's answer. */
  let meanwhile = () => {}
  const tell = (order: ToWorker) => {
    if (order.type === 'checkpoint') {
      orders.push(`checkpoint ${order.order.epoch}${order.order.shared ? ', shared' : ''}`)
      queueMicrotask(() => coordinator.ready(0, order.order.epoch))
      if (order.order.shared) shared.add(order.order.epoch)
    } else if (order.type === 'trigger') {
      orders.push('trigger')
      void answer(order.epoch)
    } else if ('epoch' in order) orders.push(`${order.type} ${order.epoch}`)
  }
  const shared = new Set<number>()
  const answer = async (epoch: number) => {
    meanwhile()
    const part = siteOf(savepoints.site.directory).createPart({ epoch, thread: 0, number: 0 })
    if (shared.has(epoch)) coordinator.held(0, epoch)
    coordinator.taken(0, { epoch, part: await part.close(), pushed: new Map() })
  }
  const coordinator: CheckpointCoordinator = new CheckpointCoordinator(
    {
      workers: 1,
      tell,
      report: (report) => done.resolve(report),
      refuse: (error, requests) => done.reject(new Error(`${JSON.stringify(error)} ${requests}`)),
      suspended: () => orders.push('suspended'),
      fail: () => {},
      openStore: (directory) => (savepoints = new DirectoryStore(directory, files)),
      openSite: siteOf,
      stores: new SharedState(memory, 1),
      owner: 'o',
      life: 1,
      facts: () => ({ job: 'j', maxParallelism: 128, operators }),
    },
    {
      directory: 'dir',
      intervalMs: Number.POSITIVE_INFINITY,
      timeoutMs: 60_000,
      retain: 3,
      unaligned: false,
    },
    { store, next: 1, base: undefined },
    thisMachine,
  )
  const restored = async () => {
    const [{ manifest }] = await savepoints.list()
    const again = new SharedState(StateMemory.allocate(1, 1 << 16), 0)
    await restoreShared(again, siteOf(savepoints.site.directory).open(manifest!))
    return again.names().map((name) => [name, again.store(name).snapshot()])
  }
  return {
    coordinator,
    files,
    worker,
    orders,
    done: done.promise,
    restored,
    set meanwhile(fn: () => void) {
      meanwhile = fn
    },
  }
}

test('stores are copied while all stand still, then all go on', async () => {
  const { coordinator, worker, orders, done, restored } = rig()
  worker.shared('b').set('list', [1, 2])
  worker.shared('a').increment('n', 3)
  worker.shared('a').set(['tuple', 1n], new Date(5))
  worker.shared('empty')
  coordinator.request({ id: 7, suspend: false })
  expect((await done).requests).toEqual([7])
  expect(orders).toEqual(['checkpoint 1, shared', 'trigger', 'goOn 1', 'completed 1'])
  expect(await restored()).toEqual([
    ['b', [['list', [1, 2]]]],
    [
      'a',
      [
        ['n', 3],
        [['tuple', 1n], new Date(5)],
      ],
    ],
  ])
  await coordinator.close()
})

test('without stores nobody stands still', async () => {
  const { coordinator, orders, done, restored } = rig()
  coordinator.request({ id: 1, suspend: false })
  await done
  expect(orders).toEqual(['checkpoint 1', 'trigger', 'completed 1'])
  expect(await restored()).toEqual([])
  await coordinator.close()
})

test('the first use within a checkpoint: it is taken anew, for whom it was', async () => {
  const it = rig()
  it.meanwhile = () => void it.worker.shared('s').increment('n')
  it.coordinator.request({ id: 4, suspend: false })
  const { info, requests } = await it.done
  expect([info.id, requests]).toEqual([2, [4]])
  expect(it.orders).toEqual([
    'checkpoint 1',
    'trigger',
    'aborted 1',
    'checkpoint 2, shared',
    'trigger',
    'goOn 2',
    'completed 2',
  ])
  expect(await it.restored()).toEqual([['s', [['n', 2]]]])
  await it.coordinator.close()
})

test('where the job ends behind it, all stand still from the first', async () => {
  const it = rig()
  it.meanwhile = () => void it.worker.shared('s').increment('n')
  it.coordinator.request({ id: 4, suspend: true, path: 'there' })
  await it.done
  expect(it.orders).toEqual(['checkpoint 1, shared', 'trigger', 'goOn 1', 'completed 1'])
  // It ends when sinks have made visible what the checkpoint holds.
  it.coordinator.suspended(0)
  expect(it.orders.at(-1)).toBe('suspended')
  expect(await it.restored()).toEqual([['s', [['n', 1]]]])
  await it.coordinator.close()
})

test('a savepoint that the directory of the job cannot tell of is taken back, and nothing tells of it', async () => {
  const sink = { uid: 's', name: 's', kind: 'sink', parallelism: 1, visibility: 'final' } as const
  const { coordinator, files, done } = rig([sink])
  const isNoted = async () => (await files.list('dir')).includes('left-1')
  const syncDirectory = files.syncDirectory.bind(files)
  let failures = 0
  files.syncDirectory = async (path) => {
    if (path === 'dir' && failures === 0 && (await isNoted())) {
      failures++
      throw new Error('EIO')
    }
    await syncDirectory(path)
  }
  coordinator.request({ id: 4, suspend: true, path: 'there' })
  await expect(done).rejects.toThrow('to note savepoint 1')
  await coordinator.close()
  expect([failures, await isNoted(), await files.list('there')]).toEqual([1, false, ['epoch-1']])
})
