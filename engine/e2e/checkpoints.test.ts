import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { EnvironmentConfig } from '../index.ts'
import { settled } from '../testing/index.ts'
import {
  apart,
  counting,
  PARTITIONS,
  type Pauses,
  reading,
  summing,
} from './fixtures/checkpoint-job.ts'
import { modes, NEVER } from './fixtures/checkpointed.ts'
import { ownFolder } from './fixtures/own-folder.ts'

let dir: string
beforeEach(() => {
  dir = ownFolder()
})

const sorted = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).sort()

describe.each(modes)('%s', (_, mode) => {
  const config = (parallelism: number, more: object = {}): EnvironmentConfig => ({
    ...mode,
    parallelism,
    restart: 'none',
    checkpoint: { dir, interval: NEVER, ...more },
  })

  it('a job that crashed goes on from its last checkpoint, at any parallelism: nothing lost, nothing twice', async () => {
    const count = 3_000
    const whole = await summing.run({ count, breaksAt: NEVER }, { ...mode, parallelism: 2 })
    const seen: unknown[] = []
    let restored = 0
    // It breaks again and again, each time a little later, and checkpoints every few milliseconds.
    for (const [i, parallelism] of [2, 3, 1, 2].entries()) {
      const breaksAt = i === 3 ? NEVER : 700 * (i + 1)
      const job = await summing.submit({ count, breaksAt }, config(parallelism, { interval: 5 }))
      const checkpoints: number[] = []
      job.on('checkpoint', ({ id }) => checkpoints.push(id))
      const rows: unknown[] = []
      try {
        for await (const row of job.io.sums) rows.push(row)
        await job.finished
      } catch (error) {
        expect(error).toMatchObject({ code: 'SAGE_USER_ERROR', message: /the crash of the test/ })
      }
      restored += checkpoints.length
      seen.push(...rows)
    }
    // An output is at-least-once; what is summed up is exact.
    expect([...new Set(sorted(seen))]).toEqual(sorted(whole.outputs.sums))
    expect(restored).toBeGreaterThan(0)
    // One is taken at the natural end: what has finished is finished.
    const again = await summing.run({ count, breaksAt: NEVER }, config(2))
    expect(again.outputs.sums).toEqual([])
  })

  it.each([
    ['bounded', true],
    ['unbounded', false],
  ])('positions of %s partitions that a run does not read are kept', async (_kind, bounded) => {
    /** Reads until there is nothing more, takes a checkpoint, and is cancelled. */
    const life = async (pauses: Pauses['pauses'], parallelism: number, expected: number) => {
      const job = await reading.submit({ pauses, bounded }, config(parallelism))
      const items: unknown[] = []
      const read = (async () => {
        for await (const item of job.io.items) items.push(item)
      })()
      while (items.length < expected) await settled(job)
      await job.checkpoint()
      await job.cancel()
      await read
      return items
    }
    const lives = [
      // '0' comes to its end; the others stop on their way.
      await life({ 1: 5, 2: 3 }, 3, 18),
      // One subtask; where it reads one partition after the other, it does not come to '2'.
      await life({ 1: 7, 2: 3 }, 1, 2),
      await life({ 1: 8, 2: 3 }, 2, 1),
    ]
    const { outputs } = await reading.run({ pauses: {}, bounded }, config(2))
    const all = PARTITIONS.flatMap((p) => Array.from({ length: 10 }, (_, i) => `${p}/${i}`))
    expect([...lives.flat(), ...outputs.items].toSorted()).toEqual(all)
  })

  it('checkpoint() holds what was pushed before; what came later is lost in a crash', async () => {
    const job = await counting.submit(undefined, config(2))
    for (const word of ['a', 'b', 'a']) await job.io.words.push(word)
    const info = await job.checkpoint()
    expect(info).toMatchObject({ path: join(dir, `manifest-${info.id}`) })
    expect(readdirSync(dir)).toContain(`manifest-${info.id}`)
    await job.io.words.push('a')
    await job.cancel()
    const second = await counting.submit(undefined, config(3))
    for (const word of ['a', 'c']) await second.io.words.push(word)
    second.io.words.end()
    expect(sorted(await second.io.counts.toArray())).toEqual(
      sorted([
        ['a', 3],
        ['c', 1],
      ]),
    )
    await second.finished
  })

  it('go on when all subtasks of a thread have come to their end; so does a job that resumes', async () => {
    const job = await apart.submit(undefined, config(1, { timeout: '5s' }))
    expect(await job.io.early.toArray()).toEqual([1, 2, 3])
    const late = job.io.late.toArray()
    await job.io.words.push('a')
    // What the thread has left behind is in the first of them, and it is gone soon after that.
    for (let i = 0; i < 20; i++) await job.checkpoint()
    await job.savepoint(join(dir, 'savepoint'))
    await job.io.words.push('b')
    await job.checkpoint()
    await job.cancel()
    expect(await late).toEqual(['a', 'b'])
    const second = await apart.submit(undefined, config(1, { timeout: '5s' }))
    expect(await second.io.early.toArray()).toEqual([])
    for (let i = 0; i < 20; i++) await second.checkpoint()
    await second.io.words.push('c')
    second.io.words.end()
    expect(await second.io.late.toArray()).toEqual(['c'])
    expect(await second.finished).toMatchObject({ status: 'finished', restarts: 0 })
  })

  it('increments: what has not changed is not written again', async () => {
    const job = await counting.submit(undefined, config(1))
    const reading = job.io.counts.toArray()
    await job.io.words.pushMany(Array.from({ length: 5_000 }, (_, i) => `word ${i}`))
    await settled(job)
    const full = await job.checkpoint()
    await job.io.words.push('word 17')
    const delta = await job.checkpoint()
    expect(delta.bytes).toBeLessThan(full.bytes / 10)
    await job.cancel()
    await reading
    const second = await counting.submit(undefined, config(1))
    const readingOn = second.io.counts.toArray()
    // What it has resumed with has not changed, either; and however many follow, none is as large as the state.
    for (let i = 0; i < 120; i++) {
      await second.io.words.push(`word ${i % 5}`)
      expect((await second.checkpoint()).bytes).toBeLessThan(full.bytes / 4)
    }
    await second.cancel()
    await readingOn
    const third = await counting.submit(undefined, config(2))
    await third.io.words.pushMany(['word 4', 'word 17', 'word 4999'])
    third.io.words.end()
    expect(sorted(await third.io.counts.toArray())).toEqual(
      sorted([
        ['word 17', 3],
        ['word 4', 26],
        ['word 4999', 2],
      ]),
    )
    await third.finished
  })

  it('stop({ savepoint }) ends without an end of input; a job begins from it', async () => {
    const job = await counting.submit(undefined, config(2))
    const savepoint = join(dir, 'savepoints')
    for (const word of ['x', 'y', 'x']) await job.io.words.push(word)
    const result = await job.stop({ savepoint })
    expect(result.status).toBe('stopped')
    const second = await counting.submit(undefined, {
      ...mode,
      parallelism: 3,
      checkpoint: { dir: join(dir, 'other'), interval: NEVER, resume: savepoint },
    })
    await second.io.words.push('x')
    second.io.words.end()
    expect(await second.io.counts.toArray()).toEqual([['x', 3]])
    await second.finished
  })

  it('refuses what cannot go on from it, and a directory that is in use', async () => {
    const job = await counting.submit(undefined, config(1))
    await job.io.words.push('a')
    await expect(counting.submit(undefined, config(1))).rejects.toMatchObject({
      code: 'SAGE_CHECKPOINT_IN_USE',
    })
    await job.checkpoint()
    await job.cancel()
    await expect(summing.run({ count: 1, breaksAt: 1 }, config(1))).rejects.toMatchObject({
      code: 'SAGE_CHECKPOINT_INCOMPATIBLE',
      message: expect.stringContaining("'counting'"),
    })
    await expect(
      counting.submit(undefined, { ...config(1), maxParallelism: 64 }),
    ).rejects.toMatchObject({ code: 'SAGE_CHECKPOINT_INCOMPATIBLE' })
    await expect(
      counting.submit(undefined, config(1, { resume: join(dir, 'nothing') })),
    ).rejects.toMatchObject({ code: 'SAGE_CHECKPOINT_CORRUPT' })
  })
})

