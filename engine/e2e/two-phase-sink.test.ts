import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as after, setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { readAll } from '../../operators/files/fixtures/read-all.ts'
import type { EnvironmentConfig } from '../index.ts'
import { modes } from './fixtures/checkpointed.ts'
import { ownFolder } from './fixtures/own-folder.ts'
import {
  asking,
  faultOf,
  filing,
  mailing,
  type Params,
  type Row,
} from './fixtures/two-phase-job.ts'

let root: string
let dir: string
let path: string
beforeEach(() => {
  root = ownFolder()
  dir = join(root, 'checkpoints')
  path = join(root, 'out')
})

const visible = () => readdirSync(path).filter((name) => name.startsWith('part-'))
const hidden = () => readdirSync(path).filter((name) => name.startsWith('.part-'))
const epochOf = (name: string) => Number(/^\.?part-\d+-(\d+)/.exec(name)![1])
const manifests = () =>
  readdirSync(dir)
    .filter((name) => /^manifest-\d+$/.test(name))
    .map((name) => Number(name.slice(9)))
    .sort((a, b) => a - b)

/** What is visible; in whole files only. */
function rows(): Row[] {
  const texts = visible().map((name) => readFileSync(join(path, name), 'utf8'))
  return texts.flatMap((text) => text.trimEnd().split('\n')).map((line) => JSON.parse(line) as Row)
}

/** Runs the job to its end or its crash; how often a checkpoint was complete. */
async function run(
  params: Omit<Params, 'path'>,
  config: EnvironmentConfig,
): Promise<{ checkpoints: number; error: unknown }> {
  const job = await filing.submit({ path, ...params }, config)
  let checkpoints = 0
  job.on('checkpoint', () => checkpoints++)
  const error = await job.finished.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return { checkpoints, error }
}

