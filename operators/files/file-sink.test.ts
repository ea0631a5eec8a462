import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ManualClock } from '../testing/manual-clock.ts'
import { FileSink, type FileSinkOptions } from './file-sink.ts'
import { folderWith, readAll } from './fixtures/read-all.ts'
import { partitionFolder } from './part-folder.ts'

/** A sink as a subtask has it, open. */
async function sinkOf(
  options: FileSinkOptions,
  subtask = 0,
  parallelism = 1,
  clock = new ManualClock(),
) {
  const sink = new FileSink(options)
  sink.ctx = { subtask, parallelism, clock } as any
  await sink.open()
  return sink
}

async function write(options: FileSinkOptions, records: Iterable<unknown>): Promise<FileSink> {
  const sink = await sinkOf(options)
  for (const record of records) await sink.execute(record)
  await sink.finish()
  await sink.close()
  return sink
}

const files = (folder: string) => (readdirSync(folder, { recursive: true }) as string[]).sort()

test.each([
  ['lines', ['a', 'é', '', 1, 2n, true], 'txt', 'a\né\n\n1\n2\ntrue\n'],
  ['json', [{ a: 1n }, [null], 'x\n', 0], 'json', '{"a":1}\n[null]\n"x\\n"\n0\n'],
  [
    'csv',
    [{ a: 1, b: 'x,"y"\nz' }, { b: new Date(0) }, { a: null, b: [1] }],
    'csv',
    'a,b\n1,"x,""y""\nz"\n,1970-01-01T00:00:00.000Z\n,[1]\n',
  ],
  [
    'csv',
    [
      ['a', 1],
      ['', false],
    ],
    'csv',
    'a,1\n,false\n',
  ],
  ['csv', [{ a: '' }, { a: 'b' }], 'csv', 'a\n""\nb\n'],
] as const)('%s: %o', async (format, records, extension, expected) => {
  const path = join(folderWith({}), 'out/deep')
  await write({ path, format }, records)
  expect(files(path)).toEqual([`part-0-0.${extension}`])
  expect(readFileSync(join(path, `part-0-0.${extension}`), 'utf8')).toBe(expected)
})

test.each([
  [{ a: [1n], z: 1 }, 'TypeError'],
  [{}, 'StreamError'],
  [[], 'StreamError'],
])('csv: a first record that is refused is none: %o', async (bad, name) => {
  const path = folderWith({})
  const sink = await sinkOf({ path, format: 'csv' })
  expect(() => sink.execute(bad)).toThrow(expect.objectContaining({ name }))
  sink.execute({ b: 2 })
  sink.execute({})
  await sink.finish()
  await sink.close()
  expect(readFileSync(join(path, 'part-0-0.csv'), 'utf8')).toBe('b\n2\n""\n')
})

test('what is written as parquet is read back', async () => {
  const path = folderWith({})
  const records = Array.from({ length: 33_000 }, (_, i) => ({
    id: i,
    big: i % 2 ? 2n ** 60n : null,
    text: i % 3 ? `text ${i % 100}` : null,
    at: new Date(i * 1000),
    yes: i % 2 > 0,
    bytes: new Uint8Array([i & 255]),
    nested: { list: [i % 4, 'é'] },
  }))
  await write({ path, format: 'parquet' }, records)
  expect(files(path)).toEqual(['part-0-0.parquet'])
  expect(await readAll(`${path}/*`, { format: 'parquet' })).toEqual(records)
})

test('a parquet file ends where a column would change', async () => {
  const path = folderWith({})
  const plain = Array.from({ length: 32_768 }, (_, a) => ({ a, b: null }))
  await write({ path, format: 'parquet' }, [...plain, { a: -1, b: 'now text' }, { c: 1 }])
  expect(files(path)).toEqual(['part-0-0-1.parquet', 'part-0-0.parquet'])
  const later = await readAll(`${path}/part-0-0-1.parquet`, { format: 'parquet' })
  expect(later).toEqual([
    { a: -1, b: 'now text', c: null },
    { a: null, b: null, c: 1 },
  ])
})

