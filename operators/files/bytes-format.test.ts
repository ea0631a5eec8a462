import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { checkReplay, folderWith, readAll, sourceOf, tiny } from './fixtures/read-all.ts'

const bytes = { format: 'bytes' } as const
const content = Uint8Array.from({ length: 50 }, (_, i) => i)

test('chunks with path and offset add up to the file, plain and unpacked', async () => {
  const folder = folderWith({ a: content, 'a.gz': gzipSync(content), empty: '' })
  for (const name of ['a', 'a.gz']) {
    const chunks = await readAll(`${folder}/${name}`, bytes, tiny)
    expect(Buffer.concat(chunks.map((chunk) => chunk.bytes))).toEqual(Buffer.from(content))
    let offset = 0
    for (const chunk of chunks) {
      expect(chunk).toMatchObject({ path: `${folder}/${name}`, offset })
      expect(chunk.bytes.constructor).toBe(Uint8Array)
      offset += chunk.bytes.length
    }
  }
  expect(await readAll(`${folder}/empty`, bytes)).toEqual([])
})

test('every position continues where it was taken', async () => {
  const folder = folderWith({ a: content })
  const source = sourceOf(`${folder}/a`, bytes, { ...tiny, wholeBytes: 100 })
  const chunks = await checkReplay(source, `${folder}/a#0-`)
  expect(chunks.map((chunk) => chunk.offset)).toEqual([0, 7, 14, 21, 28, 35, 42, 49])
})