describe.each(modes)('%s', (name, mode) => {
  const config = (parallelism: number, interval = 3): EnvironmentConfig => ({
    ...mode,
    parallelism,
    restart: 'none',
    checkpoint: { dir, interval },
  })

  it('crashes wherever they fall, at changing parallelism: every record is visible once', async () => {
    const count = 2_000
    const scenario = fc.array(
      fc.record({ breaksAt: fc.integer({ min: 1, max: count - 1 }), parallelism: fc.nat(2) }),
      { minLength: 2, maxLength: 4 },
    )
    const property = fc.asyncProperty(scenario, async (crashes) => {
      // A job that has ended is done with its directories: they may go, and be used again.
      rmSync(root, { recursive: true, force: true })
      for (const { breaksAt, parallelism } of crashes.sort((a, b) => a.breaksAt - b.breaksAt)) {
        const { error } = await run({ count, breaksAt }, config(parallelism + 1))
        expect(error).toMatchObject({ code: 'SAGE_USER_ERROR' })
      }
      const { error } = await run({ count }, config(2))
      expect(error).toBeUndefined()
      expect(faultOf(rows(), count)).toBeUndefined()
      expect(hidden()).toEqual([])
      // It has finished: another run adds nothing.
      const before = visible()
      expect((await run({ count }, config(3))).error).toBeUndefined()
      expect(visible()).toEqual(before)
    })
    await fc.assert(property, { numRuns: name === 'inline' ? 8 : 1 })
  }, 120_000)

  it('a crash between the manifest and the commit is repaired by the next run', async () => {
    const count = 400
    const { error } = await run({ count, commitFails: true }, config(2))
    expect(error).toMatchObject({
      code: 'SAGE_USER_ERROR',
      operator: 'Files',
      message: expect.stringContaining('the commit that fails'),
    })
    const complete = manifests()
    expect(complete.length).toBeGreaterThan(0)
    const waiting = hidden().filter((one) => epochOf(one) <= complete.at(-1)!)
    expect(waiting).not.toEqual([])
    expect(visible()).toEqual([])
    const next = await run({ count }, config(3))
    expect(next.error).toBeUndefined()
    expect(visible()).toEqual(expect.arrayContaining(waiting.map((one) => one.slice(1))))
    expect(faultOf(rows(), count)).toBeUndefined()
  }, 60_000)

  it.each([
    ['its manifest', (epoch: number) => join(dir, `manifest-${epoch}`)],
    [
      'a part',
      (epoch: number) =>
        join(dir, readdirSync(dir).find((one) => one.startsWith(`part-${epoch}-`))!),
    ],
  ])(
    'going back behind a committed checkpoint takes its files back: %s is damaged',
    async (_, fileOf) => {
      const count = 8_000
      const job = await filing.submit({ path, count, paceMs: 2 }, config(2, 1_000_000))
      const prepared = (epoch: number) =>
        readdirSync(path).some((one) => new RegExp(`^\\.?part-\\d+-${epoch}\\b`).test(one))
      let newest = 0
      do newest = (await job.checkpoint()).id
      while (manifests().length < 2 || !prepared(newest))
      await job.cancel()
      const later = visible().filter((one) => epochOf(one) === newest)
      expect(later).not.toEqual([])
      truncateSync(fileOf(newest), 20)
      const { error } = await run({ count, breaksAt: 1 }, config(1, 1_000_000))
      expect(error).toMatchObject({ code: 'SAGE_USER_ERROR' })
      for (const one of later) expect(visible()).not.toContain(one)
      expect((await run({ count }, config(3))).error).toBeUndefined()
      expect(faultOf(rows(), count)).toBeUndefined()
      // Numbers are not used twice.
      for (const one of later) expect(visible()).not.toContain(one)
    },
    60_000,
  )

  it('a savepoint makes nothing visible; who begins from it does, and takes back what came behind it', async () => {
    const count = 12_000
    const savepoint = join(root, 'savepoint')
    const job = await filing.submit({ path, count, paceMs: 2 }, config(2, 1_000_000))
    const [first, info] = await Promise.all([job.checkpoint(), job.savepoint(savepoint)])
    expect(info.id).toBeGreaterThan(first.id)
    await job.finished
    const whole = rows()
    expect(faultOf(whole, count)).toBeUndefined()
    const behind = visible().filter((one) => epochOf(one) > info.id)
    expect(behind).not.toEqual([])
    const from = { ...config(3), checkpoint: { dir, interval: 1_000_000, resume: savepoint } }
    expect((await run({ count }, from)).error).toBeUndefined()
    expect(faultOf(rows(), count)).toBeUndefined()
    for (const one of behind) expect(visible()).not.toContain(one)
  }, 60_000)

  it('stop({ savepoint }) makes visible what it holds; a job begins from it, in any directory', async () => {
    const count = 6_000
    const savepoint = join(root, 'savepoint')
    const job = await filing.submit({ path, count, paceMs: 2 }, config(2, 1_000_000))
    const { id } = await job.checkpoint()
    expect((await job.stop({ savepoint })).status).toBe('stopped')
    expect(hidden()).toEqual([])
    const stopped = visible()
    expect(Math.max(...stopped.map(epochOf))).toBeGreaterThan(id)
    const other = { dir: join(root, 'other'), interval: 3, resume: savepoint }
    const from = { ...config(3), checkpoint: other }
    expect((await run({ count }, from)).error).toBeUndefined()
    expect(visible()).toEqual(expect.arrayContaining(stopped))
    expect(faultOf(rows(), count)).toBeUndefined()
  }, 60_000)

  it('a job that goes on without the savepoint it was stopped with takes back what that made visible', async () => {
    const count = 6_000
    const savepoint = join(root, 'savepoint')
    const job = await filing.submit({ path, count, paceMs: 2 }, config(2, 1_000_000))
    const { id } = await job.checkpoint()
    await job.stop({ savepoint })
    const behind = visible().filter((one) => epochOf(one) > id)
    expect(behind).not.toEqual([])
    expect((await run({ count, breaksAt: 1 }, config(1, 1_000_000))).error).toBeDefined()
    for (const one of behind) expect(visible()).not.toContain(one)
    expect((await run({ count }, config(2))).error).toBeUndefined()
    expect(faultOf(rows(), count)).toBeUndefined()
  }, 60_000)

  it('a commit that fails in stop({ savepoint }) fails the job; who begins from the savepoint repairs it', async () => {
    const count = 6_000
    const savepoint = join(root, 'savepoint')
    const params = { path, count, paceMs: 2, commitFails: true }
    const job = await filing.submit(params, config(2, 1_000_000))
    while (job.metrics().every(({ recordsIn }) => recordsIn === 0)) await turn()
    await expect(job.stop({ savepoint })).rejects.toMatchObject({ operator: 'Files' })
    expect(visible()).toEqual([])
    const from = { ...config(3), checkpoint: { dir, interval: 3, resume: savepoint } }
    expect((await run({ count }, from)).error).toBeUndefined()
    expect(faultOf(rows(), count)).toBeUndefined()
  }, 60_000)

  it('a file of somebody else is refused', async () => {
    const count = 400
    await run({ count, breaksAt: 399 }, config(1))
    writeFileSync(join(path, 'part-0-100000.json'), '')
    const { error } = await run({ count }, config(1)).catch((thrown: unknown) => ({
      error: thrown,
    }))
    expect(error).toMatchObject({
      code: 'SAGE_FILE',
      message: expect.stringContaining('part-0-100000.json'),
    })
  }, 60_000)
})

