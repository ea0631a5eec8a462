import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { fileSource } from './file-source.ts'
import { folderWith, readAll, sourceOf } from './fixtures/read-all.ts'

const lines = { format: 'lines' } as const

test.each([
  ['', { format: 'lines' }],
  [[], { format: 'lines' }],
  [['a', 1], { format: 'lines' }],
  ['a', undefined],
  ['a', { format: 'xml' }],
  ['a', { format: 'lines', columns: ['a'] }],
  ['a', { format: 'csv', columns: [] }],
  ['a', { format: 'csv', columns: ['a', 'a'] }],
  ['a', { format: 'csv', columns: 'a' }],
  ['a', { format: 'json', header: true }],
  ['a', { format: 'csv', header: 'yes' }],
  ['a', { format: 'lines', split: 1 }],
])('wrong options are refused at once: %j %j', (paths, options) => {
  expect(() => fileSource(paths as string, options as any)).toThrow(
    expect.objectContaining({ code: 'SAGE_OPTION' }),
  )
})

test('globs name files by code point, without folders and hidden files', async () => {
  const folder = folderWith({ 'b.txt': 'b', 'a.txt': 'a', '.c.txt': 'c', 'd.csv': 'd' })
  mkdirSync(`${folder}/z.txt`)
  writeFileSync(`${folder}/z.txt/e.txt`, 'e')
  expect(await readAll(`${folder}/*.txt`, lines)).toEqual(['a', 'b'])
  expect(await readAll(`${folder}/**/*.txt`, lines)).toEqual(['a', 'b', 'e'])
  expect(await readAll([`${folder}/d.csv`, `${folder}/{a,b}.txt`], lines)).toEqual(['d', 'a', 'b'])
  expect(await readAll([`${folder}/a.txt`, `${folder}/*.txt`], lines)).toEqual(['a', 'b'])
})

test('a path that exists is no glob', async () => {
  const folder = folderWith({ 'x[1].txt': 'x', 'x1.txt': 'y', 'a#3.txt': 'z' })
  expect(await readAll(`${folder}/x[1].txt`, lines)).toEqual(['x'])
  expect(await readAll(`${folder}/a#3.txt`, lines)).toEqual(['z'])
})

test('missing, unreadable and wrong paths are SAGE_FILE and named', async () => {
  const folder = folderWith({})
  for (const path of [`${folder}/no.txt`, `${folder}/*.none`, folder]) {
    await expect(readAll(path, lines)).rejects.toMatchObject({
      code: 'SAGE_FILE',
      endsJob: true,
      message: expect.stringContaining(path),
    })
  }
  const source = sourceOf(`${folder}/no.txt`, lines)
  await expect((async () => source.open(`${folder}/no.txt#0-`))()).rejects.toMatchObject({
    code: 'SAGE_FILE',
    message: expect.stringContaining('ENOENT'),
  })
})

test.skipIf(process.platform === 'win32')(
  'a pipe is no file, and not taken for an empty one',
  async () => {
    const folder = folderWith({ 'a.txt': 'a' })
    execFileSync('mkfifo', [`${folder}/b.txt`])
    await expect(readAll(`${folder}/b.txt`, lines)).rejects.toMatchObject({
      code: 'SAGE_FILE',
      message: expect.stringContaining('got a pipe or a device, which fromReadable can read'),
    })
    expect(await readAll(`${folder}/*.txt`, lines)).toEqual(['a'])
  },
)

test.skipIf(process.getuid?.() === 0)('a file without permission is SAGE_FILE', async () => {
  const folder = folderWith({ 'a.txt': 'x' })
  chmodSync(`${folder}/a.txt`, 0)
  await expect(readAll(`${folder}/a.txt`, lines)).rejects.toMatchObject({ code: 'SAGE_FILE' })
})

test('a cut-off gzip file ends the job, whatever had been read', async () => {
  const whole = gzipSync(Array.from({ length: 5000 }, (_, i) => `line ${i * 7919}`).join('\n'))
  const folder = folderWith({ 'a.gz': whole.subarray(0, whole.length >> 1), 'b.gz': 'no gzip' })
  for (const name of ['a.gz', 'b.gz']) {
    const read = async () => {
      const reader = await sourceOf(`${folder}/${name}`, lines).open(`${folder}/${name}#0-`)
      while ((await reader.next(1000)) !== null);
    }
    await expect(read()).rejects.toMatchObject({
      code: 'SAGE_FILE',
      endsJob: true,
      message: expect.stringContaining(`${folder}/${name}`),
    })
  }
})
