import { describe, expect, it } from 'vitest'
import type { EnvironmentConfig, ErrorPolicy, StreamError } from '../index.ts'
import { ManualClock, settled } from '../testing/index.ts'
import {
  type Bid,
  contents,
  early,
  failing,
  joining,
  processing,
  type Reading,
  windowing,
} from './fixtures/windows-job.ts'

const modes: [string, EnvironmentConfig][] = [
  ['inline', { mode: 'inline', parallelism: 1 }],
  ['inline, 3 subtasks', { mode: 'inline', parallelism: 3 }],
  ['threads, fused', { parallelism: 1 }],
  ['threads, 2 subtasks', { parallelism: 2, maxThreads: 2 }],
  ['threads, 3 subtasks', { parallelism: 3, maxThreads: 2 }],
]

/** `a1@5`: key a, value 1, at 5. */
const readings = (script: string): Reading[] =>
  script.split(' ').map((text) => {
    const [, key, value, at] = /^([a-z])(\d+)@(\d+)$/.exec(text)!
    return { key, value: Number(value), at: Number(at) }
  })

const byCase = (found: readonly (readonly string[])[]) =>
  Object.fromEntries(
    Object.entries(Object.groupBy(found, ([name]) => name)).map(([name, rows]) => [
      name,
      rows!.map(([, text]) => text).toSorted(),
    ]),
  )

const script = readings('a1@0 b2@3 a3@9 a4@10 b5@14 a6@19 c7@20 b8@21 a9@35 c1@36 a2@44')
const ofA = readings('a1@0 a3@9 a4@10 a6@30')

