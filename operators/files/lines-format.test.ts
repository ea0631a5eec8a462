import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkReplay, folderWith, readAll, sourceOf, tiny } from './fixtures/read-all.ts'

const lines = { format: 'lines' } as const

test.each([
  ['', []],
  ['a', ['a']],
  ['a\n', ['a']],
  ['a\r\nb\n', ['a', 'b']],
  ['\n\n', ['', '']],
  ['a\n\nb', ['a', '', 'b']],
  ['a\r', ['a\r']],
  ['\r\n', ['']],
  ['\uFEFFa\n\uFEFFb', ['a', '\uFEFFb']],
  ['\uFEFF', []],
  ['héllo wörld ☂ 🚀🚀\nx', ['héllo wörld ☂ 🚀🚀', 'x']],
])('%j', async (text, expected) => {
  const folder = folderWith({ 'a.txt': text, 'a.txt.gz': gzipSync(text) })
  expect(await readAll(`${folder}/a.txt`, lines)).toEqual(expected)
  expect(await readAll(`${folder}/a.txt`, lines, tiny)).toEqual(expected)
  expect(await readAll(`${folder}/a.txt.gz`, lines, tiny)).toEqual(expected)
})

const line = fc.string({ unit: fc.constantFrom('a', 'é', '🚀', ' ', ',', '"'), maxLength: 60 })
const text = fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n')), { maxLength: 20 })

test('ranges of any size give the lines of the whole, once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(text, fc.integer({ min: 1, max: 50 }), async (parts, rangeBytes) => {
      const folder = folderWith({ 'a.txt': parts.flat().join('') })
      const tuning = { wholeBytes: 1, rangeBytes, chunkBytes: 5 }
      const expected = parts.map(([content]) => content)
      expect(await readAll(`${folder}/a.txt`, lines, tuning)).toEqual(expected)
    }),
    { numRuns: 60 },
  )
})

test('every position continues where it was taken', async () => {
  const content = '\uFEFFone\r\n\n三\nfour, a long one\r\nfive\nsix'
  const folder = folderWith({ 'a.txt': content, 'a.gz': gzipSync(content) })
  const records: string[] = []
  const split = sourceOf(`${folder}/a.txt`, lines, { ...tiny, wholeBytes: 20 })
  expect(await split.partitions()).toHaveLength(3)
  for (const part of await split.partitions()) records.push(...(await checkReplay(split, part)))
  expect(records).toEqual(['one', '', '三', 'four, a long one', 'five', 'six'])
  const packed = sourceOf(`${folder}/a.gz`, lines, tiny)
  expect(await packed.partitions()).toHaveLength(1)
  expect(await checkReplay(packed, `${folder}/a.gz#0-`)).toEqual(records)
})

test('split: false keeps the file in one part', async () => {
  const folder = folderWith({ 'a.txt': 'x\n'.repeat(100) })
  const source = sourceOf(`${folder}/a.txt`, { format: 'lines', split: false }, tiny)
  expect(await source.partitions()).toEqual([`${folder}/a.txt#0-200`])
})

test('a file that became shorter than its ranges is refused', async () => {
  const folder = folderWith({ 'a.txt': 'abc\ndef\n' })
  const source = sourceOf(`${folder}/a.txt`, lines)
  const reader = await source.open(`${folder}/a.txt#4-100`)
  expect(await reader.next(9)).toEqual(['def'])
  await expect((async () => reader.next(9))()).rejects.toMatchObject({
    code: 'SAGE_FILE',
    endsJob: true,
    message: expect.stringContaining('expected at least 100 bytes, got 8'),
  })
})
