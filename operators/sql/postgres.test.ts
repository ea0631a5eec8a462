import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SinkRecovery } from '../contract/operator.ts'
import { cutProxy } from './fixtures/cut-proxy.ts'
import { type PostgresServer, startPostgres } from './fixtures/postgres-server.ts'
import { postgres } from './postgres.ts'
import type { SqlTableOptions } from './sql-options.ts'
import { SqlSink } from './sql-sink.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await server.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
})

interface Place {
  readonly subtask?: number
  readonly url?: string
  readonly checkpointed?: boolean
  readonly from?: Partial<SinkRecovery>
}

/** A sink as a subtask of two has it, open. */
async function sinkOf(
  options: Omit<SqlTableOptions, 'database'>,
  { subtask = 0, url = server.url, checkpointed = true, from }: Place = {},
): Promise<SqlSink> {
  const sink = new SqlSink({ database: postgres(url), ...options })
  sink.ctx = { jobName: 'job', name: 'sink', subtask, parallelism: 2 } as any
  sink.sinkId = 'sink'
  sink.checkpointed = checkpointed
  if (from !== undefined) await sink.recover({ epoch: 0, pending: [], later: [], ...from })
  await sink.open()
  return sink
}

const write = async (sink: SqlSink, records: Iterable<unknown>): Promise<void> => {
  for (const record of records) await sink.execute(record)
}

describe('what goes wrong between a commit and its end', () => {
  it('the victim of a deadlock repeats its transaction', async () => {
    await server.query('CREATE TABLE totals (k TEXT PRIMARY KEY, v INTEGER)')
    await server.query("INSERT INTO totals VALUES ('a', 0), ('b', 0)")
    const url = withSetting('deadlock_timeout=500ms')
    const sink = await sinkOf({ table: 'totals', key: ['k'] }, { url })
    await write(sink, [
      { k: 'a', v: 1 },
      { k: 'b', v: 1 },
    ])
    await sink.prepare(1)
    const other = new Client(withSetting('deadlock_timeout=60s'))
    await other.connect()
    await other.query("BEGIN; UPDATE totals SET v = 7 WHERE k = 'b'")
    const committed = sink.commit(1)
    await untilLocked(other)
    await other.query("UPDATE totals SET v = 7 WHERE k = 'a'")
    await other.query('COMMIT')
    await other.end()
    await committed
    await sink.close()
    expect(await server.query('SELECT * FROM totals ORDER BY k')).toEqual([
      { k: 'a', v: 1 },
      { k: 'b', v: 1 },
    ])
  })

  it('a transaction that cannot be serialized is repeated', async () => {
    await server.query('CREATE TABLE totals (k TEXT PRIMARY KEY, v INTEGER)')
    await server.query("INSERT INTO totals VALUES ('a', 0)")
    const url = withSetting('default_transaction_isolation=serializable')
    const sink = await sinkOf({ table: 'totals', key: ['k'] }, { url })
    await write(sink, [{ k: 'a', v: 1 }])
    await sink.prepare(1)
    const other = new Client(server.url)
    await other.connect()
    await other.query("BEGIN; UPDATE totals SET v = 7 WHERE k = 'a'")
    const committed = sink.commit(1)
    await untilLocked(other)
    await other.query('COMMIT')
    await other.end()
    await committed
    await sink.close()
    expect(await server.query('SELECT * FROM totals')).toEqual([{ k: 'a', v: 1 }])
    expect(await server.query('SELECT epoch::int FROM sage_sinks')).toEqual([{ epoch: 1 }])
  })

  it('rows whose keys are the same for the database only: the last one is there', async () => {
    await server.query('CREATE TABLE days (day DATE PRIMARY KEY, v INTEGER)')
    const options = { table: 'days', key: ['day'] }
    const at = (hour: number) => new Date(Date.UTC(2026, 0, 1, hour))
    const sink = await sinkOf(options)
    for (let epoch = 1; epoch <= 2; epoch++) {
      await write(
        sink,
        [0, 5, 9].map((hour) => ({ day: at(hour), v: epoch * 100 + hour })),
      )
      await sink.prepare(epoch)
      await sink.commit(epoch)
    }
    await sink.close()
    const rows = await server.query('SELECT day::text, v FROM days')
    expect(rows).toEqual([{ day: '2026-01-01', v: 209 }])
    await server.query('DELETE FROM days')
    const plain = await sinkOf(options, { checkpointed: false })
    await write(
      plain,
      [0, 5].map((hour) => ({ day: at(hour), v: hour })),
    )
    await plain.finish()
    await plain.close()
    expect(await server.query('SELECT v FROM days')).toEqual([{ v: 5 }])
  })

  it.each(['cutAfterCommit', 'cutBeforeCommit'] as const)(
    'a connection that is lost in COMMIT (%s): the epoch says whether the rows are there',
    async (cut) => {
      await using proxy = await cutProxy(server.url)
      await server.query('CREATE TABLE events (n INTEGER)')
      const sink = await sinkOf({ table: 'events' }, { url: proxy.url })
      const records = Array.from({ length: 1_200 }, (_, n) => ({ n }))
      await write(sink, records)
      const pending = structuredClone(await sink.prepare(1))
      proxy[cut]()
      await expect(sink.commit(1)).rejects.toMatchObject({ code: 'SAGE_SQL' })
      await sink.close()
      expect(proxy.cuts).toBe(1)
      // Twice, as after a crash in `recover`.
      for (let again = 0; again < 2; again++) {
        const next = await sinkOf({ table: 'events' }, { from: { epoch: 1, pending: [pending] } })
        await next.close()
      }
      const rows = await server.query('SELECT n FROM events ORDER BY n')
      expect(rows).toEqual(records)
    },
  )
})

