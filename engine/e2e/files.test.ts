import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { beforeEach, expect, it } from 'vitest'
import { readAll } from '../../operators/files/fixtures/read-all.ts'
import type { EnvironmentConfig } from '../index.ts'
import { copying, type Item, type Params, seen } from './fixtures/files-job.ts'
import { ownFolder } from './fixtures/own-folder.ts'

let root: string
beforeEach(() => {
  root = ownFolder()
})

const FILES = 3
/** Of each file. */
const RECORDS = 200

/** Of every length, with what the formats must mask. */
const texts = ['', 'plain', 'a "quoted", text', 'two\nlines', 'ä€😀'.repeat(7), 'x'.repeat(90)]
const items = (file: number): Item[] =>
  Array.from({ length: RECORDS }, (_, i) => ({
    id: i * FILES + file,
    text: texts[i % texts.length],
  }))

function contentOf(format: Params['format'], records: readonly Item[]): string | Uint8Array {
  switch (format) {
    case 'lines':
    case 'json':
      return records.map((item) => `${JSON.stringify(item)}\n`).join('')
    case 'csv':
      return ['id,text', ...records.map(({ id, text }) => `${id},"${text.replaceAll('"', '""')}"`)]
        .join('\r\n')
        .concat('\r\n')
    case 'parquet':
      return new Uint8Array(
        parquetWriteBuffer({
          columnData: [
            { name: 'id', data: records.map(({ id }) => id), type: 'INT32' },
            { name: 'text', data: records.map(({ text }) => text), type: 'STRING' },
          ],
          rowGroupSize: 60,
        }),
      )
  }
}

/** Ranges of a few dozen lines. */
const small = { wholeBytes: 4_000, rangeBytes: 2_500, chunkBytes: 300 }

const scenario = fc.array(
  fc.record({
    breaksAt: fc.nat(FILES * RECORDS - 1),
    parallelism: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 2, maxLength: 3 },
)

it.each([
  ['lines', 'lines', {}],
  ['lines, packed', 'lines', { packed: true }],
  ['lines, in ranges', 'lines', { tuning: small }],
  ['json', 'json', {}],
  ['json, packed', 'json', { packed: true }],
  ['json, in ranges', 'json', { tuning: small }],
  ['csv', 'csv', {}],
  ['csv, packed', 'csv', { packed: true }],
  ['parquet, by row groups', 'parquet', {}],
] as [string, Params['format'], { packed?: boolean; tuning?: Params['tuning'] }][])(
  '%s: crashes at any record, at changing parallelism: every record arrives once',
  async (_, format, { packed = false, tuning }) => {
    const name = `in-*.${format}${packed ? '.gz' : ''}`
    for (let file = 0; file < FILES; file++) {
      const content = contentOf(format, items(file))
      const place = join(root, name.replace('*', `${file}`))
      writeFileSync(place, packed ? gzipSync(content) : content)
    }
    const expected = Array.from({ length: FILES }, (_, file) => items(file)).flat()
    const byId = (a: Item, b: Item) => a.id - b.id
    const property = fc.asyncProperty(scenario, async (crashes) => {
      const [dir, to] = [join(root, 'checkpoints'), join(root, 'out')]
      for (const folder of [dir, to]) rmSync(folder, { recursive: true, force: true })
      const params = { format, from: join(root, name), to, ...(tuning && { tuning }) }
      const config = (parallelism: number): EnvironmentConfig => ({
        mode: 'inline',
        parallelism,
        restart: 'none',
        checkpoint: { dir, interval: 1 },
      })
      for (const { breaksAt, parallelism } of crashes) {
        seen.checkpoints = 0
        const job = await copying.submit({ ...params, breaksAt }, config(parallelism))
        job.on('checkpoint', () => seen.checkpoints++)
        // One that has come through has had no checkpoint before its end, and has one now.
        await job.finished.catch((error) => {
          expect(error).toMatchObject({ message: expect.stringContaining('the crash of the test') })
        })
      }
      // It goes on in the middle, and does not begin again.
      const { operators } = await copying.run(params, config(2))
      expect(operators[0].recordsOut).toBeLessThan(expected.length)
      const read: any[] = await readAll(`${to}/part-*`, { format })
      const copied: Item[] = read.map((record) => {
        if (format === 'lines') return JSON.parse(record)
        return { id: Number(record.id), text: record.text ?? '' }
      })
      expect(copied.sort(byId)).toEqual(expected.toSorted(byId))
      expect(readdirSync(to).filter((file) => file.startsWith('.'))).toEqual([])
    })
    await fc.assert(property, { numRuns: 2 })
  },
)
