import { describe, expect, it } from 'vitest'
import { type EnvironmentConfig, LocalEnvironment, OutputTag } from '../index.ts'
import { ManualClock, settled } from '../testing/index.ts'
import {
  type Activity,
  type Bid,
  broken,
  flaky,
  liveLogins,
  logins,
  nexmark,
} from './fixtures/pattern-job.ts'

const modes: [string, EnvironmentConfig][] = [
  ['inline', { mode: 'inline', parallelism: 1 }],
  ['inline, 3 subtasks', { mode: 'inline', parallelism: 3 }],
  ['threads', { parallelism: 3, maxThreads: 2 }],
]

/** `'x 100 90 80'`: the bids of x, one a second; another one in between. */
function bids(text: string): Bid[] {
  const [bidder, ...prices] = text.split(' ')
  const own = prices.map((price, i) => ({ bidder, price: Number(price), at: 1000 * i }))
  const others = own.map(({ price, at }) => ({ bidder: 'y', price, at: at + 500 }))
  // Every bid comes one place too late.
  return own.flatMap((bid, i) => [others[i], bid])
}

const nexmarkCases: Record<string, [bids: string, matches: number[][]]> = {
  // The rise of the first one begins the second.
  cep0: [
    'x 100 90 80 95 70 60 75 99',
    [
      [100, 90, 80, 95],
      [95, 70, 60, 75],
    ],
  ],
  cep1: [
    'x 9000 8000 30000 1000 20000 5',
    [
      [9000, 8000, 30000],
      [1000, 20000],
    ],
  ],
  cep2: [
    'x 9000 8000 30000 1000 20000 5',
    [
      [9000, 8000, 30000],
      [8000, 30000],
      [1000, 20000],
    ],
  ],
  // The second drop takes 6 s.
  cep3: ['x 100 60 40 200 190 185 180 175 170 140', [[100, 60, 40]]],
}

const activities: Activity[] = [
  { user: 'ann', at: 1_000, type: 'login' },
  { user: 'bob', at: 2_000, type: 'login' },
  { user: 'ann', at: 4_000, type: 'purchase', amount: 9.5 },
  { user: 'ann', at: 3_000, type: 'view', page: '/' },
  { user: 'bob', at: 9_000, type: 'purchase', amount: 20 },
  { user: 'eve', at: 10_000, type: 'login' },
  { user: 'eve', at: 70_000, type: 'purchase', amount: 30 },
  { user: 'eve', at: 59_999, type: 'login' },
]

describe.each(modes)('%s', (_, config) => {
  it('finds what the CEP queries of Nexmark find', async () => {
    const queries = Object.entries(nexmarkCases)
    const input = Object.fromEntries(queries.map(([query, [text]]) => [query, bids(text)]))
    const { outputs } = await nexmark.run(input, config)
    for (const [query, [text, prices]] of queries) {
      const all = text.split(' ').slice(1).map(Number)
      for (const [bidder, shift] of Object.entries({ x: 0, y: 500 })) {
        const end = (match: number[]) => 1000 * all.indexOf(match.at(-1)!) + shift
        const expected = prices.map((match) => ({ bidder, prices: match, at: end(match) }))
        const found = outputs[query as 'cep0'].filter((match) => match.bidder === bidder)
        expect(found, query).toEqual(expected)
      }
    }
  })

  it('finds a purchase directly behind a login, in event time', async () => {
    const { outputs, operators } = await logins.run(activities, config)
    expect(outputs.found).toEqual([
      {
        pattern: 'login_purchase',
        user: 'bob',
        loginTime: 2_000,
        purchaseTime: 9_000,
        purchaseAmount: 20,
      },
    ])
    // eve bought a minute after she had logged in: too late.
    expect(outputs.abandoned).toEqual(['eve logged in at 10000'])
    expect(outputs.late).toEqual([activities.at(-1)])
    expect(operators.find(({ kind }) => kind === 'pattern')).toMatchObject({
      recordsIn: 8,
      recordsOut: 3,
      dropped: 1,
      errors: 0,
    })
  })

  it('and in processing time', async () => {
    const clock = new ManualClock(1_000_000)
    const job = await liveLogins.submit(undefined, { ...config, clock })
    for (const event of activities.slice(0, 2)) await job.io.events.push(event)
    await settled(job)
    clock.advance('59s')
    await settled(job)
    await job.io.events.push(activities[2])
    await settled(job)
    clock.advance('1s')
    await settled(job)
    await job.io.events.push(activities[4])
    await job.io.events.push(activities[5])
    job.io.events.end()
    const [found, abandoned] = await Promise.all([
      job.io.found.toArray(),
      job.io.abandoned.toArray(),
      job.io.late.toArray(),
    ])
    expect(found).toMatchObject([{ user: 'ann', loginTime: 1_000, purchaseTime: 4_000 }])
    // eve's time is over at the end of input.
    expect(abandoned).toEqual(['bob logged in at 2000', 'eve logged in at 10000'])
    await job.finished
  })
})

