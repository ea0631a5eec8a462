import { describe, expect, it } from 'vitest'
import type { EnvironmentConfig, StreamError } from '../index.ts'
import { ManualClock, settled } from '../testing/index.ts'
import {
  collatz,
  collatzFed,
  components,
  endless,
  eventTimed,
  expanding,
  failing,
  forward,
  lastWords,
  nested,
  partners,
  timed,
  twice,
  windowed,
} from './fixtures/loops-job.ts'

const inlineModes: [string, EnvironmentConfig][] = [
  ['inline', { mode: 'inline', parallelism: 1 }],
  ['inline, 3 subtasks', { mode: 'inline', parallelism: 3 }],
]
const threads: EnvironmentConfig = { parallelism: 2, maxThreads: 2 }
const modes: [string, EnvironmentConfig][] = [...inlineModes, ['threads', threads]]
/** Rings as small as they may be: loops are full all the time. */
const tight = { memory: { ringBytes: 4096 } }

function stepsOf(n: number): number {
  let steps = 0
  for (let at = n; at !== 1; steps++) at = at % 2 === 0 ? at / 2 : 3 * at + 1
  return steps
}

const byNumber = (a: number, b: number) => a - b

describe.each(modes)('%s', (_, config) => {
  it('a loop ends when its records have left it', async () => {
    const { outputs, status, operators } = await collatz.run({ count: 500 }, config)
    const walked = outputs.done.map(({ start, steps }) => [start, steps])
    const expected = Array.from({ length: 500 }, (_, i) => [i + 1, stepsOf(i + 1)])
    expect(walked.toSorted(([a], [b]) => a - b)).toEqual(expected)
    const rounds = expected.reduce((sum, [, steps]) => sum + steps, 0)
    const again = operators.find(({ kind }) => kind === 'fromFuture')!
    expect([status, again.recordsIn, again.recordsOut]).toEqual(['finished', rounds, rounds])
  })

  it.each(config === threads ? [[[2, 3]]] : [[[1, 1]], [[2, 3]], [[4, 1]]])(
    'a loop in a loop, %j subtasks wide',
    async (widths) => {
      const params = { count: 60, outer: 4, inner: 5, widths }
      const { outputs, operators } = await nested.run(params, config)
      expect(outputs.done.map(({ id }) => id).toSorted(byNumber)).toEqual(
        Array.from({ length: 60 }, (_, id) => id),
      )
      const rounds = operators.filter(({ kind }) => kind === 'fromFuture')
      expect(rounds.map(({ recordsIn }) => recordsIn)).toEqual([60 * 3, 60 * 4 * 4])
    },
  )

  it('what multiplies in a loop has room, however small its rings', async () => {
    const params = { count: 300, by: 10, depth: 3 }
    const { outputs } = await expanding.run(params, { ...config, ...tight })
    expect(outputs.sums).toEqual([[0, 300_000]])
  })

  it.each(config === threads ? [3] : [1, 2, 3, 4])(
    'by key, with state, %i subtasks wide',
    async (parallelism) => {
      // Two rings of nodes, and pairs.
      const ring = (from: number, n: number) =>
        Array.from({ length: n }, (_, i) => [from + i, from + ((i + 1) % n)] as const)
      const pairs = Array.from({ length: 20 }, (_, i) => [300 + 2 * i, 301 + 2 * i] as const)
      const edges = [...ring(0, 100), ...ring(200, 50), ...pairs]
      const { outputs } = await components.run({ edges, parallelism }, { ...config, ...tight })
      const labels = new Map<number, number>()
      for (const { node, label } of outputs.labels) {
        expect(label).toBeLessThan(labels.get(node) ?? node)
        labels.set(node, label)
      }
      const expected = new Map<number, number>()
      for (let node = 1; node < 100; node++) expected.set(node, 0)
      for (let node = 201; node < 250; node++) expected.set(node, 200)
      for (let i = 0; i < 20; i++) expected.set(301 + 2 * i, 300 + 2 * i)
      expect(labels).toEqual(expected)
    },
  )

  it.each(config === threads ? [2] : [1, 2])(
    'windows in a loop: the time is that of the ordinary input; what comes round is late (%i wide)',
    async (parallelism) => {
      const { outputs } = await windowed.run({ times: [1, 3, 12, 15, 18, 31], parallelism }, config)
      const read = outputs.seen.filter(({ what }) => what === 'read')
      expect(read.map(({ at, stamp }) => [at, stamp])).toEqual(
        [1, 3, 12, 15, 18, 31].map((at) => [at, at]),
      )
      // Each keeps the timestamp that its window gave it, the last one was emitted by the end of time.
      const counts = outputs.seen.filter(({ what }) => what === 'counted')
      expect(counts.map(({ at, n, stamp }) => [at, n, stamp])).toEqual([
        [0, 2, 9],
        [10, 3, 19],
        [30, 1, 39],
      ])
      expect(outputs.late).toEqual(counts)
    },
  )

  it('timers and promises count as circulating', async () => {
    const clock = new ManualClock(0)
    const job = await timed.submit(undefined, { ...config, clock })
    const reader = job.io.done.toArray()
    await job.io.numbers.pushMany([3, 1, 2])
    job.io.numbers.end()
    for (let round = 0; round < 3; round++) {
      await settled(job)
      expect(job.status).toBe('running')
      clock.advance(10)
    }
    expect(await reader).toEqual([0, 0, 0])
    expect((await job.finished).status).toBe('finished')
  })

  it('cancel() ends a loop that would not end', async () => {
    const job = await endless.submit(undefined, config)
    for await (const n of job.io.seen) if (n >= 5000) break
    expect((await job.cancel()).status).toBe('cancelled')
  })
})

