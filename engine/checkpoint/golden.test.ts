import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { HeapStore } from '../../operators/state/heap-store.ts'
import { ManualClock } from '../../operators/testing/manual-clock.ts'
import { DirectorySite, DirectoryStore } from './directory-store.ts'
import { KEYED, OTHERS, writeGolden } from './fixtures/golden.ts'
import { MemoryFiles } from './fixtures/memory-files.ts'

const directory = `${import.meta.dirname}/fixtures/golden-v1`

async function newest() {
  const store = new DirectoryStore(directory)
  const [{ manifest }] = await store.list()
  return { store, manifest: manifest!, reader: new DirectorySite(store.site).open(manifest!) }
}

describe('the checkpoint that version 1 wrote', () => {
  it('is whole, and says whose it is', async () => {
    const { store, manifest } = await newest()
    expect(await store.verify(manifest, 'all')).toBe(undefined)
    expect(manifest).toMatchObject({
      job: 'golden',
      epoch: 2,
      time: 1_750_000_000_002,
      savepoint: false,
      maxParallelism: 128,
      operators: [
        { uid: 'count', name: 'counter', kind: 'statefulMap', parallelism: 1, visibility: 'none' },
        { uid: 'all', name: 'everything', kind: 'sink', parallelism: 2, visibility: 'recallable' },
      ],
    })
  })

  it('gives back its keyed state', async () => {
    const { reader } = await newest()
    const store = new HeapStore(128, new ManualClock())
    for await (const { subtask, items } of reader.read({ operator: 'count', kind: 'keyed' })) {
      expect(subtask).toBe(0)
      store.restore(items)
    }
    const expected = new Map(KEYED[0].map((entry) => [String(entry.key), entry]))
    for (const entry of KEYED[1]) expected.set(String(entry.key), entry)
    expected.delete('gone')
    const byKey = <T extends { key: unknown }>(entries: Iterable<T>) =>
      [...entries].sort((a, b) => (String(a.key) < String(b.key) ? -1 : 1))
    expect(byKey(store.entries())).toEqual(byKey(expected.values()))
  })

  it.each(Object.keys(OTHERS) as (keyof typeof OTHERS)[])('gives back its %s', async (kind) => {
    const { reader } = await newest()
    const found: unknown[] = []
    for await (const { subtask, items } of reader.read({ operator: 'all', kind, subtask: 1 })) {
      expect(subtask).toBe(1)
      found.push(...items)
    }
    expect(found).toEqual(OTHERS[kind])
    for await (const _ of reader.read({ operator: 'all', kind, subtask: 0 })) expect.unreachable()
  })

  it('is what is written today, byte for byte', async () => {
    const files = new MemoryFiles()
    const store = new DirectoryStore('d', files)
    await writeGolden(store, new DirectorySite(store.site, files))
    const names = readdirSync(directory).sort()
    expect(files.paths().map((path) => path.slice(2))).toEqual(names)
    for (const name of names) {
      expect(
        Buffer.from(files.content(`d/${name}`)).equals(readFileSync(`${directory}/${name}`)),
      ).toBe(true)
    }
  })
})
