import { describe, expect, it } from 'vitest'
import { keyGroup, keyHash } from '../../codec/key.ts'
import type { KeyedEntry } from '../../operators/contract/keyed-store.ts'
import { buildManifest } from './build-manifest.ts'
import { DirectorySite } from './directory-store.ts'
import { MemoryFiles, systemError } from './fixtures/memory-files.ts'
import { BLOCK_BYTES } from './layout.ts'
import type { PartFacts } from './state-model.ts'

const DIRECTORY = 'd'
const GROUPS = 16
const site = (files: MemoryFiles) =>
  new DirectorySite({ kind: 'directory', directory: DIRECTORY }, files)

function entries(count: number): KeyedEntry[] {
  return Array.from({ length: count }, (_, i) => {
    const key = `key ${i}`
    return { group: keyGroup(keyHash(key), GROUPS), key, values: { text: `${i}`.repeat(150) } }
  }).sort((a, b) => a.group - b.group)
}

function manifestOf(parts: PartFacts[]) {
  const operator = { name: 'op', kind: 'map', parallelism: 1, visibility: 'none' as const }
  return buildManifest({
    job: 'job',
    epoch: 1,
    time: 0,
    savepoint: false,
    maxParallelism: GROUPS,
    operators: ['a', 'b'].map((uid) => ({ uid, ...operator })),
    parts,
  })
}