it('values as columns of many types take them', async () => {
  await server.query(
    'CREATE TABLE kinds ("odd ""name" TEXT, b BIGINT, f DOUBLE PRECISION, t BOOLEAN, at TIMESTAMPTZ, d NUMERIC, j JSONB, y BYTEA, n INTEGER)',
  )
  const sink = await sinkOf({ table: 'kinds', schema: 'public' }, { checkpointed: false })
  await write(sink, [
    {
      'odd "name': "it's é 😀 \\ $1",
      b: 2n ** 62n,
      f: Number.NEGATIVE_INFINITY,
      t: false,
      at: new Date(1_700_000_000_123),
      d: 2n ** 70n,
      j: { a: [1, null, 'x'] },
      y: Uint8Array.of(0, 255),
      n: null,
    },
  ])
  await sink.finish()
  await sink.close()
  const rows = await server.query(
    'SELECT "odd ""name" AS odd, b::text, f::text, t, at, d::text, j, y, n FROM kinds',
  )
  expect(rows).toEqual([
    {
      odd: "it's é 😀 \\ $1",
      b: '4611686018427387904',
      f: '-Infinity',
      t: false,
      at: new Date(1_700_000_000_123),
      d: '1180591620717411303424',
      j: { a: [1, null, 'x'] },
      y: Buffer.of(0, 255),
      n: null,
    },
  ])
})

it('rows of more parameters than one statement may have', async () => {
  const columns = Array.from({ length: 1_000 }, (_, i) => `c${i}`)
  await server.query(`CREATE TABLE wide (${columns.map((name) => `${name} INTEGER`).join(', ')})`)
  const sink = await sinkOf({ table: 'wide' })
  await write(
    sink,
    Array.from({ length: 200 }, (_, n) => Object.fromEntries(columns.map((name) => [name, n]))),
  )
  await sink.prepare(1)
  await sink.commit(1)
  await sink.close()
  expect(await server.query('SELECT count(*)::int, sum(c999)::int FROM wide')).toEqual([
    { count: 200, sum: 19_900 },
  ])
})

const withSetting = (setting: string): string =>
  `${server.url}?options=${encodeURIComponent(`-c ${setting}`)}`

/** Somebody waits for a row that this connection has locked. */
async function untilLocked(client: Client): Promise<void> {
  const waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
  while ((await client.query(waiting)).rowCount === 0);
}
