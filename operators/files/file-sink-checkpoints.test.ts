import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { watched } from '../../engine/checkpoint/fixtures/watched-files.ts'
import type { Files } from '../contract/files.ts'
import { nodeFiles } from '../contract/node-files.ts'
import type { SinkRecovery } from '../contract/operator.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { FileSink, type FileSinkOptions } from './file-sink.ts'
import { folderWith, readAll } from './fixtures/read-all.ts'

/** A sink as a subtask of a job with checkpoints has it, open. */
async function sinkOf(
  options: FileSinkOptions,
  {
    subtask = 0,
    parallelism = 1,
    from,
    files,
  }: Place & { from?: Partial<SinkRecovery>; files?: Files } = {},
) {
  const sink = new FileSink(options, files)
  sink.ctx = { subtask, parallelism, clock: new ManualClock() } as any
  sink.checkpointed = true
  if (from !== undefined) await sink.recover({ epoch: 0, pending: [], later: [], ...from })
  await sink.open()
  return sink
}

interface Place {
  readonly subtask?: number
  readonly parallelism?: number
}

const files = (folder: string) =>
  (readdirSync(folder, { recursive: true }) as string[])
    .filter((name) => name.includes('part-'))
    .sort()

const visible = (folder: string) => files(folder).filter((name) => !/(^|\/)\./.test(name))

test('files become visible when their checkpoint is complete, not before', async () => {
  const path = folderWith({})
  const sink = await sinkOf({ path, format: 'lines', rollBytes: 4 })
  for (const record of ['a', 'long', 'b']) await sink.execute(record)
  const first = structuredClone(await sink.prepare(7))
  expect(files(path)).toEqual(['.part-0-7-1.txt', '.part-0-7.txt'])
  await sink.execute('c')
  await sink.commit(7)
  expect(visible(path)).toEqual(['part-0-7-1.txt', 'part-0-7.txt'])
  expect(first).toEqual({
    files: [
      { folder: '', name: 'part-0-7.txt' },
      { folder: '', name: 'part-0-7-1.txt' },
    ],
  })
  await sink.prepare(8)
  await sink.commit(8)
  expect(await sink.prepare(9)).toBeUndefined()
  await sink.commit(9)
  await sink.finish()
  await sink.close()
  expect(visible(path)).toEqual(['part-0-7-1.txt', 'part-0-7.txt', 'part-0-8.txt'])
  expect(readFileSync(join(path, 'part-0-8.txt'), 'utf8')).toBe('c\n')
})

test('what a checkpoint held that was given up goes with the next one', async () => {
  const path = folderWith({})
  const sink = await sinkOf({ path, format: 'json', partition: ({ day }) => day })
  await sink.execute({ day: 'a/b', n: 1 })
  await sink.prepare(1)
  await sink.execute({ day: 'c', n: 2 })
  expect(await sink.prepare(2)).toEqual({
    files: [
      { folder: 'a/b', name: 'part-0-1.json' },
      { folder: 'c', name: 'part-0-2.json' },
    ],
  })
  await sink.commit(2)
  await sink.close()
  expect(visible(path)).toEqual(['a/b/part-0-1.json', 'c/part-0-2.json'])
})

test.each(['lines', 'json', 'csv', 'parquet'] as const)(
  '%s: every file is whole',
  async (format) => {
    const path = folderWith({})
    const sink = await sinkOf({ path, format })
    const record = (n: number) => (format === 'lines' ? String(n) : { n: String(n) })
    for (let epoch = 1; epoch <= 3; epoch++) {
      for (let i = 0; i < 10; i++) await sink.execute(record(epoch * 10 + i))
      await sink.prepare(epoch)
      await sink.commit(epoch)
    }
    await sink.close()
    expect(visible(path)).toHaveLength(3)
    const records = await readAll(`${path}/*`, { format })
    expect(records.map((one) => JSON.stringify(one)).sort()).toEqual(
      Array.from({ length: 30 }, (_, i) => JSON.stringify(record(10 + i))).sort(),
    )
  },
)

