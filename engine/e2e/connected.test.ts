import { describe, expect, it } from 'vitest'
import type { EnvironmentConfig, JoinType } from '../index.ts'
import { ManualClock, settled } from '../testing/index.ts'
import {
  aligned,
  clocked,
  conditional,
  type Event,
  fed,
  handled,
  inStep,
  joined,
  processed,
  windowed,
} from './fixtures/connected-job.ts'

const inlineModes: [string, EnvironmentConfig][] = [
  ['inline', { mode: 'inline', parallelism: 1 }],
  ['inline, 3 subtasks', { mode: 'inline', parallelism: 3 }],
]
const threads: EnvironmentConfig = { parallelism: 2, maxThreads: 2 }
const modes: [string, EnvironmentConfig][] = [...inlineModes, ['threads', threads]]

/** `a@5=1`: user a at 5, with number 1; numbers count on from 0. */
const events = (script: string): Event[] =>
  script.split(' ').flatMap((text, i) => {
    const [, user, at, n] = /^(\w+)@(\d+)(?:=(\d+))?$/.exec(text) ?? []
    return user === undefined ? [] : [{ user, at: Number(at), n: Number(n ?? i) }]
  })

describe.each(modes)('%s', (_, config) => {
  it('process sees all records of all inputs, by name, and each user alone where they are keyed', async () => {
    const left = Array.from({ length: 3000 }, (_, n) => ({ user: `u${n % 7}`, at: n, n }))
    const right = left.slice(0, 2000)
    const { outputs } = await processed.run({ left, right }, config)
    const { merged, pairs } = outputs
    expect(merged.at(-1)).toBe('5000 records')
    const of = (name: string) => merged.filter((text) => text.startsWith(name))
    expect(of('left')).toEqual(left.map(({ n }) => `left ${n}`))
    expect(of('right')).toEqual(right.map(({ n }) => `right ${n}`))
    const expected = right.map(({ user, n }) => `${user}: ${user} ${user} ${n}+${n}`)
    expect(pairs.toSorted()).toEqual(expected.toSorted())
  })

  const unmatched: [JoinType, string[]][] = [
    ['inner', []],
    ['left', ['2 -', '3 -']],
    ['right', ['- 12', '- 13']],
    ['outer', ['2 -', '3 -', '- 12', '- 13']],
  ]
  it.each(config === threads ? unmatched.slice(3) : unmatched)(
    '%s joins by key and by condition within a time',
    async (joinType, alone) => {
      const left = events('a@10=1 b@20=2 a@200=3 c@500=4')
      const right = events('a@15=11 a@30=10 a@150=12 d@160=13 c@510=14')
      const { outputs } = await joined.run({ left, right, joinType, within: 20 }, config)
      for (const rows of Object.values(outputs))
        expect(rows.toSorted()).toEqual(['1 10', '1 11', '4 14', ...alone].toSorted())
    },
  )

  it('joins without a bound match until the end', async () => {
    const left = events('a@10=1 b@20=2')
    const right = events('a@9999=3 c@1=4')
    const { outputs } = await joined.run({ left, right, joinType: 'outer' }, config)
    for (const rows of Object.values(outputs))
      expect(rows.toSorted()).toEqual(['- 4', '1 3', '2 -'].toSorted())
  })

  it('windows go over all inputs, by event time', async () => {
    const left = events('a@10=1 b@20=2 a@250=3 a@245=4')
    const right = events('a@15=10 c@199=20 b@230=30')
    const { outputs } = await windowed.run({ left, right }, config)
    expect(outputs.sums).toEqual([
      { startTime: 0, sums: [3, 10] },
      { startTime: 100, sums: [0, 20] },
      { startTime: 200, sums: [7, 30] },
    ])
    expect(outputs.perUser.toSorted()).toEqual(
      [
        'a/99 a -100-100: 1+1',
        'a/199 a 0-200: 1+1',
        'a/299 a 100-300: 2+0',
        'a/399 a 200-400: 2+0',
        'b/99 b -100-100: 1+0',
        'b/199 b 0-200: 1+0',
        'b/299 b 100-300: 0+1',
        'b/399 b 200-400: 0+1',
        'c/199 c 0-200: 0+1',
        'c/299 c 100-300: 0+1',
      ].toSorted(),
    )
    expect(outputs.sessions).toEqual(['10-70', '199-300'])
  })

  it('a window waits for the slowest input; late records are counted and at hand', async () => {
    const job = await fed.submit(undefined, config)
    const { clicks, views, counts, late } = job.io
    const seen: string[] = []
    const reading = (async () => {
      for await (const one of counts) seen.push(one)
    })()
    const lates = late.toArray()
    await clicks.pushMany(events('a@100 a@1100 a@2100'))
    await settled(job)
    expect(seen).toEqual([])
    await views.pushMany(events('b@200 b@999'))
    await settled(job)
    expect(seen).toEqual([])
    await views.push(events('b@1000')[0])
    await settled(job)
    expect(seen).toEqual(['0: 1+2'])
    await clicks.push(events('a@500=7')[0])
    await settled(job)
    const { operators } = await job.stop()
    await reading
    expect(seen).toEqual(['0: 1+2', '1000: 1+1', '2000: 1+0'])
    expect((await lates).map(({ n }) => n)).toEqual([7])
    expect(operators.find(({ kind }) => kind === 'window')?.dropped).toBe(1)
  })

  it('without timestamps the job’s clock counts', async () => {
    const clock = new ManualClock(1000)
    const job = await clocked.submit(undefined, { ...config, clock })
    const { clicks, views, counts, rows } = job.io
    const found: unknown[] = []
    const reading = [counts, rows].map(async (output) => {
      for await (const one of output) found.push(one)
    })
    await clicks.push('ann')
    await views.push('bob')
    await settled(job)
    clock.advance(4999)
    await settled(job)
    await views.push('ann')
    await clicks.push('cid')
    await settled(job)
    expect(found).toEqual([['ann', 'ann']])
    clock.advance(4001)
    await settled(job)
    expect(found.slice(1)).toEqual(['2+2'])
    clock.advance(999)
    await settled(job)
    expect(found.slice(2)).toEqual([['cid', null]])
    await job.stop()
    await Promise.all(reading)
    expect(found.length).toBe(3)
  })

  it('synchronize waits for every input that is not idle, and drops nothing that comes late', async () => {
    const clock = new ManualClock(0)
    const job = await inStep.submit(undefined, { ...config, clock })
    const { left, right, byTime, byMarker } = job.io
    const [times, markers]: string[][] = [[], []]
    const reading = [[byTime, times] as const, [byMarker, markers] as const].map(
      async ([output, found]) => {
        for await (const batch of output) found.push(batch)
      },
    )
    const push = async (input: typeof left, script: string) => {
      await input.pushMany(events(script))
      await settled(job)
    }
    await push(left, 'a@0=1 a@5=2')
    clock.advance(600)
    await push(left, 'a@50=3')
    expect(times).toEqual([])
    clock.advance(500)
    await settled(job)
    // The right one has become idle: the left one's time counts.
    expect(times).toEqual(['1 2 | '])
    await push(right, 'b@20=4 b@49=5')
    // 4 was late, by an idle input's own fault: it comes by itself, as soon as time goes on.
    await push(left, 'a@100=6')
    await push(right, 'b@100=7')
    expect(times.slice(1)).toEqual([' | 4', '3 | 5'])
    await push(left, 'marker@110=8 marker@111=9 marker@112=10')
    expect(markers).toEqual([])
    await push(right, 'marker@113=11')
    expect(markers).toEqual(['1 2 3 6 8 | 4 5 7 11'])
    await push(right, 'b@120=12')
    await job.stop()
    await Promise.all(reading)
    expect(times.slice(3)).toEqual(['6 8 | 7', '9 10 | 11 12'])
    expect(markers.slice(1)).toEqual(['9 | 12', '10 | '])
  })

  it('synchronize brings together what belongs together', async () => {
    const left = events('a@0=1 a@5=2 marker@20=3 a@30=4')
    const right = events('b@7=5 b@15=6 marker@16=7 marker@31=8 b@90=9')
    const { outputs } = await aligned.run({ left, right }, config)
    expect(outputs.byTime).toEqual(['1 2 | 5', '3 | 6 7', '4 | 8', ' | 9'])
    expect(outputs.byMarker).toEqual(['1 2 | 5 6', '4 | ', ' | 9'])
  })
})