describe('a part', () => {
  it('holds sections that were written side by side, in blocks of a mebibyte', async () => {
    const files = new MemoryFiles()
    const part = site(files).createPart({ epoch: 1, thread: 0, number: 0 })
    const all = entries(8_000)
    const a = part.section({ operator: 'a', kind: 'keyed', subtask: 0 })
    const b = part.section({ operator: 'b', kind: 'operator', subtask: 3 })
    for (const entry of all) {
      if (part.full) await part.room()
      a.add(entry)
      if (entry.key === 'key 5') b.add({ five: [entry.key] })
    }
    a.end()
    b.end()
    const facts = await part.close()
    expect(facts.sections).toEqual([
      { operator: 'a', kind: 'keyed', subtask: 0, items: 8_000, bytes: expect.any(Number) },
      { operator: 'b', kind: 'operator', subtask: 3, items: 1, bytes: expect.any(Number) },
    ])
    expect(facts.bytes).toBe(files.content('d/part-1-0-0').length)
    expect(facts.bytes).toBeGreaterThan(4 * BLOCK_BYTES)

    const reader = site(files).open(manifestOf([facts]))
    const read: unknown[] = []
    for await (const { subtask, items } of reader.read({ operator: 'a', kind: 'keyed' })) {
      expect(subtask).toBe(0)
      read.push(...items)
    }
    expect(read).toEqual(all)
    const lists: unknown[] = []
    for await (const { subtask, items } of reader.read({ operator: 'b', kind: 'operator' })) {
      lists.push(subtask, ...items)
    }
    expect(lists).toEqual([3, { five: ['key 5'] }])
  })

  it('gives any range of key groups, and reads no block that has none of them', async () => {
    const files = new MemoryFiles()
    const part = site(files).createPart({ epoch: 1, thread: 0, number: 0 })
    const all = entries(8_000)
    const section = part.section({ operator: 'a', kind: 'keyed', subtask: 0 })
    for (const entry of all) section.add(entry)
    section.end()
    const reader = site(files).open(manifestOf([await part.close()]))
    const readsOf = async (from: number, to: number): Promise<number> => {
      const before = files.log.length
      const read: unknown[] = []
      const query = { operator: 'a', kind: 'keyed', groups: { from, to } } as const
      for await (const { items } of reader.read(query)) read.push(...items)
      expect(read).toEqual(all.filter(({ group }) => group >= from && group < to))
      return files.log.slice(before).filter((line) => line.startsWith('read')).length
    }
    await readsOf(0, 0)
    const blocks = await readsOf(0, GROUPS)
    expect(blocks).toBeGreaterThanOrEqual(4)
    for (let from = 0; from < GROUPS; from++) {
      expect(await readsOf(from, from + 1)).toBeLessThanOrEqual(2)
    }
  })

  it('takes items larger than a block, and refuses what is no data without harm', async () => {
    const files = new MemoryFiles()
    const part = site(files).createPart({ epoch: 1, thread: 0, number: 0 })
    const section = part.section({ operator: 'a', kind: 'operator', subtask: 0 })
    const large = new Uint8Array(3 * BLOCK_BYTES).fill(7)
    section.add('before')
    expect(() => section.add({ fn: () => 1 })).toThrow(
      expect.objectContaining({ code: 'SAGE_CODEC_UNSUPPORTED' }),
    )
    section.add(large)
    section.add('after')
    section.end()
    const reader = site(files).open(manifestOf([await part.close()]))
    const read: unknown[] = []
    for await (const { items } of reader.read({ operator: 'a', kind: 'operator' }))
      read.push(...items)
    expect(read.length).toBe(3)
    expect([read[0], read[2]]).toEqual(['before', 'after'])
    expect(Buffer.from(read[1] as Uint8Array).equals(large)).toBe(true)
  })

  it('keeps what was added as it was then', async () => {
    const files = new MemoryFiles()
    const part = site(files).createPart({ epoch: 1, thread: 0, number: 0 })
    const section = part.section({ operator: 'a', kind: 'sink', subtask: 0 })
    const item = { n: 1 }
    section.add(item)
    item.n = 2
    section.end()
    const reader = site(files).open(manifestOf([await part.close()]))
    for await (const { items } of reader.read({ operator: 'a', kind: 'sink' })) {
      expect([...items]).toEqual([{ n: 1 }])
    }
  })

  it('never waits while a disk is slow, and says when it has too much', async () => {
    const files = new MemoryFiles()
    let go = () => {}
    const slow = new Promise<void>((resolve) => {
      go = resolve
    })
    files.fault = (operation) => (operation === 'sync' || operation === 'write' ? slow : undefined)
    const part = site(files).createPart({ epoch: 1, thread: 0, number: 0 })
    const section = part.section({ operator: 'a', kind: 'operator', subtask: 0 })
    expect([part.busy, part.full]).toEqual([false, false])
    let added = 0
    for (const text = 'x'.repeat(1 << 16); !part.full; added++) section.add(text)
    expect(added).toBeGreaterThan(8 * 16 - 2)
    section.end()
    let isDone = false
    const closing = part.close().finally(() => {
      isDone = true
    })
    for (let i = 0; i < 100; i++) await Promise.resolve()
    expect([part.busy, part.full, isDone]).toEqual([true, true, false])
    go()
    const facts = await closing
    expect([part.busy, part.full]).toEqual([false, false])
    expect(facts.sections[0].items).toBe(added)
  })

  it('writes what comes at whatever moment while it writes', async () => {
    for (let pause = 0; pause < 12; pause++) {
      const files = new MemoryFiles()
      const part = site(files).createPart({ epoch: 1, thread: 0, number: 0 })
      const section = part.section({ operator: 'a', kind: 'operator', subtask: 0 })
      const large = new Uint8Array(BLOCK_BYTES)
      for (let i = 0; i < 8; i++) {
        section.add(large)
        for (let turn = 0; turn < 4 + pause; turn++) await Promise.resolve()
      }
      section.end()
      await part.close()
      const written = files.log.filter((line) => line === 'write d/part-1-0-0').length
      expect(written).toBe(8 + 2)
    }
  })

  it('room comes when there is some, and when it has failed', async () => {
    for (const code of ['', 'ENOSPC']) {
      const files = new MemoryFiles()
      files.fault = (operation) => {
        if (operation === 'write' && code !== '') throw systemError(code)
      }
      const part = site(files).createPart({ epoch: 1, thread: 0, number: 0 })
      const section = part.section({ operator: 'a', kind: 'operator', subtask: 0 })
      for (const text = 'x'.repeat(1 << 16); !part.full; ) section.add(text)
      await part.room()
      expect(part.full).toBe(false)
      section.add('more')
      section.end()
      if (code === '') expect((await part.close()).sections[0].items).toBeGreaterThan(100)
      else await expect(part.close()).rejects.toMatchObject({ code: 'SAGE_FILE', cause: { code } })
      expect(files.handles).toBe(0)
    }
  })

  it('that is given up leaves no file', async () => {
    const files = new MemoryFiles()
    const part = site(files).createPart({ epoch: 1, thread: 0, number: 0 })
    const section = part.section({ operator: 'a', kind: 'operator', subtask: 0 })
    for (let i = 0; i < 40; i++) section.add('x'.repeat(1 << 16))
    await part.abort()
    expect([files.paths(), files.handles, part.busy]).toEqual([[], 0, false])
    section.add('dropped')
  })

  it('is closed once, with all sections ended', async () => {
    const part = site(new MemoryFiles()).createPart({ epoch: 1, thread: 0, number: 0 })
    const section = part.section({ operator: 'a', kind: 'operator', subtask: 0 })
    await expect(part.close()).rejects.toMatchObject({ code: 'SAGE_STATE' })
    section.end()
    await part.close()
    await expect(part.close()).rejects.toMatchObject({ code: 'SAGE_STATE' })
    expect(() => part.section({ operator: 'a', kind: 'operator', subtask: 0 })).toThrow(
      "expected 'd/part-1-0-0' to be open, got a closed part",
    )
  })
})
