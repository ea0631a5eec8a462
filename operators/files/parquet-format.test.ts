import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { expect, test } from 'vitest'
import { checkReplay, folderWith, readAll, readPart, sourceOf } from './fixtures/read-all.ts'

const parquet = { format: 'parquet' } as const
const datasets = createRequire(import.meta.url).resolve('vega-datasets')
const flights = join(dirname(datasets), '../data/flights-3m.parquet')

/** A Parquet file as DuckDB writes it. */
async function written(select: string, options = ''): Promise<string> {
  const path = `${folderWith({})}/a.parquet`
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run(`COPY (${select}) TO '${path}' (FORMAT parquet ${options})`)
  connection.closeSync()
  return path
}

test('integers within 2^53 are numbers, larger ones bigints, unsigned ones too', async () => {
  const path = await written(`SELECT * FROM (VALUES
    (9007199254740991::BIGINT, 18446744073709551615::UBIGINT, 4294967295::UINTEGER, 1::TINYINT),
    (9007199254740992::BIGINT, 7::UBIGINT, 0::UINTEGER, -1::TINYINT),
    (-5::BIGINT, 0::UBIGINT, 1::UINTEGER, 0::TINYINT)) t(a, b, c, d)`)
  expect(await readAll(path, parquet)).toEqual([
    { a: 9007199254740991, b: 18446744073709551615n, c: 4294967295, d: 1 },
    { a: 9007199254740992n, b: 7, c: 0, d: -1 },
    { a: -5, b: 0, c: 1, d: 0 },
  ])
})

test('dates and timestamps of every unit are dates, rounded down', async () => {
  const path = await written(`SELECT DATE '1969-12-31' AS day,
    TIMESTAMP_MS '2001-01-01 00:00:00.123' AS ms, TIMESTAMP '1969-12-31 23:59:59.9995' AS us,
    TIMESTAMP_NS '1969-12-31 23:59:59.999999999' AS ns, TIMESTAMPTZ '2001-01-01 00:00:00+00' AS tz`)
  expect(await readAll(path, parquet)).toEqual([
    {
      day: new Date('1969-12-31'),
      ms: new Date('2001-01-01T00:00:00.123Z'),
      us: new Date(-1),
      ns: new Date(-1),
      tz: new Date('2001-01-01'),
    },
  ])
})

test('text, numbers, booleans, binary, nulls and nested columns', async () => {
  const path = await written(`SELECT * FROM (VALUES
    ('é☂', 1.5::DOUBLE, true, 'ab'::BLOB, [1::BIGINT, 2], {'x': 1::BIGINT, 'y': DATE '2001-01-02'}),
    (NULL, NULL, NULL, NULL, NULL, NULL),
    ('', 0.25, false, ''::BLOB, [], {'x': NULL, 'y': NULL})) t(s, n, b, bytes, list, nested)`)
  const rows = await readAll(path, parquet)
  expect(rows).toEqual([
    {
      s: 'é☂',
      n: 1.5,
      b: true,
      bytes: new Uint8Array([97, 98]),
      list: [1, 2],
      nested: { x: 1, y: new Date('2001-01-02') },
    },
    { s: null, n: null, b: null, bytes: null, list: null, nested: null },
    { s: '', n: 0.25, b: false, bytes: new Uint8Array(0), list: [], nested: { x: null, y: null } },
  ])
})

test.each(['zstd', 'gzip', 'snappy', 'brotli', 'uncompressed'])(
  'row groups are parts, packed by %s, with and without nulls',
  async (codec) => {
    const path = await written(
      `SELECT i AS id, 'name ' || (i % 7) AS name, CASE WHEN i % 5 > 0 THEN i % 11 END AS some
       FROM range(5000) t(i)`,
      `, ROW_GROUP_SIZE 2048, COMPRESSION ${codec}`,
    )
    const source = sourceOf(path, parquet)
    expect(await source.partitions()).toEqual([`${path}#0`, `${path}#1`, `${path}#2`])
    const rows = await readAll(path, parquet)
    expect(rows).toEqual(
      Array.from({ length: 5000 }, (_, id) => ({
        id,
        name: `name ${id % 7}`,
        some: id % 5 > 0 ? id % 11 : null,
      })),
    )
  },
)

