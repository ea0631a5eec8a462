import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { checkReplay, folderWith, readAll, sourceOf, tiny } from './fixtures/read-all.ts'

const csv = { format: 'csv' } as const
const content =
  '\uFEFFid,name,note\r\n1,"Ünal, A.","said ""hi""\nand left"\r\n\r\n2,,plain\n3,"",🚀\r\n'
const rows = [
  { id: '1', name: 'Ünal, A.', note: 'said "hi"\nand left' },
  { id: '2', name: '', note: 'plain' },
  { id: '3', name: '', note: '🚀' },
]

test('objects by header, quoted fields, mixed line ends, plain and unpacked', async () => {
  const folder = folderWith({ 'a.csv': content, 'a.csv.gz': gzipSync(content) })
  expect(await readAll(`${folder}/a.csv`, csv)).toEqual(rows)
  expect(await readAll(`${folder}/a.csv`, csv, tiny)).toEqual(rows)
  expect(await readAll(`${folder}/a.csv.gz`, csv, tiny)).toEqual(rows)
})

test('only the wanted columns, in the order asked for', async () => {
  const folder = folderWith({ 'a.csv': content })
  const picked = await readAll(`${folder}/a.csv`, { format: 'csv', columns: ['note', 'id'] })
  expect(picked.map((row) => Object.entries(row))).toEqual(
    rows.map(({ id, note }) => [
      ['note', note],
      ['id', id],
    ]),
  )
  await expect(readAll(`${folder}/a.csv`, { format: 'csv', columns: ['no'] })).resolves.toEqual([
    expect.objectContaining({ code: 'SAGE_FILE', endsJob: true }),
  ])
})

test('without a header: arrays, or objects by the names given', async () => {
  const folder = folderWith({ 'a.csv': '1,2\n3,4,5\n' })
  expect(await readAll(`${folder}/a.csv`, { format: 'csv', header: false })).toEqual([
    ['1', '2'],
    ['3', '4', '5'],
  ])
  const named = await readAll(`${folder}/a.csv`, {
    format: 'csv',
    header: false,
    columns: ['a', 'b'],
  })
  expect(named).toEqual([{ a: '1', b: '2' }, expect.objectContaining({ code: 'SAGE_FILE' })])
})

test('a row of the wrong length is one error with path and line', async () => {
  const folder = folderWith({ 'a.csv': 'a,b\n1,2\n3\n4,5\n6,7,8\n9,0\n' })
  const path = `${folder}/a.csv`
  const records = await readAll(path, csv, tiny)
  expect(records.map((record) => (record instanceof Error ? record.message : record))).toEqual([
    { a: '1', b: '2' },
    `file '${path}', line 3: expected 2 fields, got 1: ["3"]`,
    { a: '4', b: '5' },
    `file '${path}', line 5: expected 2 fields, got 3: ["6","7","8"]`,
    { a: '9', b: '0' },
  ])
})

test('a quote that is never closed is one error', async () => {
  const folder = folderWith({ 'a.csv': 'a,b\n1,2\n3,"x\n' })
  const records = await readAll(`${folder}/a.csv`, csv, tiny)
  expect(records).toEqual([
    { a: '1', b: '2' },
    expect.objectContaining({
      code: 'SAGE_FILE',
      message: expect.stringContaining('Quote Not Closed'),
    }),
  ])
})

test('a column name given twice is refused', async () => {
  const folder = folderWith({ 'a.csv': 'a,b,a\n1,2,3\n' })
  const reader = await sourceOf(`${folder}/a.csv`, csv).open(`${folder}/a.csv#0-`)
  await expect((async () => reader.next(1))()).rejects.toMatchObject({ endsJob: true })
})

test('every position continues where it was taken', async () => {
  const folder = folderWith({ 'a.csv': content, 'a.csv.gz': gzipSync(content) })
  for (const name of ['a.csv', 'a.csv.gz']) {
    const source = sourceOf(`${folder}/${name}`, csv, tiny)
    expect(await checkReplay(source, `${folder}/${name}#0-`)).toEqual(rows)
  }
})

test('a column may have any name', async () => {
  const folder = folderWith({ 'a.csv': '__proto__,"a b",constructor\n1,2,3\n' })
  const [row] = await readAll(`${folder}/a.csv`, csv)
  expect(Object.entries(row)).toEqual([
    ['__proto__', '1'],
    ['a b', '2'],
    ['constructor', '3'],
  ])
})
