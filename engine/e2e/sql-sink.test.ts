import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type PostgresServer, startPostgres } from '../../operators/sql/fixtures/postgres-server.ts'
import type { EnvironmentConfig } from '../index.ts'
import { type Kill, runJob } from './chaos/killed.ts'
import { modes } from './fixtures/checkpointed.ts'
import { ownFolder } from './fixtures/own-folder.ts'
import { type Params, recording } from './fixtures/sql-job.ts'
import { faultOf, type Row } from './fixtures/two-phase-job.ts'

let server: PostgresServer
beforeAll(async () => {
  server = await startPostgres()
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
})

let root: string
let dir: string
beforeEach(() => {
  root = ownFolder()
  dir = join(root, 'checkpoints')
})

const module = new URL('./fixtures/sql-job.ts', import.meta.url).href

interface Database {
  readonly name: string
  address(): string
  query(text: string): Promise<any[]>
}

const databases: Database[] = [
  {
    name: 'sqlite',
    address: () => join(root, 'db.sqlite'),
    async query(text) {
      const database = new DatabaseSync(join(root, 'db.sqlite'), { timeout: 30_000 })
      try {
        return database.prepare(text).all()
      } finally {
        database.close()
      }
    },
  },
  { name: 'postgres', address: () => server.url, query: (text) => server.query(text) },
]

/** Runs the job to its end or its failure. */
async function run(
  params: Params,
  config: EnvironmentConfig,
): Promise<{ restarts: number; error: any }> {
  try {
    const job = await recording.submit(params, config)
    return { restarts: (await job.finished).restarts, error: undefined }
  } catch (error) {
    return { restarts: 0, error }
  }
}