it('a sink that cannot take back: commits and end in order; no going back behind its checkpoints', async () => {
  const told: string[] = []
  const job = mailing((what) => void told.push(what))
  const config = {
    mode: 'inline',
    restart: 'none',
    checkpoint: { dir, interval: Number.POSITIVE_INFINITY },
  } as const
  const first = await job.submit(undefined, config)
  for (const letter of ['a', 'b']) {
    await first.io.letters.push(letter)
    await first.checkpoint()
  }
  await first.io.letters.push('lost')
  await first.cancel()
  expect(told.splice(0)).toEqual(['sent a', 'sent b', 'closed'])
  const second = await job.submit(undefined, config)
  await second.io.letters.push('c')
  second.io.letters.end()
  await second.finished
  // Whoever cannot tell what it has sent already sends it again.
  expect(told.splice(0)).toEqual(['again b', 'sent c', 'finished', 'closed'])
  truncateSync(join(dir, `manifest-${manifests().at(-1)}`), 20)
  await expect(job.submit(undefined, config)).rejects.toMatchObject({
    code: 'SAGE_CHECKPOINT_CORRUPT',
    message: expect.stringContaining("'mail'"),
  })
  expect(told).toEqual([])
})

it('what cannot be taken back: nor does a job begin from a savepoint behind it', async () => {
  const told: string[] = []
  const job = mailing((what) => void told.push(what))
  const checkpoint = { dir, interval: Number.POSITIVE_INFINITY }
  const config = { mode: 'inline', restart: 'none', checkpoint } as const
  const first = await job.submit(undefined, config)
  await first.io.letters.push('a')
  const savepoint = await first.savepoint(join(root, 'savepoint'))
  await first.io.letters.push('b')
  await first.checkpoint()
  await first.cancel()
  expect(told.splice(0)).toEqual(['sent a', 'sent b', 'closed'])
  const from = { ...config, checkpoint: { ...checkpoint, resume: savepoint.path } }
  await expect(job.submit(undefined, from)).rejects.toMatchObject({
    code: 'SAGE_CHECKPOINT_CORRUPT',
    message: expect.stringContaining("'mail' cannot take back"),
  })
  expect(told.filter((what) => what !== 'closed')).toEqual([])
})