test('a commit that was cut short is done by whoever goes on, at any parallelism, and again', async () => {
  const path = folderWith({})
  const pending: unknown[] = []
  for (const subtask of [0, 1, 2]) {
    const sink = await sinkOf({ path, format: 'lines' }, { subtask, parallelism: 3 })
    await sink.execute(`of ${subtask}`)
    pending.push(await sink.prepare(5))
    if (subtask === 1) await sink.commit(5)
    await sink.execute('in no checkpoint')
    if (subtask === 2) await sink.prepare(6)
    await sink.close()
  }
  expect(visible(path)).toEqual(['part-1-5.txt'])
  expect(files(path)).toContain('.part-2-6.txt')
  for (let again = 0; again < 2; again++) {
    const [first, second] = [[0, 2], [1]].map((own) => ({
      epoch: 5,
      pending: own.map((i) => pending[i]),
    }))
    await Promise.all([
      sinkOf({ path, format: 'lines' }, { subtask: 0, parallelism: 2, from: first }),
      sinkOf({ path, format: 'lines' }, { subtask: 1, parallelism: 2, from: second }),
    ])
    expect(files(path)).toEqual(['part-0-5.txt', 'part-1-5.txt', 'part-2-5.txt'])
  }
  expect(await readAll(`${path}/*`, { format: 'lines' })).toEqual(['of 0', 'of 1', 'of 2'])
})

test('what a loss of power must not take is on the disk before anybody relies on it', async () => {
  const root = folderWith({})
  const path = join(root, 'new', 'out')
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, '.part-0-open-7.txt'), '')
  const log: string[] = []
  const relative = (one: string) => one.replace(path, 'out').replace(root, '')
  const files = watched(nodeFiles, (operation, one) => {
    log.push(`${operation} ${relative(one)}`)
  })
  const done = () => log.splice(0)
  const sink = await sinkOf({ path, format: 'lines', partition: () => 'a/b' }, { files })
  expect(done()).toEqual([
    'makeDirectory out',
    'syncDirectory /new',
    'list out',
    'remove out/.part-0-open-7.txt',
    'syncDirectory out',
  ])
  await sink.execute('x')
  await sink.prepare(3)
  expect(done()).toEqual([
    'makeDirectory out/a/b',
    'create out/a/b/.part-0-open-0.txt',
    'write out/a/b/.part-0-open-0.txt',
    'sync out/a/b/.part-0-open-0.txt',
    'close out/a/b/.part-0-open-0.txt',
    'open out/a/b/.part-0-3.txt',
    'rename out/a/b/.part-0-open-0.txt',
    'syncDirectory out/a',
    'syncDirectory out/a/b',
    'syncDirectory out',
  ])
  await sink.commit(3)
  expect(done()).toEqual([
    'open out/a/b/.part-0-3.txt',
    'close out/a/b/.part-0-3.txt',
    'open out/a/b/part-0-3.txt',
    'rename out/a/b/.part-0-3.txt',
    'syncDirectory out/a/b',
  ])
  await sink.execute('y')
  await sink.prepare(4)
  await sink.close()
  done()
  const from = { epoch: 3, pending: [{ files: [{ folder: 'a/b', name: 'part-0-3.txt' }] }] }
  await sinkOf({ path, format: 'lines' }, { files, from })
  expect(done()).toEqual([
    'makeDirectory out',
    'syncDirectory /new',
    'open out/a/b/.part-0-3.txt',
    'open out/a/b/part-0-3.txt',
    'close out/a/b/part-0-3.txt',
    'syncDirectory out/a/b',
    'list out',
    'list out/a',
    'list out/a/b',
    'remove out/a/b/.part-0-4.txt',
    'syncDirectory out/a/b',
  ])
})

test('a pending file that is nowhere is an error', async () => {
  const path = folderWith({})
  const pending = [{ files: [{ folder: '', name: 'part-0-1.txt' }] }]
  await expect(
    sinkOf({ path, format: 'lines' }, { from: { epoch: 1, pending } }),
  ).rejects.toMatchObject({
    code: 'SAGE_FILE',
    message: expect.stringContaining('part-0-1.txt'),
  })
})

test('going back takes back what later checkpoints made visible, and nothing else', async () => {
  const path = folderWith({})
  const held = new Map<number, unknown>()
  const sink = await sinkOf({ path, format: 'lines', partition: (name) => name })
  for (let epoch = 1; epoch <= 5; epoch++) {
    await sink.execute(epoch % 2 === 0 ? 'even' : 'odd')
    held.set(epoch, await sink.prepare(epoch))
    if (epoch !== 3) await sink.commit(epoch)
  }
  await sink.close()
  writeFileSync(join(path, 'even', 'notes.txt'), '')
  const from = {
    epoch: 2,
    pending: [held.get(2)],
    // 3 was given up; 4 made its files visible.
    later: [
      { epoch: 4, pending: [held.get(4)] },
      { epoch: 5, pending: undefined },
    ],
  }
  const options = { path, format: 'lines', partition: (name: string) => name } as const
  await sinkOf(options, { from })
  expect(visible(path)).toEqual(['even/part-0-2.txt', 'odd/part-0-1.txt'])
  expect(readdirSync(join(path, 'even'))).toContain('notes.txt')
})