describe.each(modes)('%s', (_, config) => {
  it('windows of all kinds; results have the last timestamp of their window', async () => {
    const cases = ['tumbling sum', ...Object.keys(contents).map((one) => `shifted ${one}`)]
    const { outputs, operators } = await windowing.run({ readings: script, cases }, config)
    const found = byCase(outputs.results)
    expect(found['tumbling sum']).toEqual([
      'a[0,10) 4@9',
      'a[10,20) 10@19',
      'a[30,40) 9@39',
      'a[40,50) 2@49',
      'b[0,10) 2@9',
      'b[10,20) 5@19',
      'b[20,30) 8@29',
      'c[20,30) 7@29',
      'c[30,40) 1@39',
    ])
    const second = Object.keys(contents).map((one) => [one, found[`shifted ${one}`][1]])
    expect(Object.fromEntries(second)).toEqual({
      count: 'a[13,23) 1@22',
      sum: 'a[13,23) 6@22',
      min: 'a[13,23) 6@22',
      max: 'a[13,23) 6@22',
      mean: 'a[13,23) 6@22',
      reduce: 'a[13,23) {"key":"a","value":6,"at":19}@22',
      toArray: 'a[13,23) [{"key":"a","value":6,"at":19}]@22',
      process: 'a[13,23) "6"@22',
    })
    expect(outputs.late).toEqual([])
    expect(operators.map(({ dropped }) => dropped)).toEqual(operators.map(() => 0))
  })

  it('of every assigner', async () => {
    const kinds = ['sliding', 'paired', 'session', 'tumblingCount', 'slidingCount', 'global', 'own']
    const cases = kinds.map((kind) => `${kind} process`)
    const { outputs, operators } = await windowing.run({ readings: ofA, cases }, config)
    expect(byCase(outputs.results)).toEqual({
      'sliding process': [
        'a[-10,10) "1 3"@9',
        'a[-15,5) "1"@4',
        'a[-5,15) "1 3 4"@14',
        'a[0,20) "1 3 4"@19',
        'a[10,30) "4"@29',
        'a[15,35) "6"@34',
        'a[20,40) "6"@39',
        'a[25,45) "6"@44',
        'a[30,50) "6"@49',
        'a[5,25) "3 4"@24',
      ],
      'paired process': [
        'a[-4,6) "1"@5',
        'a[-8,2) "1"@1',
        'a[0,10) "1 3"@9',
        'a[24,34) "6"@33',
        'a[28,38) "6"@37',
        'a[4,14) "3 4"@13',
        'a[8,18) "3 4"@17',
      ],
      'session process': ['a[0,7) "1"@6', 'a[30,37) "6"@36', 'a[9,17) "3 4"@16'],
      'tumblingCount process': ['a[-Infinity,Infinity) "1 3 4"@10'],
      'slidingCount process': [
        'a[-Infinity,Infinity) "1 3 4 6"@30',
        'a[-Infinity,Infinity) "1 3"@9',
      ],
      'global process': ['a[-Infinity,Infinity) "1 3 4 6"@30'],
      'own process': ['a[0,20) "1 3 4"@19', 'a[20,40) "6"@39'],
    })
    // The fourth record is in no window of three.
    expect(operators.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(1)
  })

  it('late records are counted and reachable', async () => {
    const cases = ['tumbling sum', 'sliding sum', 'session sum', 'tumbling process']
    const script = readings('a1@5 a2@30 a3@9 a4@10 b5@19 a6@28')
    const { outputs, operators } = await windowing.run(
      { readings: script, cases, outOfOrder: 2 },
      config,
    )
    const found = byCase(outputs.results)
    expect(byCase(outputs.late)).toEqual({
      'tumbling sum': ['a3@9', 'a4@10', 'b5@19'],
      'tumbling process': ['a3@9', 'a4@10', 'b5@19'],
      'sliding sum': ['a3@9'],
      'session sum': ['a3@9', 'a4@10', 'b5@19'],
    })
    expect(found['tumbling sum']).toEqual(['a[0,10) 1@9', 'a[20,30) 6@29', 'a[30,40) 2@39'])
    expect(found['session sum']).toEqual(['a[28,37) 8@36', 'a[5,12) 1@11'])
    const dropped = operators.filter(({ kind }) => kind === 'window').map((one) => one.dropped)
    expect(dropped).toEqual([3, 1, 3, 3])
  })

  it('pairs of two streams that are close in time', async () => {
    const bids = (script: string): Bid[] =>
      script.split(' ').map((text) => {
        const [id, at] = text.split('@')
        return { key: id[0], id, at: Number(at) }
      })
    const left = bids('a1@20 b1@20 a2@40 a3@38')
    const right = bids('a8@9 a9@10 b8@25 b9@26 a7@43 a6@45 a5@46')
    const { outputs } = await joining.run({ left, right }, config)
    expect(outputs.pairs.toSorted()).toEqual([
      'a: a1 a9 @20',
      'a: a2 a6 @45',
      'a: a2 a7 @43',
      'a: a3 a7 @43',
      'b: b1 b8 @25',
    ])
  })
})

describe.each(modes)('%s', (_, config) => {
  const script = readings('a1@0 a2@12 b5@15 a4@45 a8@11 b1@46')
  const sums = ['[-10,10) 1', '[0,20) 3', '[10,30) 2', '[10,30) 10', '[30,50) 4', '[40,60) 4']
  const run = async (ever: boolean, errors: ErrorPolicy) => {
    const { outputs, operators } = await failing.run({ readings: script, ever, errors }, config)
    const ofA = outputs.results.filter(({ key }) => key === 'a')
    const { errors: failed, retries } = operators.find(({ kind }) => kind === 'window')!
    return {
      results: ofA.map(({ start, end, value }) => `[${start},${end}) ${value}`),
      failed,
      retries,
      dead: outputs.dead.map(({ value, key, error }) => [key, value, (error as StreamError).code]),
    }
  }

  it('a window whose function throws is tried again with what it held', async () => {
    expect(await run(false, { retry: 2 })).toEqual({
      results: sums,
      failed: 0,
      retries: 1,
      dead: [],
    })
  })

  it('a window whose function throws is a dead letter', async () => {
    const window = { key: 'a', start: 0, end: 20, timestamp: 19, value: { sum: 3 } }
    expect(await run(true, { deadLetter: true })).toEqual({
      results: sums.filter((text) => text !== '[0,20) 3'),
      failed: 1,
      retries: 0,
      dead: [['a', window, 'SAGE_USER_ERROR']],
    })
  })
})

describe.each(modes.slice(0, 3))('%s', (_, config) => {
  it.each([
    ['every', ['10', '10', '3']],
    ['count', ['10', '3']],
    ['purging', ['3', '7']],
  ])('early results: %s', async (trigger, expected) => {
    const script = readings('a1@0 a2@5 a3@9 a4@16 b1@40')
    const { outputs } = await early.run({ readings: script, trigger }, config)
    const ofA = outputs.results.filter(({ key }) => key === 'a')
    expect(ofA.map(({ value }) => String(value)).toSorted()).toEqual(expected)
    expect(ofA.every(({ start, end }) => start === 0 && end === 20)).toBe(true)
  })

  it('windows of processing time follow the job’s clock', async () => {
    const clock = new ManualClock(1_000)
    const job = await processing.submit('tumbling', { ...config, clock })
    const found: [string, number, number][] = []
    const reading = (async () => {
      for await (const { key, start, value } of job.io.results) found.push([key, start, value])
    })()
    const push = (key: string) => job.io.readings.push({ key, at: 0, value: 1 })
    await push('a')
    await push('b')
    await settled(job)
    clock.advance(9)
    await push('a')
    await settled(job)
    expect(found).toEqual([])
    clock.advance(1)
    await settled(job)
    expect(found.toSorted()).toEqual([
      ['a', 1_000, 2],
      ['b', 1_000, 1],
    ])
    await push('a')
    await settled(job)
    const { operators } = await job.stop()
    await reading
    expect(found.at(-1)).toEqual(['a', 1_010, 1])
    expect(operators.find(({ kind }) => kind === 'window')).toMatchObject({ dropped: 0 })
  })
})