it('a savepoint into the directory of its checkpoints is refused, and leaves them alone', async () => {
  const checkpoint = { dir, interval: NEVER }
  const job = await counting.submit(undefined, { mode: 'inline', checkpoint })
  await job.io.words.push('a')
  await expect(job.savepoint(join(dir, '.'))).rejects.toMatchObject({
    code: 'SAGE_OPTION',
    message: `savepoint: expected a directory other than that of the job's checkpoints, got '${dir}'`,
  })
  expect((await job.checkpoint()).id).toBe(1)
  await job.cancel()
})

it.each([
  [null, 'stop(): expected an object with savepoint, drain, got null'],
  ['there', 'stop(): expected an object with savepoint, drain, got "there"'],
  [{ savepint: 'there' }, "stop(): expected savepoint, drain, got 'savepint'"],
  [{ savepoint: 'there', drain: 'yes' }, 'stop(): expected true or false as drain, got "yes"'],
  [{ savepoint: '' }, 'savepoint: expected the path of a directory, got ""'],
])('stop(%o) is refused, and the job goes on', async (options, message) => {
  const checkpoint = { dir, interval: NEVER }
  const job = await counting.submit(undefined, { mode: 'inline', checkpoint })
  await expect(job.stop(options as any)).rejects.toMatchObject({ code: 'SAGE_OPTION', message })
  expect(job.status).toBe('running')
  await job.cancel()
})

it('without a directory there are no checkpoints', async () => {
  const job = await counting.submit(undefined, { mode: 'inline' })
  for (const call of [
    () => job.checkpoint(),
    () => job.savepoint('x'),
    () => job.stop({ savepoint: 'x' }),
  ])
    await expect(call()).rejects.toMatchObject({ code: 'SAGE_CHECKPOINT_DISABLED' })
  await job.cancel()
})

it.each([
  [{ dir: '' }, 'checkpoint.dir'],
  [{ dir: 'x', interval: 0 }, 'checkpoint.interval'],
  [{ dir: 'x', retain: 0 }, 'checkpoint.retain'],
  [{ dir: 'x', mode: 'sideways' }, 'checkpoint.mode'],
  [{ dir: 'x', often: true }, 'checkpoint.often'],
])('refuses %o', async (checkpoint, field) => {
  await expect(
    counting.submit(undefined, { mode: 'inline', checkpoint } as any),
  ).rejects.toMatchObject({ code: 'SAGE_CONFIG', message: expect.stringContaining(field) })
})