test.each([
  ['lines', { a: 1 }, 'x'],
  ['json', undefined, 1],
  ['csv', 'text', { a: 1 }],
  ['csv', [1], { a: 1 }],
  ['csv', { a: 1, z: 2 }, { a: 1 }],
  ['parquet', [1], { a: 1 }],
  ['parquet', {}, { a: 1 }],
  ['parquet', { a: 'text' }, { a: 1 }],
  ['parquet', { b: 2n ** 63n }, { a: 1 }],
  ['parquet', { a: new Date(Number.NaN) }, { a: 1 }],
  ['parquet', { b: new Map([[1, 2]]) }, { a: 1 }],
  ['csv', { a: new Set([1]) }, { a: 1 }],
  ['json', new Map([[1, 2]]), 1],
  ['json', { deep: [{ bytes: Uint8Array.of(1) }] }, 1],
  ['json', [new ArrayBuffer(1)], 1],
  ['json', [/x/, new Error('x')], 1],
] as const)('%s: %o is refused and leaves no trace', async (format, bad, good) => {
  const path = folderWith({})
  const sink = await sinkOf({ path, format })
  sink.execute(good)
  expect(() => sink.execute(bad)).toThrow(expect.objectContaining({ code: 'SAGE_SCHEMA_MISMATCH' }))
  sink.execute(good)
  await sink.finish()
  await sink.close()
  const records = await readAll(`${path}/*`, { format })
  expect(records.map(String)).toEqual(
    format === 'csv' ? Array(2).fill('[object Object]') : [good, good].map(String),
  )
})

test('a file whose only record was refused is never made', async () => {
  const path = folderWith({})
  const sink = await sinkOf({ path, format: 'csv' })
  expect(() => sink.execute('text')).toThrow()
  await sink.finish()
  await sink.close()
  expect(files(path)).toEqual([])
})

test('files are hidden until they are finished; rolls by size and age', async () => {
  const path = folderWith({})
  const clock = new ManualClock()
  const options = { path, format: 'lines', rollBytes: 10, rollEvery: '1s' } as const
  const sink = await sinkOf(options, 3, 4, clock)
  sink.execute('12345678')
  expect(files(path).filter((name) => !name.startsWith('.'))).toEqual([])
  sink.execute('9')
  await sink.execute('a')
  clock.advance(999)
  sink.execute('b')
  clock.advance(1)
  sink.execute('c')
  await sink.finish()
  await sink.close()
  expect(files(path)).toEqual(['part-3-0-1.txt', 'part-3-0-2.txt', 'part-3-0.txt'])
  expect(await readAll(`${path}/part-3-0.txt`, { format: 'lines' })).toEqual(['12345678', '9'])
  expect(await readAll(`${path}/part-3-0-1.txt`, { format: 'lines' })).toEqual(['a', 'b'])
  expect(await readAll(`${path}/part-3-0-2.txt`, { format: 'lines' })).toEqual(['c'])
})

test('without finish, what is unfinished stays hidden and goes with the next run', async () => {
  const path = folderWith({})
  const sink = await sinkOf({ path, format: 'lines' })
  const record = 'x'.repeat(70_000)
  await sink.execute(record)
  await sink.close()
  expect(files(path)).toEqual(['.part-0-0.txt'])
  await write({ path, format: 'lines' }, ['y'])
  expect(files(path)).toEqual(['part-0-0.txt'])
  expect(readFileSync(join(path, 'part-0-0.txt'), 'utf8')).toBe('y\n')
})

test('files of an earlier run are refused, those of another subtask not', async () => {
  const path = folderWith({ 'part-1-0.txt': 'x', '.part-1-0-1.txt': 'y', 'notes.txt': 'z' })
  const refused = { code: 'SAGE_FILE', message: expect.stringContaining('part-1-0.txt') }
  await expect(sinkOf({ path, format: 'lines' }, 1, 2)).rejects.toMatchObject(refused)
  await expect(sinkOf({ path, format: 'lines' }, 0, 1)).rejects.toMatchObject(refused)
  await sinkOf({ path, format: 'lines' }, 0, 2)
  expect(files(path)).toEqual(['.part-1-0-1.txt', 'notes.txt', 'part-1-0.txt'])
  const foreign = folderWith({ 'part-r-00000': 'x' })
  await expect(sinkOf({ path: foreign, format: 'lines' })).rejects.toMatchObject({
    code: 'SAGE_FILE',
  })
})