describe.each(inlineModes)('%s', (_, config) => {
  it('a loop that nothing enters ends, and one that nothing stays in', async () => {
    expect((await collatz.run({ count: 0 }, config)).outputs.done).toEqual([])
    expect((await collatz.run({ count: 1 }, config)).outputs.done).toEqual([
      { start: 1, n: 1, steps: 0 },
    ])
  })

  it('a loop behind a loop', async () => {
    const { outputs } = await twice.run({ count: 200 }, config)
    const expected = Array.from({ length: 200 }, (_, i) => stepsOf(stepsOf(i + 1) + 1))
    expect(outputs.done.map(({ steps }) => steps).toSorted(byNumber)).toEqual(
      expected.toSorted(byNumber),
    )
  })

  it('the end of input passes once; what it emits circulates, and what has ended leaves it out', async () => {
    const { outputs, operators } = await lastWords.run({ numbers: [2, 0] }, config)
    expect(outputs.seen.toSorted(byNumber)).toEqual([0, 0, 1, 2, 1004])
    const counts = operators.find(({ name }) => name === 'counts')!
    expect([counts.recordsIn, counts.dropped]).toEqual([5, 1])
  })

  it('event timers fire at the end of time, and at once for what comes round behind it', async () => {
    const { outputs } = await eventTimed.run(undefined, config)
    expect(outputs.seen).toEqual([
      { n: 3, timestamp: 5, watermark: Number.NEGATIVE_INFINITY },
      { n: 2, timestamp: 15, watermark: Number.POSITIVE_INFINITY },
      { n: 1, timestamp: 25, watermark: Number.POSITIVE_INFINITY },
    ])
  })

  it('what a join gives at the end of input comes too late for it', async () => {
    const { outputs, operators } = await partners.run(undefined, config)
    // 14 = 2 and 2 went round before the end, and had no partner either.
    expect(outputs.seen.toSorted(byNumber)).toEqual([1, 2, 3, 11, 13, 14, 15, 24])
    const rows = operators.find(({ kind }) => kind === 'join')!
    expect([rows.recordsIn, rows.dropped]).toEqual([10, 4])
  })

  it('stop() drains what circulates', async () => {
    const job = await collatzFed.submit(undefined, config)
    const reader = job.io.done.toArray()
    const numbers = Array.from({ length: 300 }, (_, i) => i + 1)
    await job.io.numbers.pushMany(numbers)
    const result = await job.stop()
    expect(result.status).toBe('stopped')
    expect((await reader).map(({ start }) => start).toSorted(byNumber)).toEqual(numbers)
  })

  it('an answer may come round a loop', async () => {
    const job = await collatzFed.submit(undefined, config)
    const ask = (n: number) => job.io.numbers.ask(n, { reply: job.io.done, timeout: '10s' })
    const answers = await Promise.all([27, 1, 97].map(ask))
    expect(answers.map(({ start, steps }) => [start, steps])).toEqual([
      [27, 111],
      [1, 0],
      [97, 118],
    ])
    await job.stop()
  })

  it('errors in a loop go the way that their policy says', async () => {
    const of = async (errors: 'skip' | 'deadLetter' | 'retry') => {
      const { outputs, operators } = await failing.run({ errors }, config)
      const { errors: failed, retries } = operators.find(({ name }) => name === 'falls')!
      const letters = outputs.letters.map(({ value }) => value)
      return { done: outputs.done, letters, failed, retries }
    }
    expect(await of('skip')).toEqual({ done: [0], letters: [], failed: 2, retries: 0 })
    expect(await of('retry')).toEqual({ done: [0], letters: [], failed: 2, retries: 4 })
    expect(await of('deadLetter')).toEqual({ done: [0], letters: [3, 3], failed: 2, retries: 0 })
    const failure = await failing.run({ errors: 'fail' }, config).catch((e: StreamError) => e)
    expect(failure).toMatchObject({ code: 'SAGE_USER_ERROR', operator: 'falls' })
  })

  it('a future that is no loop is a stream used before it is made', async () => {
    const { outputs } = await forward.run(undefined, config)
    expect(outputs.doubled.toSorted(byNumber)).toEqual(Array.from({ length: 34 }, (_, i) => 6 * i))
  })
})

it('a loop of a job that takes checkpoints is refused', async () => {
  await expect(
    collatz.run({ count: 1 }, { checkpoint: { dir: 'never-made' } }),
  ).rejects.toMatchObject({ code: 'SAGE_CONFIG', operator: 'again' })
})
