import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  IDLE,
  type JobHandle,
  LocalEnvironment,
  OutputTag,
  type PartitionedSource,
  tumbling,
  type WatermarkStrategy,
  watermarks,
} from '../index.ts'
import { ManualClock, settled } from '../testing/index.ts'

/** Records of one partition, given by the test as it goes. */
class Feed {
  readonly #records: number[] = []
  #ended = false

  give(...times: number[]): void {
    this.#records.push(...times)
  }

  end(): void {
    this.#ended = true
  }

  next(): number[] | typeof IDLE | null {
    if (this.#records.length > 0) return this.#records.splice(0)
    return this.#ended ? null : IDLE
  }

  position(): number {
    return 0
  }
}

/** A source whose partitions are read side by side, each a feed. Its records are their timestamps. */
function feeds<N extends string>(...names: readonly N[]) {
  const of = Object.fromEntries(names.map((name) => [name, new Feed()])) as Record<N, Feed>
  const source: PartitionedSource<number> = {
    partitions: () => [...names],
    open: (name) => of[name as N],
  }
  return { of, source }
}

/** A job that tells what it sees of time: `timestamp<watermark`. */
async function watching<N extends string>(
  strategy: WatermarkStrategy,
  names: readonly N[],
  parallelism = 1,
) {
  const { of, source } = feeds(...names)
  const clock = new ManualClock()
  const env = new LocalEnvironment('watermarks', { mode: 'inline', parallelism, clock })
  const seen: string[] = []
  const fired: number[] = []
  const stamped = env.fromSource(source).assignTimestamps((at) => at, strategy)
  stamped.inspect((at, ctx) => void seen.push(`${at}<${ctx.watermark}`))
  stamped
    .keyBy(() => 'all')
    .window(tumbling(10))
    .count()
    .sink(({ end }) => void fired.push(end))
  const job = (await env.submit()) as JobHandle
  const come = async () => {
    await settled(job)
    return seen.splice(0)
  }
  const end = async () => {
    for (const name of names) of[name].end()
    await job.finished
  }
  return { of, clock, job, come, end, fired }
}

const bounded = (ms: number) => watermarks.boundedOutOfOrderness(ms)

describe.each([1, 2])('watermarks of partitions, parallelism %d', (parallelism) => {
  it('are their minimum, less what they may be out of order', async () => {
    const { of, come, end, fired } = await watching(bounded(5), ['a', 'b'], parallelism)
    of.a.give(100)
    await come()
    expect(fired).toEqual([])
    of.b.give(52)
    await come()
    of.b.give(53)
    const [text] = await come()
    // Each subtask has one of the two partitions, or both.
    expect(text).toBe('53<47')
    expect(fired).toEqual([])
    of.b.give(64)
    await come()
    expect(fired).toEqual([])
    of.b.give(65)
    await come()
    expect(fired).toEqual([60])
    of.b.give(300)
    await come()
    expect(fired).toEqual([60, 70])
    await end()
    expect(fired).toEqual([60, 70, 110, 310])
  })

  it('a partition that has ended is not waited for, one that has not begun is', async () => {
    const { of, come, end, fired } = await watching(
      watermarks.monotonic(),
      ['a', 'b', 'c'],
      parallelism,
    )
    of.a.give(15)
    of.b.give(31)
    await come()
    expect(fired).toEqual([])
    of.c.end()
    await come()
    of.a.give(20)
    await come()
    expect(fired).toEqual([20])
    of.a.end()
    await come()
    of.b.give(45)
    await come()
    expect(fired).toEqual([20, 30, 40])
    await end()
  })

  it('an idle partition is not waited for, by the job’s clock; its return holds time again', async () => {
    const strategy = watermarks.monotonic().withIdleness('1s')
    const { of, clock, come, end, fired } = await watching(strategy, ['a', 'b'], parallelism)
    of.a.give(5)
    of.b.give(5)
    await come()
    of.a.give(35)
    await come()
    clock.advance(999)
    of.a.give(36)
    await come()
    expect(fired).toEqual([])
    clock.advance(1)
    await come()
    of.a.give(37)
    await come()
    expect(fired).toEqual([10])
    of.b.give(38)
    await come()
    of.a.give(99)
    await come()
    expect(fired).toEqual([10])
    of.b.give(50)
    await come()
    expect(fired).toEqual([10, 40])
    await end()
  })

  it('a source whose partitions are all idle holds nobody up, and promises nothing of its own', async () => {
    const strategy = watermarks.monotonic().withIdleness('1s')
    const { of, clock, come, end, fired } = await watching(strategy, ['a', 'b'], parallelism)
    of.a.give(5)
    of.b.give(6)
    await come()
    clock.advance(5_000)
    await come()
    expect(fired).toEqual([])
    of.a.give(7)
    of.b.give(7)
    await come()
    await end()
    expect(fired).toEqual([10])
  })
})

it('what a subtask that was idle brings too late is late record by record, not as a partial result', async () => {
  const { of, source } = feeds('a', 'b')
  const clock = new ManualClock()
  const env = new LocalEnvironment('back', { mode: 'inline', parallelism: 2, clock })
  const late = new OutputTag<number>('late')
  const windows = env
    .fromSource(source)
    .assignTimestamps((at) => at, watermarks.monotonic().withIdleness('1s'))
    .keyBy(() => 'all')
    .window(tumbling(10))
    .lateOutput(late)
    .count()
  const fired: number[][] = []
  const tooLate: number[] = []
  windows.sink(({ start, value }) => void fired.push([start, value]))
  windows.sideOutput(late).sink((at) => void tooLate.push(at))
  const job = (await env.submit()) as JobHandle
  const give = async (name: 'a' | 'b', ...times: number[]) => {
    of[name].give(...times)
    await settled(job)
  }
  await give('a', 5)
  await give('b', 5)
  clock.advance(500)
  await give('a', 6)
  clock.advance(500)
  await settled(job)
  await give('a', 100)
  expect(fired).toEqual([[0, 3]])
  await give('b', 6, 7, 8, 99, 101, 103)
  await give('b', 7, 104)
  expect(tooLate.toSorted()).toEqual([6, 7, 7, 8, 99])
  of.a.end()
  of.b.end()
  const { operators } = await job.finished
  expect(operators.find(({ kind }) => kind === 'window')!.dropped).toBe(5)
  expect(fired).toEqual([
    [0, 3],
    [100, 4],
  ])
})

describe('time', () => {
  it('of several inputs is their minimum', async () => {
    const a = feeds('a')
    const b = feeds('b')
    const env = new LocalEnvironment('inputs', { mode: 'inline', parallelism: 1 })
    const stamped = [a, b].map(({ source }) =>
      env.fromSource(source).assignTimestamps((at) => at, watermarks.monotonic()),
    )
    const fired: number[] = []
    stamped[0]
      .union(stamped[1])
      .keyBy(() => 'all')
      .window(tumbling(10))
      .count()
      .sink(({ value, end }) => void fired.push(end, value))
    const job = (await env.submit()) as JobHandle
    a.of.a.give(3, 50)
    await settled(job)
    expect(fired).toEqual([])
    b.of.b.give(9)
    await settled(job)
    expect(fired).toEqual([])
    b.of.b.give(10)
    await settled(job)
    expect(fired).toEqual([10, 2])
    b.of.b.end()
    await settled(job)
    expect(fired).toEqual([10, 2, 20, 1])
    a.of.a.end()
    await job.finished
    expect(fired).toEqual([10, 2, 20, 1, 60, 1])
  })

  it('a source that is held back is not idle, however long', async () => {
    const { of, source } = feeds('a', 'b')
    const clock = new ManualClock()
    const env = new LocalEnvironment('held', { mode: 'inline', parallelism: 1, clock })
    const seen: string[] = []
    let release = () => {}
    const strategy = watermarks.monotonic().withIdleness('1s')
    const stamped = env.fromSource(source).assignTimestamps((at) => at, strategy)
    stamped.inspect((at, ctx) => void seen.push(`${at}<${ctx.watermark}`))
    stamped.sink((at) => (at === 30 ? new Promise<void>((done) => (release = done)) : undefined))
    const job = (await env.submit()) as JobHandle
    of.a.give(10)
    of.b.give(10)
    await settled(job)
    of.a.give(30)
    await expect.poll(() => seen.at(-1)).toBe('30<10')
    clock.advance('1h')
    release()
    await settled(job)
    clock.advance('500ms')
    of.a.give(31)
    await settled(job)
    // b has not been asked for an hour: time waits for it.
    expect(seen.at(-1)).toBe('31<10')
    clock.advance('500ms')
    await settled(job)
    of.a.give(32)
    await settled(job)
    expect(seen.at(-1)).toBe('32<31')
    of.a.end()
    of.b.end()
    await job.finished
  })

  it('where nothing is promised before the end, windows fire there', async () => {
    const { of, come, end, fired } = await watching(bounded(Number.POSITIVE_INFINITY), ['a'])
    of.a.give(5, 5_000, 70)
    expect(await come()).toEqual(['5<-Infinity', '5000<-Infinity', '70<-Infinity'])
    expect(fired).toEqual([])
    await end()
    expect(fired).toEqual([10, 80, 5_010])
  })

  it.each<[unknown, string]>([
    [Number.NaN, 'got NaN'],
    [-1, 'got -1'],
    [Number.POSITIVE_INFINITY, 'got Infinity'],
    ['5', 'got "5"'],
    [undefined, 'got undefined'],
    [5n, 'got 5n: use Number(…) of a bigint'],
    [new Date(5), 'use getTime() of a Date'],
    [2 ** 53, 'greater than 2^53 - 1: are these micro- or nanoseconds?'],
    [1.7e18, 'greater than 2^53 - 1: are these micro- or nanoseconds?'],
  ])(
    'a timestamp of %s is refused, and left out where the policy says so',
    async (wrong, message) => {
      const run = async (errors: 'fail' | 'skip') => {
        const env = new LocalEnvironment('wrong', { mode: 'inline', parallelism: 1 })
        const output = env
          .fromCollection([1, 2, 3])
          .assignTimestamps((n) => (n === 2 ? (wrong as number) : n), watermarks.monotonic(), {
            errors,
          })
          .keyBy(() => 'all')
          .window(tumbling(10))
          .toArray()
          .output('windows')
        const done = env.submit({ autostop: true })
        const found = await output.toArray().catch(() => [])
        await done
        return found.map(({ value }) => value)
      }
      await expect(run('fail')).rejects.toMatchObject({
        code: 'SAGE_TIMESTAMP',
        message: expect.stringContaining(message),
      })
      expect(await run('skip')).toEqual([[1, 3]])
    },
  )
})

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'watermarks-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it.each([1, 2, 3])(
    'each is a partition: none is late for another, parallelism %d',
    async (parallelism) => {
      const write = (name: string, from: number) =>
        writeFileSync(
          join(folder, name),
          Array.from({ length: 200 }, (_, i) => JSON.stringify({ at: from + i })).join('\n'),
        )
      for (const [i, from] of [5_000, 0, 2_500].entries()) write(`${i}.json`, from)
      const env = new LocalEnvironment('files', { mode: 'inline', parallelism })
      const windows = env
        .fromFile<{ at: number }>(join(folder, '*.json'), { format: 'json' })
        .assignTimestamps(({ at }) => at, watermarks.monotonic())
        .keyBy(() => 'all')
        .window(tumbling(100))
        .count()
        .output('windows')
      const done = env.submit({ autostop: true })
      const found = await windows.toArray()
      const { operators } = await done
      expect(found.map(({ start, value }) => [start, value])).toEqual([
        [0, 100],
        [100, 100],
        [2_500, 100],
        [2_600, 100],
        [5_000, 100],
        [5_100, 100],
      ])
      expect(operators.find(({ kind }) => kind === 'window')!.dropped).toBe(0)
    },
  )
})
