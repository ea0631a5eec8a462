import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { BroadcastStates } from '../../operators/state/broadcast-states.ts'
import { KeyedState } from '../../operators/state/keyed-state.ts'
import { ManualClock } from '../../operators/testing/manual-clock.ts'
import { buildManifest } from '../checkpoint/build-manifest.ts'
import { DirectorySite } from '../checkpoint/directory-store.ts'
import { MemoryFiles } from '../checkpoint/fixtures/memory-files.ts'
import type { PartFacts } from '../checkpoint/state-model.ts'
import type { GraphNode } from '../graph/node.ts'
import type { TaskCut } from '../task/task-cut.ts'
import type { CheckpointOrder, FromWorker } from './control.ts'
import { ThreadCheckpoints } from './thread-checkpoints.ts'

const GROUPS = 16
const DIRECTORY = 'dir'
const OPERATOR = { uid: 'op', name: 'op', kind: 'map', parallelism: 1, visibility: 'none' } as const

/** The checkpoints of a thread that has one subtask, with one operator. */
class Rig {
  readonly files = new MemoryFiles()
  readonly posts: FromWorker[] = []
  /** How often the thread's loop was woken. */
  woken = 0
  readonly #clock = new ManualClock()
  readonly keyed = new KeyedState(
    { name: 'op', keyed: true, maxParallelism: GROUPS, clock: this.#clock },
    { key: undefined, timestamp: Number.NaN, watermark: 0, ask: 0 } as never,
  )
  readonly column = this.keyed.store.column<any>('v')
  readonly checkpoints: ThreadCheckpoints
  readonly #site = new DirectorySite({ kind: 'directory', directory: DIRECTORY }, this.files)
  readonly #cut: TaskCut = {
    timed: [],
    chain: 0,
    subtask: 0,
    parallelism: 1,
    operators: [
      {
        node: { id: 1, inputs: [], ...OPERATOR } as unknown as GraphNode,
        operator: { call: () => {} },
        keyed: this.keyed,
        broadcast: new BroadcastStates('op', false),
      },
    ],
    source: undefined,
    pushed: new Map(),
    inFlight: () => [],
  }

