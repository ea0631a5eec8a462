import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { buildManifest } from '../checkpoint/build-manifest.ts'
import { DirectorySite, DirectoryStore } from '../checkpoint/directory-store.ts'
import { MemoryFiles } from '../checkpoint/fixtures/memory-files.ts'
import { SharedState } from '../state/shared-state.ts'
import { StateMemory } from '../state/state-memory.ts'
import {
  cutShared,
  restoreShared,
  SHARED,
  type SharedCut,
  writeShared,
} from './shared-state-part.ts'

/** What version 1 wrote; every later version restores it. */
const golden = `${import.meta.dirname}/fixtures/golden-shared-v1`

const CUT: SharedCut = [
  [
    'default',
    [
      ['n', 3],
      [['clicks', '/0'], -0.5],
      [12n, { nested: [1, null, new Date(86_400_000)] }],
    ],
  ],
  ['lists', [[true, ['a', 'b', { c: new Map([[1, new Set(['x'])]]) }]]]],
]

const fresh = (bytes = 1 << 16) => new SharedState(StateMemory.allocate(1, bytes), 0)

async function write() {
  const files = new MemoryFiles()
  const store = new DirectoryStore('d', files)
  await store.begin(1)
  const part = new DirectorySite(store.site, files).createPart({ epoch: 1, thread: 2, number: 0 })
  writeShared(CUT, part)
  const head = { job: 'golden', epoch: 1, time: 1_750_000_000_000, savepoint: false }
  const parts = [await part.close()]
  const manifest = buildManifest({ ...head, maxParallelism: 128, operators: [SHARED], parts })
  await store.complete(manifest)
  return { files, manifest }
}

test('the stores of a checkpoint that version 1 wrote are given back, and can be used', async () => {
  const store = new DirectoryStore(golden)
  const [{ manifest }] = await store.list()
  expect(await store.verify(manifest!, 'all')).toBeUndefined()
  const stores = fresh()
  await restoreShared(stores, new DirectorySite(store.site).open(manifest!))
  expect(cutShared(stores)).toEqual(CUT)
  expect(stores.shared('default').increment('n')).toBe(4)
  stores.shared('lists').append(true, 'c')
  expect(stores.shared('lists').get<unknown[]>(true)).toHaveLength(4)
})

test('what is written today is the same, byte for byte', async () => {
  const { files } = await write()
  const names = readdirSync(golden).sort()
  expect(files.paths().map((path) => path.slice(2))).toEqual(names)
  for (const name of names)
    expect(Buffer.from(files.content(`d/${name}`))).toEqual(readFileSync(`${golden}/${name}`))
})

test('stores that do not fit into less memory are refused', async () => {
  const site = new DirectorySite({ kind: 'directory', directory: golden })
  const [{ manifest }] = await new DirectoryStore(golden).list()
  await expect(restoreShared(fresh(512), site.open(manifest!))).rejects.toMatchObject({
    code: 'SAGE_MEMORY',
  })
})
