import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { serialize } from 'node:v8'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SinkRecovery } from '../contract/operator.ts'
import { postgres } from './postgres.ts'
import { insertText } from './row-statements.ts'
import type { SqlSinkOptions } from './sql-options.ts'
import { SqlSink } from './sql-sink.ts'
import { sqlite } from './sqlite.ts'

let folder: string
let path: string
let tables: DatabaseSync
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sage-sql-sink-'))
  path = join(folder, 'db')
  tables = new DatabaseSync(path, { timeout: 10_000 })
  tables.exec('PRAGMA journal_mode = WAL')
  tables.exec('CREATE TABLE t (k TEXT, v)')
})
afterEach(() => {
  tables.close()
  rmSync(folder, { recursive: true, force: true })
})

const all = (text: string) =>
  tables
    .prepare(text)
    .all()
    .map((row) => Object.values(row))
const rows = () => all('SELECT k, v FROM t ORDER BY rowid')
const staged = () => all('SELECT id FROM sage_staged_rows').length

interface Place {
  readonly subtask?: number
  readonly parallelism?: number
  readonly checkpointed?: boolean
  readonly from?: Partial<SinkRecovery>
}

/** A sink as a subtask of a job has it, open. */
async function sinkOf(
  options: Partial<SqlSinkOptions> = {},
  { subtask = 0, parallelism = 1, checkpointed = true, from }: Place = {},
): Promise<SqlSink> {
  const database = sqlite(path)
  const sink = new SqlSink({ database, table: 't', ...options } as SqlSinkOptions)
  sink.ctx = { jobName: 'job', name: 'sink', subtask, parallelism } as any
  sink.sinkId = 'sink'
  sink.checkpointed = checkpointed
  if (from !== undefined) await sink.recover({ epoch: 0, pending: [], later: [], ...from })
  await sink.open()
  return sink
}