  /** @param keysPerSlice - the clock ticks at each look, and there is a look behind each key */
  constructor(keysPerSlice: number) {
    let looks = 0
    this.checkpoints = new ThreadCheckpoints({
      thread: 0,
      machine: {
        nowMs: () => looks++ / keysPerSlice,
        sliceWork: 1,
        openSite: () => this.#site,
      },
      post: (message) => this.posts.push(message),
      fail: (error) => {
        throw error
      },
      wake: () => this.woken++,
    })
    const task = { begins: true, cut: () => this.#cut, announce() {}, trigger() {}, goOn() {} }
    this.checkpoints.attach([task])
  }

  set(key: string, value: unknown): void {
    this.column.set(this.keyed.store.slot(key), value)
  }

  /** The subtask has come to the barrier of a checkpoint. */
  barrier(epoch: number, more: Partial<CheckpointOrder> = {}): void {
    const order = { epoch, directory: DIRECTORY, base: undefined, savepoint: false, suspend: false }
    this.checkpoints.begin({ ...order, shared: false, unaligned: false, ...more })
    expect(this.checkpoints.take(epoch, this.#cut)).toBeUndefined()
  }

  /** As the loop does, until nothing is left to do. */
  writeAll(): void {
    while (this.checkpoints.writeSlice()) {}
  }

  types(): string[] {
    return this.posts.map((post) => ('epoch' in post ? `${post.type} ${post.epoch}` : post.type))
  }

  /** What the part of the checkpoint that was taken last holds, by key. */
  async read(): Promise<Record<string, unknown>> {
    let part: PartFacts | undefined
    for (; part === undefined; await turn())
      for (const post of this.posts) if (post.type === 'taken') part = post.part
    const { epoch } = part
    const manifest = buildManifest({
      job: 'j',
      epoch,
      time: 0,
      savepoint: false,
      maxParallelism: GROUPS,
      operators: [OPERATOR],
      parts: [part],
    })
    const all: Record<string, unknown> = {}
    for await (const { items } of this.#site.open(manifest).read({ operator: 'op', kind: 'keyed' }))
      for (const { key, values } of items) all[key as string] = values?.v
    return all
  }
}

test('keyed state is written slice by slice, as it was at the barrier', async () => {
  const rig = new Rig(3)
  for (let i = 0; i < 20; i++) rig.set(`k${i}`, { n: i })
  rig.barrier(1)
  expect(rig.checkpoints.writeSlice()).toBe(true)
  for (let i = 0; i < 20; i++) {
    const slot = rig.keyed.store.find(`k${i}`)
    rig.column.get(slot).n = -1
    rig.column.touch(slot)
    if (i % 5 === 0) rig.column.clear(slot)
    rig.keyed.store.release(slot)
  }
  rig.set('new', { n: 1 })
  await turn()
  expect(rig.types()).toEqual(['ready 1'])
  rig.writeAll()
  const expected = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`k${n}`, { n }]))
  expect(await rig.read()).toEqual(expected)
  expect(rig.types()).toEqual(['ready 1', 'taken 1'])
})

test('subtasks stand still no longer than until they have all had their cut', async () => {
  const rig = new Rig(1)
  for (let i = 0; i < 20; i++) rig.set(`k${i}`, i)
  rig.barrier(1, { shared: true })
  expect([rig.types(), rig.checkpoints.holds(1)]).toEqual([['ready 1', 'held 1'], true])
  rig.checkpoints.goOn(1)
  expect(rig.checkpoints.holds(1)).toBe(false)
  rig.writeAll()
  await rig.read()
  expect(rig.types()).toEqual(['ready 1', 'held 1', 'taken 1'])
})

test('what the disk does not take waits outside of memory, and the loop is woken', async () => {
  const rig = new Rig(1_000)
  const disk = Promise.withResolvers<void>()
  rig.files.fault = (operation) => (operation === 'write' ? disk.promise : undefined)
  const text = 'x'.repeat(100_000)
  for (let i = 0; i < 300; i++) rig.set(`k${i}`, text)
  rig.barrier(1)
  rig.writeAll()
  expect(rig.types()).toEqual(['ready 1'])
  expect(rig.checkpoints.writing).toBe(true)
  // It asks for room once, however often it is called.
  expect([rig.checkpoints.writeSlice(), rig.woken]).toEqual([false, 0])
  disk.resolve()
  while (!rig.types().includes('taken 1')) {
    await turn()
    rig.writeAll()
  }
  expect(rig.woken).toBeGreaterThan(0)
  expect(Object.keys(await rig.read()).length).toBe(300)
})

test('one that is given up lets its cut go, and the next one has its own', async () => {
  const rig = new Rig(1)
  for (let i = 0; i < 20; i++) rig.set(`k${i}`, i)
  rig.barrier(1)
  rig.checkpoints.writeSlice()
  rig.set('k0', 'changed')
  rig.barrier(2)
  rig.writeAll()
  expect((await rig.read()).k0).toBe('changed')
  expect(rig.types()).toEqual(['ready 1', 'ready 2', 'taken 2'])
  rig.barrier(3)
  rig.checkpoints.aborted(3)
  expect(rig.checkpoints.writeSlice()).toBe(false)
  rig.barrier(4)
  await rig.checkpoints.close()
  expect(rig.checkpoints.writeSlice()).toBe(false)
  expect(rig.keyed.store.cut(() => 1).advance({ spent: () => false })).toBe(true)
})

test('what cannot be written fails the checkpoint, not the record that comes by', async () => {
  const rig = new Rig(1)
  for (let i = 0; i < 300; i++) rig.set(`k${i}`, i)
  // Behind so many values it is not looked at any more when it is set.
  rig.set('k299', { fn: () => 1 })
  rig.barrier(1)
  expect(typeof rig.column.get(rig.keyed.store.find('k299'))).toBe('object')
  rig.set('k299', 0)
  rig.writeAll()
  expect(rig.posts.at(-1)).toMatchObject({
    type: 'declined',
    epoch: 1,
    error: { code: 'SAGE_CODEC_UNSUPPORTED' },
  })
  rig.barrier(2)
  rig.writeAll()
  expect((await rig.read()).k299).toBe(0)
})
