import { appendFileSync, renameSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { folderWith, readPart, sourceOf, tiny } from './fixtures/read-all.ts'

const lines = { format: 'lines' } as const

/** What a job that goes on reads: nothing of the parts that it has read to their end. */
async function newRecords(path: string, ended: readonly string[], tuning = tiny): Promise<any[]> {
  const source = sourceOf(path, lines, tuning)
  const parts = (await source.partitions(ended)).filter((part) => !ended.includes(part))
  const all: any[] = []
  for (const part of parts) all.push(...(await readPart(source, part)).records)
  return all
}

describe('files that have changed since a checkpoint', () => {
  it('what a file has grown by is read, and nothing twice, whatever its size', async () => {
    const grow = fc.array(fc.nat(12), { minLength: 2, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(grow, async (counts) => {
        const folder = folderWith({ 'a.txt': '' })
        const path = `${folder}/a.txt`
        let ended: string[] = []
        let next = 0
        for (const count of counts) {
          const added = Array.from({ length: count }, () => `line ${next++}`)
          appendFileSync(path, added.map((one) => `${one}\n`).join(''))
          expect(await newRecords(path, ended)).toEqual(added)
          ended = await sourceOf(path, lines, tiny).partitions(ended)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('parts that nobody has begun are read when the file has grown', async () => {
    const folder = folderWith({ 'a.txt': 'one\ntwo\n'.repeat(10) })
    const path = `${folder}/a.txt`
    const first = (await sourceOf(path, lines, tiny).partitions())[0]
    const begun = (await readPart(sourceOf(path, lines, tiny), first)).records
    appendFileSync(path, 'three\n')
    const rest = await newRecords(path, [first])
    expect([...begun, ...rest]).toEqual([...Array(10).fill(['one', 'two']).flat(), 'three'])
  })

  it('a file is the same one however its path is written', async () => {
    const folder = folderWith({ 'a.txt': 'a\n' })
    const short = relative(process.cwd(), `${folder}/a.txt`)
    const ended = await sourceOf(`${folder}/a.txt`, lines).partitions()
    expect(await sourceOf(short, lines).partitions(ended)).toEqual(ended)
    expect(await sourceOf([`${folder}/./a.txt`, short], lines).partitions()).toHaveLength(1)
  })

  it('one that is gone fails the job if it was not read to its end, and else is not missed', async () => {
    const folder = folderWith({ 'a.txt': 'a\n', 'b.txt': 'b\n' })
    const known = await sourceOf(`${folder}/*.txt`, lines).partitions()
    renameSync(`${folder}/a.txt`, `${folder}/a.read`)
    for (const path of [`${folder}/*.txt`, [`${folder}/a.txt`, `${folder}/b.txt`]]) {
      const source = sourceOf(path, lines)
      expect(new Set(await source.partitions(known))).toEqual(new Set(known))
      await expect(source.open(known[0])).rejects.toMatchObject({ code: 'SAGE_FILE' })
    }
    // It is not asked for any more.
    renameSync(`${folder}/a.read`, `${folder}/a.txt`)
    expect(await sourceOf(`${folder}/b.txt`, lines).partitions(known)).toEqual([known[1]])
  })

  const rows = Array.from({ length: 40 }, (_, i) => `row ${i}`)
  const formats = [
    ['lines', rows.join('\n')],
    ['json', rows.map((row) => JSON.stringify(row)).join('\n')],
    ['csv', ['a,b', ...rows.map((row) => `${row},"two\nlines"`)].join('\r\n')],
    ['bytes', rows.join('\n')],
  ] as const
  const cases = formats.flatMap(([format, content]) =>
    (['plain', 'packed'] as const).map((kind) => [format, kind, content] as const),
  )

  it.each(cases)('%s, %s: another file is not read on', async (format, kind, content) => {
    const write = (text: string) => {
      const bytes = kind === 'packed' ? gzipSync(text) : text
      writeFileSync(path, bytes)
    }
    const folder = folderWith({})
    const path = `${folder}/a.${kind === 'packed' ? 'gz' : 'txt'}`
    write(content)
    const source = sourceOf(path, { format }, { ...tiny, wholeBytes: 100_000 })
    const [part] = await source.partitions()
    const { positions } = await readPart(source, part, undefined, 1)
    for (const changed of [content.replaceAll('ro', 'ra'), content.slice(0, 30), '']) {
      write(changed)
      await expect(readFrom(source, part, positions[20])).rejects.toMatchObject({
        code: 'SAGE_FILE',
        endsJob: true,
        message: expect.stringContaining(path),
      })
    }
    write(content)
    await readFrom(source, part, positions[20])
  })

  it('one that is cut off while it is read fails the job', async () => {
    const folder = folderWith({ 'a.txt': 'one\ntwo\n'.repeat(10) })
    const path = `${folder}/a.txt`
    for (const format of ['lines', 'json', 'bytes'] as const) {
      writeFileSync(path, '"one"\n"two"\n'.repeat(10))
      const source = sourceOf(path, { format })
      const [part] = await source.partitions()
      truncateSync(path, 60)
      await expect(readFrom(source, part)).rejects.toMatchObject({
        code: 'SAGE_FILE',
        message: expect.stringContaining('expected at least 120 bytes, got 60: it was cut off'),
      })
    }
  })
})

async function readFrom(source: ReturnType<typeof sourceOf>, part: string, position?: unknown) {
  const reader = await source.open(part, position)
  try {
    while ((await reader.next(10)) !== null);
  } finally {
    await reader.close?.()
  }
}

test('a glob over a link that leads nowhere is SAGE_FILE', async () => {
  const folder = folderWith({})
  symlinkSync(`${folder}/none`, `${folder}/a.txt`)
  await expect(
    (async () => sourceOf(`${folder}/*.txt`, lines).partitions())(),
  ).rejects.toMatchObject({ code: 'SAGE_FILE', message: expect.stringContaining('a.txt') })
})