it('a sink that cannot take back: no going on without the savepoint that the job was stopped with', async () => {
  const told: string[] = []
  const job = mailing((what) => void told.push(what))
  const savepoint = join(root, 'savepoint')
  const checkpoint = { dir, interval: Number.POSITIVE_INFINITY }
  const config = { mode: 'inline', restart: 'none', checkpoint } as const
  const first = await job.submit(undefined, config)
  await first.io.letters.push('a')
  await first.checkpoint()
  await first.io.letters.push('b')
  await first.stop({ savepoint })
  expect(told.splice(0)).toEqual(['sent a', 'sent b', 'closed'])
  await expect(job.submit(undefined, config)).rejects.toMatchObject({
    code: 'SAGE_CHECKPOINT_CORRUPT',
    message: expect.stringContaining(`was stopped with it as savepoint '${savepoint}`),
  })
  const from = { ...config, checkpoint: { ...checkpoint, resume: savepoint } }
  const second = await job.submit(undefined, from)
  await second.io.letters.push('c')
  await second.checkpoint()
  await second.cancel()
  // Whoever cannot tell what it has sent already sends it again.
  expect(told.splice(0)).toEqual(['again b', 'sent c', 'closed'])
  // Behind the next checkpoint of its own, the directory is whole again.
  const third = await job.submit(undefined, config)
  await third.cancel()
  expect(told.splice(0)).toEqual(['again c', 'closed'])
})

it('parquet files are whole', async () => {
  const count = 500
  const config = {
    mode: 'inline',
    parallelism: 2,
    restart: 'none',
    checkpoint: { dir, interval: 3 },
  } as const
  await run({ count, breaksAt: 300, format: 'parquet' }, config)
  expect((await run({ count, format: 'parquet' }, config)).error).toBeUndefined()
  const read = (await readAll(`${path}/*.parquet`, { format: 'parquet' })) as Row[]
  expect(faultOf(read, count)).toBeUndefined()
}, 60_000)

it('a job that has failed completes no more checkpoints while its sinks are still about one', async () => {
  const timeout = 200
  const committing = Promise.withResolvers<void>()
  const failing = Promise.withResolvers<void>()
  const job = await asking((what) => {
    if (what === 'commit 1') return committing.promise
    if (what !== 'prepare 2') return undefined
    failing.resolve()
    throw new Error('the failure of the test')
  }).submit(undefined, {
    mode: 'inline',
    restart: 'none',
    checkpoint: { dir, interval: Number.POSITIVE_INFINITY, timeout },
  })
  await job.io.letters.push('a')
  await job.checkpoint()
  // What it comes to its end with: the second.
  job.io.letters.end()
  await failing.promise
  const asked = job.checkpoint()
  asked.catch(() => {})
  // The one that it was to end with is given up by then, and another could begin.
  await after(2 * timeout)
  committing.resolve()
  await expect(asked).rejects.toThrow('the failure of the test')
  await expect(job.finished).rejects.toThrow('the failure of the test')
  expect(manifests()).toEqual([1])
})

it('a failure of recover says whose it is; the sink knows itself by its uid', async () => {
  const checkpoint = { dir, interval: Number.POSITIVE_INFINITY }
  const config = { mode: 'inline', restart: 'none', checkpoint } as const
  const first = await asking(() => {}).submit(undefined, config)
  await first.io.letters.push('a')
  await first.checkpoint()
  await first.cancel()
  const failing = asking((what) => {
    if (what === 'recover 1 of asking') throw new TypeError('the failure of the test')
  })
  await expect(failing.submit(undefined, config)).rejects.toMatchObject({
    code: 'SAGE_USER_ERROR',
    operator: 'Asking',
    subtask: 0,
    message: "TypeError: the failure of the test (operator 'Asking', subtask 0)",
  })
})

it('a stream that is fed again has its end again, though nobody waits for an output', async () => {
  const asked: string[] = []
  const job = await asking((what) => {
    asked.push(what)
    if (what === 'commit 1' && asked.filter((one) => one === what).length === 1)
      throw new Error('the failure of the test')
  }).submit(undefined, {
    mode: 'inline',
    restart: { fixedDelay: { delay: 1, attempts: 1 } },
    checkpoint: { dir, interval: Number.POSITIVE_INFINITY },
  })
  await job.io.letters.push('a')
  // The checkpoint that it ends with.
  job.io.letters.end()
  expect(await job.finished).toMatchObject({ status: 'finished', restarts: 1 })
  const calls = asked.map((what) => what.split(' ')[0])
  expect(calls).toEqual(['prepare', 'commit', 'recover', 'prepare', 'commit'])
})