test('rows share nothing that can be changed', async () => {
  const path =
    await written(`SELECT DATE '2001-01-01' AS d, 'x'::BLOB AS b, [DATE '2001-01-01'] AS l
    FROM range(3)`)
  const [first, second] = await readAll(path, parquet)
  first.d.setFullYear(1900)
  first.b[0] = 0
  first.l[0].setFullYear(1900)
  expect(second).toEqual({
    d: new Date('2001-01-01'),
    b: new Uint8Array([120]),
    l: [new Date('2001-01-01')],
  })
})

test('only the wanted columns, in the order asked for; any name', async () => {
  const path = await written(`SELECT 1 AS a, 2 AS "__proto__", 3 AS "b c"`)
  const [row] = await readAll(path, { format: 'parquet', columns: ['b c', '__proto__'] })
  expect(Object.entries(row)).toEqual([
    ['b c', 3],
    ['__proto__', 2],
  ])
  await expect(readAll(path, { format: 'parquet', columns: ['no'] })).rejects.toMatchObject({
    code: 'SAGE_FILE',
    message: `file '${path}': expected a column "no", got ["a","__proto__","b c"]`,
  })
})

test('a file of several pages a column, and every position in it', async () => {
  const ids = Array.from({ length: 200 }, (_, i) => BigInt(i))
  const columnData = [{ name: 'id', data: ids, nullable: true }]
  const path = `${folderWith({})}/a.parquet`
  writeFileSync(path, new Uint8Array(parquetWriteBuffer({ columnData, pageSize: 200 })))
  const rows = await checkReplay(sourceOf(path, parquet), `${path}#0`)
  expect(rows.map(({ id }) => id)).toEqual(ids.map(Number))
})

test('a cut-off file is refused by partitions, a damaged row group by its reader', async () => {
  const path = await written('SELECT i FROM range(100000) t(i)')
  const whole = readFileSync(path)
  const damaged = Buffer.from(whole).fill(0xff, 4, 400)
  writeFileSync(path, damaged)
  const { records } = await readPart(sourceOf(path, parquet), `${path}#0`)
  expect(records).toEqual([expect.objectContaining({ code: 'SAGE_FILE', endsJob: true })])
  for (const size of [0, 3, 9, 1000]) {
    writeFileSync(path, whole)
    truncateSync(path, size)
    await expect(readAll(path, parquet)).rejects.toMatchObject({
      code: 'SAGE_FILE',
      message: expect.stringContaining(path),
    })
  }
})

test('the flights of a row group as DuckDB reads them', async () => {
  const { records } = await readPart(sourceOf(flights, parquet), `${flights}#3`, undefined, 4096)
  const connection = await (await DuckDBInstance.create()).connect()
  const reader = await connection.runAndReadAll(`SELECT epoch_ms(date)::DOUBLE, delay::DOUBLE,
    distance::DOUBLE, origin, destination FROM read_parquet('${flights}', file_row_number = true)
    WHERE file_row_number >= ${272727 * 3} AND file_row_number < ${272727 * 3 + 20000}
    ORDER BY file_row_number`)
  connection.closeSync()
  const expected = reader.getRows()
  expect(records).toHaveLength(272727)
  const wrong = records.slice(0, 20000).findIndex((row, i) => {
    const [date, delay, distance, origin, destination] = expected[i]
    return !(
      row.date.getTime() === date &&
      row.delay === delay &&
      row.distance === distance &&
      row.origin === origin &&
      row.destination === destination
    )
  })
  expect(wrong).toBe(-1)
})