test('partitions are folders, whatever their names', async () => {
  const path = folderWith({})
  const names = ['a', 'day=2001-01-01/hour=3', '..', '../../b', '.hidden', 'c:\\d', '%2E', 'e%']
  const partition = (name: string) => name
  await write({ path, format: 'lines', partition }, names)
  expect(files(path).filter((name) => name.endsWith('.txt'))).toEqual(
    [
      'a',
      'day=2001-01-01/hour=3',
      '%2E%2E',
      '%2E%2E/%2E%2E/b',
      '%2Ehidden',
      'c%3A%5Cd',
      '%252E',
      'e%25',
    ]
      .map((name) => join(name, 'part-0-0.txt'))
      .sort(),
  )
  const sink = await sinkOf({ path: folderWith({}), format: 'lines', partition })
  for (const bad of ['', 'a//b', '/a', 7, null]) {
    expect(() => sink.execute(bad)).toThrow(expect.objectContaining({ code: 'SAGE_PARTITION' }))
  }
})

test('a partition never leaves the folder and never meets another', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      const named = [a, b].filter((name) => name !== '' && !name.split('/').includes(''))
      fc.pre(named.length === 2)
      const [first, second] = named.map((name) => partitionFolder('/out', name))
      expect(first.startsWith('/out/')).toBe(true)
      expect(first === second).toBe(a === b)
    }),
  )
})

test('many partitions at a time: all records arrive, few files are open', async () => {
  const path = folderWith({})
  const records = Array.from({ length: 300 }, (_, i) => i)
  const partition = (record: number) => String(record % 100)
  await write({ path, format: 'json', partition }, records)
  expect(await readAll(`${path}/7/*`, { format: 'json' })).toEqual([107, 207, 7].sort())
  const all = await readAll(`${path}/**/*.json`, { format: 'json' })
  expect(all.sort((a, b) => a - b)).toEqual(records)
})

test('execute asks for patience only while much is on its way', async () => {
  const sink = await sinkOf({ path: folderWith({}), format: 'lines' })
  const record = 'x'.repeat(100_000)
  const answers = Array.from({ length: 15 }, () => sink.execute(record))
  expect(answers.slice(0, 10)).toEqual(Array(10).fill(undefined))
  expect(answers[14]).toBeInstanceOf(Promise)
  await Promise.all(answers)
  expect(sink.execute(record)).toBe(undefined)
  await sink.close()
})

test('what the disk refuses is SAGE_FILE, at the next call and at the end', async () => {
  const path = folderWith({ sub: 'a file where a folder is needed' })
  const sink = await sinkOf({ path, format: 'lines', partition: () => 'sub' })
  await sink.execute('x')
  const failure = { code: 'SAGE_FILE', endsJob: true, message: expect.stringContaining('sub') }
  await expect(sink.finish()).rejects.toMatchObject(failure)
  expect(() => sink.execute('y')).toThrow(expect.objectContaining(failure))
  await sink.close()
  const file = join(folderWith({ taken: '' }), 'taken')
  await expect(sinkOf({ path: file, format: 'lines' })).rejects.toMatchObject({ code: 'SAGE_FILE' })
})

test.each([
  undefined,
  {},
  { path: '', format: 'csv' },
  { path: 'a', format: 'xml' },
  { path: 'a', format: 'toString' },
  { path: 'a', format: 'csv', partition: 'x' },
  { path: 'a', format: 'csv', rollBytes: 0 },
  { path: 'a', format: 'csv', rollEvery: 'soon' },
])('wrong options are refused by the constructor: %j', (options) => {
  expect(() => new FileSink(options as any)).toThrow(
    expect.objectContaining({ code: 'SAGE_OPTION' }),
  )
})