it('a join by a condition without a bound warns where a stream may never end', async () => {
  const warned = async (pushed: boolean) => {
    const lines: string[] = []
    const logger = {
      debug() {},
      info() {},
      warning: (line: string) => lines.push(line),
      error() {},
    }
    await conditional.run(pushed, { mode: 'inline', logger })
    return lines
  }
  expect(await warned(false)).toEqual([])
  expect(await warned(true)).toEqual([
    expect.stringContaining("join 'pairs': a condition without `within` keeps every record"),
  ])
})

// Threads cost a start each: what does not depend on them is shown inline.
describe.each(inlineModes)('error handlers, %s', (_, config) => {
  const left = events('a@0=1 b@0=2')
  const right = events('a@0=3 b@0=4')
  const told = (values: unknown[]) =>
    values
      .filter((value) => Array.isArray(value))
      .toSorted((a: any, b: any) => (`${a}` < `${b}` ? -1 : 1))
  const results = (values: unknown[]) =>
    (values.filter((value) => !Array.isArray(value)) as number[]).toSorted((a, b) => a - b)

  it.each([
    [
      'map',
      [2, 4],
      [
        ['left', 'odd 1', 0, 1, 1, 'map'],
        ['right', 'odd 3', 1, 3, 1, 'map'],
      ],
    ],
    ['coMap', [-4, -3, 2], [['left', 'odd 1', 0, 1, 1, 'coMap']]],
  ])('%s goes on', async (what, values, lines) => {
    const run = await handled.run({ left, right, what }, config)
    expect(results(run.outputs.values)).toEqual(values)
    expect(told(run.outputs.values)).toEqual(lines)
    const { errors, skipped } = run.operators.find(({ name }) => name === what)!
    expect([errors, skipped]).toEqual([lines.length, lines.length])
  })

  it('process goes on behind the record that was read last', async () => {
    const { outputs, operators } = await handled.run({ left, right, what: 'process' }, config)
    const lines = told(outputs.values)
    expect(lines).toEqual([
      ['left', 'odd 1', 0, 1, 1, 'process'],
      ['right', 'odd 3', 1, 3, 1, 'process'],
    ])
    expect(results(outputs.values)).toContain(4)
    expect(operators.find(({ name }) => name === 'process')).toMatchObject({ errors: 2 })
  })

  it('a window that fails is told with the names of its streams', async () => {
    const { outputs } = await handled.run({ left, right, what: 'window' }, config)
    expect(told(outputs.values)).toEqual([
      ['left, right', 'odd 1', undefined, undefined, 1, 'window'],
    ])
  })

  it('retries until it succeeds, at most 3 times', async () => {
    const three = { left: events('a@0=1 a@0=3'), right: events('a@0=2') }
    const { outputs, operators } = await handled.run({ ...three, what: 'retried' }, config)
    expect(results(outputs.values)).toEqual([1, 2, 3])
    expect(told(outputs.values).map((line: any) => line[4])).toEqual([1, 1, 2, 3, 1, 2])
    expect(operators.find(({ name }) => name === 'map')).toMatchObject({
      errors: 0,
      retries: 6,
    })
    const four = { left: events('a@0=4'), right: [], what: 'retried' }
    await expect(handled.run(four, config)).rejects.toMatchObject({
      code: 'SAGE_USER_ERROR',
      message: expect.stringContaining('shaky 4'),
      operator: 'map',
    })
  })

  it.each(['retriedBatch', 'retriedWindow'])('%s repeats what it gathered', async (what) => {
    const { outputs } = await handled.run({ left: events('a@0=2'), right: [], what }, config)
    expect(results(outputs.values)).toEqual([2])
    expect(told(outputs.values).map((line: any) => line[4])).toEqual([1, 2])
  })

  it('a batch that waits for its retry holds up the keys behind it, and loses none', async () => {
    const params = { left: events('a@0=2 b@0=0 c@0=1'), right: events('d@0=0'), what: 'later' }
    const { outputs, operators } = await handled.run(params, config)
    expect(results(outputs.values)).toEqual([0, 0, 1, 2])
    expect(operators.find(({ name }) => name === 'process')).toMatchObject({
      errors: 0,
      retries: 3,
    })
  })

  it.each([
    ['stopped', 'SAGE_USER_ERROR', 'odd 1'],
    ['broken', 'SAGE_USER_ERROR', 'handler'],
    [
      'nothing',
      'SAGE_OPTION',
      "expected it to return 'continue', 'retry' or 'stop', got undefined",
    ],
  ])('%s fails the job', async (what, code, message) => {
    const params = { left: events('a@0=1'), right: [], what }
    await expect(handled.run(params, config)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    })
  })

  it('a threshold counts over all subtasks', async () => {
    const odds = events('a@0=1 b@0=3 c@0=5 d@0=7')
    await expect(
      handled.run({ left: odds, right: [], what: 'threshold' }, config),
    ).rejects.toMatchObject({
      code: 'SAGE_ERROR_THRESHOLD',
      message: expect.stringMatching(/at most 2 errors within 3600000 ms, got one more.*odd/),
      operator: 'map',
    })
    const { outputs } = await handled.run(
      { left: odds.slice(2), right: [], what: 'threshold' },
      config,
    )
    expect(told(outputs.values).length).toBe(2)
  })

  it('a threshold stands above the errors policy, and its window slides', async () => {
    const odds = events('a@0=1 b@0=3')
    const params = { left: odds, right: [], what: 'skipped' }
    await expect(handled.run(params, config)).rejects.toMatchObject({
      code: 'SAGE_ERROR_THRESHOLD',
    })
  })
})

it('on threads, too, handlers are told and errors counted together', async () => {
  const [left, right] = [events('a@0=1 b@0=3 c@0=4'), events('a@0=5')]
  await expect(handled.run({ left, right, what: 'threshold' }, threads)).rejects.toMatchObject({
    code: 'SAGE_ERROR_THRESHOLD',
  })
  const { outputs } = await handled.run({ left, right: [], what: 'threshold' }, threads)
  expect(outputs.values).toHaveLength(3)
})