it.each([true, false])(
  'a condition that throws fails its event alone (event time: %s)',
  async (timed) => {
    const skipped = await broken.run({ errors: 'skip', timed }, modes[1][1])
    expect(skipped.outputs.found).toEqual([[1, 2]])
    expect(skipped.operators.find(({ kind }) => kind === 'pattern')).toMatchObject({ errors: 1 })
    const { outputs } = await broken.run({ errors: 'deadLetter', timed }, modes[1][1])
    expect(outputs.found).toEqual([[1, 2]])
    expect(outputs.letters).toMatchObject([
      { value: { bidder: 'x', price: -1, at: 1 }, key: 'x', operator: 'pattern' },
    ])
    await expect(broken.run({ errors: 'fail', timed }, modes[1][1])).rejects.toMatchObject({
      code: 'SAGE_USER_ERROR',
      operator: 'pattern',
      message: expect.stringContaining('a negative price'),
    })
  },
)

it.each([
  [true, undefined],
  [true, 1],
  [false, undefined],
  [false, 1],
])('and is tried again (event time: %s, backoff: %s)', async (timed, backoff) => {
  const errors = { retry: 2, backoff, then: 'skip' } as const
  const saved = await broken.run({ errors, timed, times: 2 }, modes[1][1])
  expect(saved.outputs.found).toEqual([
    [1, -1],
    [-1, 2],
  ])
  const pattern = (operators: typeof saved.operators) =>
    operators.find(({ kind }) => kind === 'pattern')
  expect(pattern(saved.operators)).toMatchObject({ errors: 0, retries: 2 })
  const lost = await broken.run({ errors, timed, times: 3 }, modes[1][1])
  expect(lost.outputs.found).toEqual([[1, 2]])
  expect(pattern(lost.operators)).toMatchObject({ errors: 1, retries: 2 })
})

it('what is made of a timed-out match is tried again', async () => {
  expect((await flaky.run(undefined, modes[1][1])).outputs.abandoned).toEqual(['x 1 15'])
})

describe('refuses', () => {
  const env = new LocalEnvironment('refused', { mode: 'inline' })
  const stream: any = env.fromCollection([1])
  const keyed: any = stream.keyBy((n: number) => n)
  const tag = new OutputTag('tag')
  const found = () => keyed.pattern((p: any) => p.begin('a'))

  it.each([
    ['no keys', 'SAGE_NOT_KEYED', () => stream.pattern((p: any) => p.begin('a'))],
    ['no function', 'SAGE_OPTION', () => keyed.pattern('a')],
    ['no pattern', 'SAGE_OPTION', () => keyed.pattern(() => 1)],
    ['an empty pattern', 'SAGE_OPTION', () => keyed.pattern((p: any) => p)],
    ['an unknown option', 'SAGE_OPTION', () => keyed.pattern((p: any) => p.begin('a'), { x: 1 })],
    ['no tag', 'SAGE_OPTION', () => found().timedOut('late')],
    ['a class', 'SAGE_OPTION', () => found().timedOut(tag, class {})],
    ['no tag of late ones', 'SAGE_OPTION', () => found().lateOutput()],
  ])('%s', (_, code, build) => {
    expect(build).toThrowError(expect.objectContaining({ code }))
  })

  it('outputs of a job that was submitted', async () => {
    const other = new LocalEnvironment('sealed', { mode: 'inline' })
    const matches = other
      .fromCollection([1])
      .keyBy((n) => n)
      .pattern((p) => p.begin('a'))
    await other.submit({ autostop: true })
    expect(() => matches.lateOutput(new OutputTag('late'))).toThrowError(
      expect.objectContaining({ code: 'SAGE_SUBMITTED' }),
    )
  })
})