describe.each(databases)('$name', ({ name, address, query }) => {
  const clean = async () => {
    // One wait for the disk per transaction, not several.
    if (name === 'sqlite') await query('PRAGMA journal_mode = WAL')
    for (const table of ['events', 'latest', 'sage_sinks', 'sage_staged_rows'])
      await query(`DROP TABLE IF EXISTS ${table}`)
    // Nothing keeps a record from being there twice.
    await query('CREATE TABLE events (id TEXT, key TEXT, n INTEGER)')
    await query('CREATE TABLE latest (key TEXT PRIMARY KEY, n INTEGER)')
  }
  beforeEach(clean)

  const rows = (): Promise<Row[]> => query('SELECT * FROM events')

  /** Everything is there once, in both tables, and nothing waits. */
  const expectWhole = async (count: number) => {
    const events = await rows()
    expect(faultOf(events, count)).toBeUndefined()
    const highest = new Map<string, number>()
    for (const { key, n } of events) highest.set(key, Math.max(n, highest.get(key) ?? 0))
    const latest = await query('SELECT key, n FROM latest')
    expect(new Map(latest.map((row) => [row.key, row.n]))).toEqual(highest)
    expect(await query('SELECT id FROM sage_staged_rows')).toEqual([])
  }

  const config = (parallelism: number, mode: EnvironmentConfig): EnvironmentConfig => ({
    ...mode,
    parallelism,
    restart: 'none',
    checkpoint: { dir, interval: 3 },
  })

  it.each(modes)(
    '%s: crashes wherever they fall, at changing parallelism: every record is there once',
    async (_, mode) => {
      const count = 400
      const scenario = fc.array(
        fc.record({
          breaksAt: fc.integer({ min: 1, max: count - 1 }),
          parallelism: fc.integer({ min: 1, max: 3 }),
          commitFails: fc.option(fc.constantFrom('before', 'behind'), { nil: undefined }),
          // Of the least, some thirty rows are too many.
          holdBytes: fc.constantFrom(4_000, 1_000_000),
        }),
        { minLength: 2, maxLength: mode.mode === 'inline' ? 4 : 2 },
      )
      const property = fc.asyncProperty(scenario, async (crashes) => {
        rmSync(dir, { recursive: true, force: true })
        await clean()
        for (const { parallelism, commitFails, ...crash } of crashes) {
          const failing = commitFails === undefined ? {} : { commitFails }
          const params = { database: address(), count, ...crash, ...failing }
          const { error } = await run(params, config(parallelism, mode))
          expect(error).toMatchObject({ code: 'SAGE_USER_ERROR' })
        }
        const last = { database: address(), count }
        expect((await run(last, config(2, mode))).error).toBeUndefined()
        await expectWhole(count)
        // It has finished: another run adds nothing.
        expect((await run(last, config(3, mode))).error).toBeUndefined()
        await expectWhole(count)
      })
      await fc.assert(property, { numRuns: mode.mode === 'inline' ? 3 : 1 })
    },
  )

  it.each(['before', 'behind'] as const)(
    'a crash %s the transaction of a complete checkpoint is repaired by the next run',
    async (commitFails) => {
      const count = 400
      const params = { database: address(), count }
      const first = await run({ ...params, commitFails }, config(2, { mode: 'inline' }))
      expect(first.error).toMatchObject({
        code: 'SAGE_USER_ERROR',
        operator: 'events',
        message: expect.stringContaining('the commit that fails'),
      })
      const written = (await rows()).length
      if (commitFails === 'before') expect(written).toBe(0)
      else expect(written).toBeGreaterThan(0)
      expect((await run(params, config(3, { mode: 'inline' }))).error).toBeUndefined()
      await expectWhole(count)
    },
  )

  it('kill -9 at random: every record is there once', async () => {
    const count = 4_000
    const live = async (parallelism: number, holdBytes: number, kill?: Kill) => {
      const params = { database: address(), count, paceMs: 1, holdBytes }
      const checkpoint = { dir, interval: 5 }
      const config = { maxThreads: 2, parallelism, restart: 'none', checkpoint } as const
      return (await runJob({ module, name: 'recording', params, config }, kill)).killed
    }
    for (const [i, parallelism] of [2, 1, 3].entries()) {
      // Anywhere in what comes next: between two checkpoints, in one, in a transaction.
      const kill = { checkpoints: i + 1, delayMs: Math.random() * 20 }
      expect(await live(parallelism, i === 1 ? 4_000 : 1_000_000, kill)).toBe(true)
    }
    expect(await live(2, 1_000_000)).toBe(false)
    await expectWhole(count)
  }, 120_000)

  it('refuses to begin where it would write again what is there', async () => {
    const count = 2_000
    const params = { database: address(), count }
    const before = join(root, 'before')
    const first = await recording.submit(
      { ...params, paceMs: 20 },
      { ...config(2, { mode: 'inline' }), checkpoint: { dir, interval: Infinity } },
    )
    do await first.checkpoint()
    while ((await rows()).length === 0)
    await first.cancel()
    cpSync(dir, before, { recursive: true })
    expect((await run(params, config(2, { mode: 'inline' }))).error).toBeUndefined()
    // From a copy of the checkpoints that the job has left behind since.
    rmSync(dir, { recursive: true })
    cpSync(before, dir, { recursive: true })
    expect((await run(params, config(2, { mode: 'inline' }))).error).toMatchObject({
      code: 'SAGE_CHECKPOINT_CORRUPT',
      message: expect.stringContaining('which cannot be taken back'),
    })
    // From zero.
    rmSync(dir, { recursive: true })
    expect((await run(params, config(1, { mode: 'inline' }))).error).toMatchObject({
      code: 'SAGE_SQL',
      operator: expect.stringMatching(/^(events|latest)$/),
      message: expect.stringMatching(/'recording\/\w+': expected a sink that has written nothing/),
    })
    await expectWhole(count)
  })

  it('under a new id it goes on with what the checkpoint holds', async () => {
    const count = 300
    const params = { database: address(), count }
    const crash = { ...params, commitFails: 'behind', id: 'old' } as const
    expect((await run(crash, config(2, { mode: 'inline' }))).error).toBeDefined()
    const next = await run({ ...params, id: 'new' }, config(3, { mode: 'inline' }))
    expect(next.error).toBeUndefined()
    await expectWhole(count)
  })

  it('what the database refuses ends the job, and says where', async () => {
    await query('DROP TABLE latest')
    const { error } = await run({ database: address(), count: 50 }, config(1, { mode: 'inline' }))
    expect(error).toMatchObject({ code: 'SAGE_SQL', operator: 'latest' })
    expect(error.message).toMatch(/'recording\/latest': expected to commit checkpoint \d+, got: /)
    expect(error.message).toMatch(name === 'sqlite' ? /no such table: latest/ : /"latest" does not/)
    await query('CREATE TABLE latest (key TEXT PRIMARY KEY, n INTEGER)')
    const next = await run({ database: address(), count: 50 }, config(2, { mode: 'inline' }))
    expect(next.error).toBeUndefined()
    await expectWhole(50)
  })

  it('without checkpoints, all is there at the end of input', async () => {
    const config = { mode: 'inline', parallelism: 2 } as const
    const { error } = await run({ database: address(), count: 500 }, config)
    expect(error).toBeUndefined()
    expect(faultOf(await rows(), 500)).toBeUndefined()
    expect(await query('SELECT key FROM latest')).toHaveLength(7)
  })
})

it('postgres: its server fails and comes back: the job starts again, every record is there once', async () => {
  for (const table of ['events', 'latest', 'sage_sinks', 'sage_staged_rows'])
    await server.query(`DROP TABLE IF EXISTS ${table}`)
  await server.query('CREATE TABLE events (id TEXT, key TEXT, n INTEGER)')
  await server.query('CREATE TABLE latest (key TEXT PRIMARY KEY, n INTEGER)')
  const count = 4_000
  const job = await recording.submit(
    { database: server.url, count, paceMs: 1 },
    {
      maxThreads: 2,
      parallelism: 2,
      restart: { fixedDelay: { delay: 50, attempts: 100 } },
      checkpoint: { dir, interval: 5 },
    },
  )
  await new Promise<unknown>((resolve) => job.on('checkpoint', resolve))
  await server.kill()
  await server.start()
  const { restarts } = await job.finished
  expect(restarts).toBeGreaterThan(0)
  const rows = (await server.query('SELECT * FROM events')) as unknown as Row[]
  expect(faultOf(rows, count)).toBeUndefined()
}, 60_000)