describe('with checkpoints', () => {
  it('rows are there when their checkpoint is complete, with its number', async () => {
    const sink = await sinkOf()
    for (const k of ['a', 'b']) expect(sink.execute({ k, v: 1 })).toBeUndefined()
    await sink.prepare(3)
    await sink.execute({ k: 'c', v: 2 })
    expect(rows()).toEqual([])
    await sink.commit(3)
    expect(rows()).toEqual([
      ['a', 1],
      ['b', 1],
    ])
    expect(all('SELECT * FROM sage_sinks')).toEqual([['job/sink', 0, 3]])
    // Given up: its rows come with the next one.
    await sink.prepare(4)
    await sink.execute({ k: 'd' })
    await sink.prepare(5)
    await sink.commit(5)
    await sink.prepare(6)
    await sink.commit(6)
    await sink.close()
    expect(rows().slice(2)).toEqual([
      ['c', 2],
      ['d', null],
    ])
    // What has no rows writes nothing.
    expect(all('SELECT epoch FROM sage_sinks')).toEqual([[5]])
  })

  it('a commit that was cut short is done by whoever goes on, at any parallelism, once', async () => {
    const pending: unknown[] = []
    const subtasks = [0, 1, 2].map((subtask) =>
      sinkOf({ holdBytes: 200 }, { subtask, parallelism: 3 }),
    )
    for (const [subtask, sink] of (await Promise.all(subtasks)).entries()) {
      for (let v = 0; v < 4; v++) await sink.execute({ k: `of ${subtask}`, v })
      const first = await sink.prepare(1)
      if (subtask === 0) await sink.commit(1)
      await sink.execute({ k: `of ${subtask}`, v: 4 })
      // As it is in a checkpoint: a copy.
      pending.push(structuredClone(await sink.prepare(2)))
      if (subtask === 1) await sink.commit(2)
      for (let v = 0; v < 4; v++) await sink.execute({ k: 'in no checkpoint', v })
      await sink.prepare(3)
      await sink.close()
      expect(first).toMatchObject({ subtask, shares: [{ epoch: 1 }] })
    }
    expect(staged()).toBeGreaterThan(0)
    for (let again = 0; again < 2; again++) {
      const shares = [[0, 2], [1]]
      await Promise.all(
        shares.map((own, subtask) =>
          sinkOf(
            {},
            { subtask, parallelism: 2, from: { epoch: 2, pending: own.map((i) => pending[i]) } },
          ),
        ),
      )
      for (const subtask of [0, 1, 2]) {
        const own = all(`SELECT v FROM t WHERE k = 'of ${subtask}' ORDER BY rowid`).flat()
        expect(own).toEqual([0, 1, 2, 3, 4])
      }
      expect(rows()).toHaveLength(15)
      expect(staged()).toBe(0)
    }
  })

  it('what is too much for memory waits in a table, in order', async () => {
    const sink = await sinkOf({ holdBytes: 500 })
    for (let v = 0; v < 100; v++) await sink.execute({ k: 'x', v })
    const pending = structuredClone(await sink.prepare(1))
    expect(staged()).toBeGreaterThan(5)
    expect(serialize(pending).length).toBeLessThan(3_000)
    // Checkpoints that are given up fill no memory either.
    for (let epoch = 2; epoch < 10; epoch++) {
      for (let v = 0; v < 3; v++) await sink.execute({ k: `${epoch}`, v })
      const { shares } = (await sink.prepare(epoch)) as { shares: { bytes: number }[] }
      expect(shares.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(500)
    }
    await sink.commit(9)
    expect(rows().slice(0, 100)).toEqual(Array.from({ length: 100 }, (_, v) => ['x', v]))
    expect(rows()).toHaveLength(124)
    expect(staged()).toBe(0)
    await sink.close()
  })

  it('of several records with one key, the last is written', async () => {
    tables.exec('CREATE TABLE u (a, b, n INTEGER, PRIMARY KEY (a, b))')
    tables.exec("INSERT INTO u VALUES (1, 'x', 0)")
    const sink = await sinkOf({ table: 'u', key: ['a', 'b'] })
    const records = [
      { a: 1, b: 'x', n: 1 },
      { a: 1, b: 'y', n: 2 },
      // Another set of columns leaves the rest as it is.
      { a: 1, b: 'y' },
      { a: 1, b: 'x', n: 3 },
      { a: null, b: 'x', n: 4 },
      { a: null, b: 'x', n: 5 },
    ]
    for (const record of records) await sink.execute(record)
    await sink.prepare(1)
    await sink.commit(1)
    await sink.close()
    expect(all('SELECT * FROM u ORDER BY n')).toEqual([
      [1, 'y', 2],
      [1, 'x', 3],
      [null, 'x', 4],
      [null, 'x', 5],
    ])
  })

  it('a transaction that fails leaves nothing behind', async () => {
    tables.exec('CREATE TABLE checked (n INTEGER CHECK (n < 600))')
    const sink = await sinkOf({ table: 'checked' })
    for (let n = 0; n <= 600; n++) await sink.execute({ n })
    await sink.prepare(1)
    await expect(sink.commit(1)).rejects.toMatchObject({
      code: 'SAGE_SQL',
      message: expect.stringMatching(/'job\/sink': expected to commit checkpoint 1, got: CHECK/),
    })
    await sink.close()
    expect(all('SELECT * FROM checked')).toEqual([])
    expect(all('SELECT * FROM sage_sinks')).toEqual([])
  })

  it('two that write under one id are found out', async () => {
    const [first, second] = [await sinkOf(), await sinkOf()]
    for (const sink of [first, second]) {
      await sink.execute({ k: 'a', v: 1 })
      await sink.prepare(1)
    }
    await first.commit(1)
    await expect(second.commit(1)).rejects.toMatchObject({
      code: 'SAGE_SQL',
      message: expect.stringContaining('expected to be the only one that writes under this id'),
    })
    await expect(sinkOf()).rejects.toMatchObject({ code: 'SAGE_SQL' })
    expect(rows()).toHaveLength(1)
  })
})

it('without checkpoints rows are written soon, and nothing else is made', async () => {
  const sink = await sinkOf({}, { checkpointed: false })
  for (let v = 0; v < 3_000; v++) await sink.execute({ k: 'x', v })
  await sink.finish()
  await sink.close()
  expect(rows()).toEqual(Array.from({ length: 3_000 }, (_, v) => ['x', v]))
  expect(all("SELECT name FROM sqlite_schema WHERE name LIKE 'sage%'")).toEqual([])
})

it('without checkpoints, too, what fails is heard of', async () => {
  const sink = await sinkOf({ table: 'missing' }, { checkpointed: false })
  await sink.execute({ k: 'x' })
  await expect(sink.finish()).rejects.toMatchObject({ code: 'SAGE_SQL' })
  expect(() => sink.execute({ k: 'x' })).toThrow('no such table: missing')
  await sink.close()
})

describe('rows', () => {
  async function written(options: Partial<SqlSinkOptions>, records: unknown[]) {
    const sink = await sinkOf(options, { checkpointed: false })
    for (const record of records) await sink.execute(record)
    await sink.finish()
    await sink.close()
  }

  it('what a value becomes', async () => {
    const bytes = Uint8Array.of(1, 2)
    await written({}, [
      { v: 'text' },
      { v: 1.5 },
      { v: 2n ** 40n },
      { v: true },
      { v: new Date(0) },
      { v: bytes },
      { v: bytes.buffer },
      { v: [1, 'a'] },
      { v: { a: { b: 1 } } },
      { v: null },
      { k: 'k', v: undefined },
    ])
    expect(rows().map(([, v]) => v)).toEqual([
      'text',
      1.5,
      2 ** 40,
      1,
      '1970-01-01T00:00:00.000Z',
      bytes,
      bytes,
      '[1,"a"]',
      '{"a":{"b":1}}',
      null,
      null,
    ])
  })

  it.each([
    [5, 'expected a record that is an object, got 5'],
    [{}, 'expected a record with fields'],
    [{ v: 1 }, "expected a record with 'k'"],
    [{ k: Number.NaN }, 'k: expected a number that SQLite can hold, got NaN'],
    [{ k: 2n ** 63n }, 'k: expected an integer of 64 bits, got 9223372036854775808n'],
    [{ k: new Map() }, 'k: expected a value that a column can hold'],
    [{ k: { deep: [new Set([1])] } }, 'k: expected a value that a column can hold'],
    [{ k: new Date(Number.NaN) }, 'k: Invalid time value'],
    [{ k: [1n] }, 'k: Do not know how to serialize a BigInt'],
  ])('%o is refused, as one record', async (record, message) => {
    const sink = await sinkOf({ key: ['k'] })
    expect(() => sink.execute(record)).toThrow(
      expect.objectContaining({
        code: 'SAGE_SCHEMA_MISMATCH',
        message: expect.stringContaining(message),
      }),
    )
    await sink.close()
  })

  it('texts that PostgreSQL cannot hold', () => {
    expect(() => postgres('postgres://x').toValue('a\0b')).toThrow('got one with a NUL')
  })

  it('integers are no real numbers, whatever the type of the column', async () => {
    tables.exec('CREATE TABLE kinds (k TEXT, v, r REAL)')
    await written({ table: 'kinds' }, [
      { k: 5, v: 5, r: 5 },
      { k: 2 ** 40, v: -(2 ** 40), r: 0.5 },
      { k: 1.5, v: -0, r: 2 ** 60 },
    ])
    expect(all('SELECT k, v, typeof(v), typeof(r) FROM kinds')).toEqual([
      ['5', 5, 'integer', 'real'],
      ['1099511627776', -(2 ** 40), 'integer', 'real'],
      ['1.5', -0, 'real', 'real'],
    ])
  })

  it('columns: these and no others', async () => {
    await written({ columns: ['v', 'k'] }, [{ k: 'a', v: 1, other: 2 }, { v: 2 }])
    expect(rows()).toEqual([
      ['a', 1],
      [null, 2],
    ])
  })

  it('a statement runs once per record', async () => {
    tables.exec('CREATE TABLE sums (k PRIMARY KEY, v)')
    const statement =
      'INSERT INTO sums VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = v + excluded.v'
    const values = ({ k, v }: { k: string; v: number }) => [k, v]
    const records = ['a', 'b', 'a'].map((k, i) => ({ k, v: i + 1 }))
    await written({ table: undefined, statement, values } as any, records)
    expect(all('SELECT * FROM sums')).toEqual([
      ['a', 4],
      ['b', 2],
    ])
  })

  it('names and values are never taken for statements', async () => {
    const odd = 'x"; DROP TABLE t; --'
    tables.exec(`CREATE TABLE "${odd.replaceAll('"', '""')}" ("a""b" TEXT)`)
    await written({ table: odd }, [{ 'a"b': "'); DROP TABLE t; --" }])
    expect(all(`SELECT * FROM "${odd.replaceAll('"', '""')}"`)).toEqual([["'); DROP TABLE t; --"]])
    expect(rows()).toEqual([])
    const options = { database: postgres('postgres://x'), schema: 's"', table: 't', key: ['k'] }
    expect(insertText(options, ['k', 'v'], 2)).toBe(
      'INSERT INTO "s"""."t" ("k", "v") VALUES ($1, $2), ($3, $4) ON CONFLICT ("k") DO UPDATE SET "v" = excluded."v"',
    )
    expect(insertText(options, ['k'], 1)).toMatch(/DO NOTHING$/)
  })
})

it.each([
  [undefined, 'options with database and table'],
  [{ table: 't' }, 'database: postgres(…) or sqlite(…)'],
  [{ database: sqlite('x') }, 'either table or statement'],
  [{ database: sqlite('x'), table: 't', statement: 'x' }, 'either table or statement'],
  [{ database: sqlite('x'), table: '' }, 'table: a text'],
  [{ database: sqlite('x'), table: 't', columns: [] }, 'columns: names of columns'],
  [{ database: sqlite('x'), table: 't', columns: ['a', 'a'] }, 'columns: each column once'],
  [{ database: sqlite('x'), table: 't', columns: ['a'], key: ['b'] }, "columns with 'b'"],
  [{ database: sqlite('x'), table: 't', values: () => [] }, 'values only with statement'],
  [{ database: sqlite('x'), statement: 'x' }, 'values: a function'],
  [{ database: sqlite('x'), statement: 'x', values: () => [], key: ['a'] }, 'key only with table'],
  [{ database: sqlite('x'), table: 't', holdBytes: 0 }, 'holdBytes: a number of bytes'],
  [{ database: sqlite('x'), table: 't', id: 5 }, 'id: a text'],
])('refuses %o', (options, expected) => {
  expect(() => new SqlSink(options as any)).toThrow(
    expect.objectContaining({
      code: 'SAGE_OPTION',
      message: expect.stringContaining(`SqlSink: expected ${expected}`),
    }),
  )
})

it.each([
  [() => sqlite(':memory:'), 'the path of a file'],
  [() => sqlite(5 as any), 'the path of a file'],
  [() => postgres(''), 'the address of a server'],
  [() => postgres(undefined as any), 'the address of a server'],
])('refuses a database that is none (%#)', (make, expected) => {
  expect(make).toThrow(
    expect.objectContaining({ code: 'SAGE_OPTION', message: expect.stringContaining(expected) }),
  )
})

it('a server that cannot be reached is said', async () => {
  const database = postgres({ host: '127.0.0.1', port: 1, connectionTimeoutMillis: 5_000 })
  await expect(sinkOf({ database })).rejects.toMatchObject({
    code: 'SAGE_SQL',
    message: expect.stringMatching(/^SqlSink: expected a connection, got: .*127.0.0.1:1/),
  })
})