test('going back takes back what checkpoints made visible that are not kept any more', async () => {
  const path = folderWith({})
  const sink = await sinkOf({ path, format: 'lines' })
  const held = new Map<number, unknown>()
  for (let epoch = 1; epoch <= 5; epoch++) {
    await sink.execute(`in ${epoch}`)
    held.set(epoch, await sink.prepare(epoch))
    await sink.commit(epoch)
  }
  await sink.close()
  const from = { epoch: 1, pending: [held.get(1)], later: [{ epoch: 5, pending: [held.get(5)] }] }
  await sinkOf({ path, format: 'lines' }, { from })
  expect(visible(path)).toEqual(['part-0-1.txt'])
})

test.each([
  ['a later epoch that no checkpoint names', 'part-0-9.txt'],
  ['a later epoch of a readable checkpoint that does not name it', 'part-0-3-7.txt'],
  ['another form of name', 'part-00000.txt'],
  ['another form of number', 'part-0-03.txt'],
])('refuses a file of somebody else: %s', async (_, name) => {
  const path = folderWith({ 'part-0-2.txt': 'own', 'part-0-3.txt': 'later', [name]: 'foreign' })
  const later = [{ epoch: 3, pending: [{ files: [{ folder: '', name: 'part-0-3.txt' }] }] }]
  await expect(
    sinkOf({ path, format: 'lines' }, { from: { epoch: 2, later } }),
  ).rejects.toMatchObject({ code: 'SAGE_FILE', message: expect.stringContaining(name) })
  expect(files(path)).toEqual(['part-0-2.txt', 'part-0-3.txt', name].sort())
})

test('a job that begins without a checkpoint refuses visible files and removes hidden ones', async () => {
  const path = folderWith({ '.part-0-3.txt': 'x', '.part-0-open-0.txt': 'y' })
  await sinkOf({ path, format: 'lines' })
  expect(files(path)).toEqual([])
  writeFileSync(join(path, 'part-0-1.txt'), '')
  await expect(sinkOf({ path, format: 'lines' })).rejects.toMatchObject({ code: 'SAGE_FILE' })
})

test('what the disk refuses is told by prepare and by commit', async () => {
  const path = folderWith({})
  const sink = await sinkOf({ path, format: 'lines' })
  await sink.execute('x')
  await sink.prepare(1)
  mkdirSync(join(path, 'part-0-1.txt'))
  await expect(sink.commit(1)).rejects.toMatchObject({ code: 'SAGE_FILE', endsJob: true })
  await sink.close()
  const other = await sinkOf({
    path: folderWith({ sub: 'a file' }),
    format: 'lines',
    partition: () => 'sub',
  })
  await other.execute('x')
  await expect(other.prepare(1)).rejects.toMatchObject({ code: 'SAGE_FILE' })
  await other.close()
})

test('two sinks in one folder: the second fails, and replaces nothing', async () => {
  const path = folderWith({})
  const [first, second] = [
    await sinkOf({ path, format: 'lines' }),
    await sinkOf({ path, format: 'lines' }),
  ]
  const refused = {
    code: 'SAGE_FILE',
    message: expect.stringContaining('only one sink of one job may write to a folder'),
  }
  await first.execute('of the first')
  await first.prepare(1)
  await second.execute('of the second')
  await expect(second.prepare(1)).rejects.toMatchObject(refused)
  await first.commit(1)
  await second.close()
  await first.execute('more')
  await first.prepare(2)
  writeFileSync(join(path, 'part-0-2.txt'), 'of somebody else')
  await expect(first.commit(2)).rejects.toMatchObject(refused)
  await first.close()
  expect(readFileSync(join(path, 'part-0-1.txt'), 'utf8')).toBe('of the first\n')
  expect(readFileSync(join(path, 'part-0-2.txt'), 'utf8')).toBe('of somebody else')
})
