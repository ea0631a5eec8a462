import { describe, expect, it, test } from 'vitest'
import { TestEnvironment } from '../api/fixtures/test-environment.ts'
import { type BaseEnvironment, type DataStream, watermarks } from '../index.ts'
import { type Plan, type PlanSettings, planGraph } from './plan.ts'

const settings: PlanSettings = {
  parallelism: 3,
  maxParallelism: 128,
  maxThreads: 2,
  mode: 'threads',
}

function planOf(build: (env: BaseEnvironment) => void, more: Partial<PlanSettings> = {}): Plan {
  const env = new TestEnvironment('plan')
  build(env)
  return planGraph(env.graph, { ...settings, ...more })
}

/** Chains as lists of names. */
const chains = ({ chains: all }: Plan) =>
  all.map(({ nodes }) => nodes.map(({ name }) => name).join(' '))
/** Exchanges as `from -> to, senders x receivers, how`. */
const exchanges = ({ exchanges: all }: Plan) =>
  all.map(
    ({ from, to, senders, receivers, pairwise, partitioning }) =>
      `${from.name} -> ${to.name} ${senders}x${receivers} ${pairwise ? 'pairwise' : partitioning.type}`,
  )

const one = (env: BaseEnvironment): DataStream<number> => env.fromCollection([1], { name: 'one' })
const wide = (env: BaseEnvironment): DataStream<number> =>
  env.fromGenerator(9, (i) => i, { name: 'wide' })
const named = (name: string, parallelism?: number) => ({
  name,
  ...(parallelism === undefined ? {} : { parallelism }),
})
const same = (n: number) => n

describe('parallelism', () => {
  const widthOf = (build: (env: BaseEnvironment) => DataStream<any>) => {
    const plan = planOf((env) => void build(env).map(same, named('op')))
    return plan.chains.find(({ nodes }) => nodes.some(({ name }) => name === 'op'))!.parallelism
  }

  test.each<[string, (env: BaseEnvironment) => DataStream<any>, number]>([
    ['that of a source with one partition is 1', one, 1],
    ["a partitioned source has the environment's", wide, 3],
    ["an operator takes its input's", (env) => wide(env).filter(same, named('f', 2)), 2],
    ["the first input's, of several", (env) => one(env).union(wide(env)), 1],
    ["behind a keyBy: the environment's", (env) => one(env).keyBy(same), 3],
    ['behind keyBy round robin as well', (env) => one(env).keyBy(same, 'round_robin'), 3],
    ["behind rebalance: the environment's", (env) => one(env).rebalance(), 3],
    ["behind broadcast: the input's", (env) => one(env).broadcast(), 1],
    ['setParallelism counts', (env) => one(env).map(same).setParallelism(5), 5],
  ])('%s', (_, build, width) => expect(widthOf(build)).toBe(width))

  it('is at most maxParallelism', () => {
    expect(() => planOf((env) => void one(env).map(same, named('op', 200)).sink(same))).toThrow(
      expect.objectContaining({
        code: 'SAGE_PARALLELISM',
        operator: 'op',
        message: expect.stringContaining('at most maxParallelism (128), got 200'),
      }),
    )
  })
})

describe('what is fused', () => {
  test.each<[string, (env: BaseEnvironment) => unknown, string[], string[]]>([
    [
      'forward neighbours',
      (env) => wide(env).map(same, named('a')).filter(same, named('b')).sink(same, named('s')),
      ['wide a b s'],
      [],
    ],
    [
      'a fan-out',
      (env) => {
        const s = wide(env)
        s.map(same, named('a'))
        s.map(same, named('b'))
      },
      ['wide a b'],
      [],
    ],
    [
      'a diamond',
      (env) => {
        const s = wide(env)
        s.map(same, named('a')).union(s.map(same, named('b')))
      },
      ['wide a b union'],
      [],
    ],
    [
      'a stream connected with itself',
      (env) => {
        const s = wide(env)
        s.connect(s).coMap([same, same], named('co'))
      },
      ['wide co'],
      [],
    ],
    [
      'a keyBy with its sender; behind it is an exchange',
      (env) => wide(env).keyBy(same, 'hash', named('k')).map(same, named('m')),
      ['wide k', 'm'],
      ['k -> m 3x3 hash'],
    ],
    [
      'from one subtask to one, whatever the dealing',
      (env) =>
        one(env)
          .keyBy(same, 'hash', named('k'))
          .map(same, named('m', 1))
          .rebalance()
          .map(same, named('n', 1)),
      ['one k m n'],
      [],
    ],
    [
      'not: other parallelism',
      (env) => one(env).map(same, named('m', 2)).map(same, named('n', 4)),
      ['one', 'm', 'n'],
      ['one -> m 1x2 rebalance', 'm -> n 2x4 rebalance'],
    ],
    [
      'not: two sources that meet, each pairwise',
      (env) => wide(env).union(env.fromGenerator(1, same, named('other'))),
      ['wide', 'other', 'union'],
      ['wide -> union 3x3 pairwise', 'other -> union 3x3 pairwise'],
    ],
    [
      'not: a broadcast',
      (env) => wide(env).broadcast().map(same, named('m')),
      ['wide', 'm'],
      ['wide -> m 3x3 broadcast'],
    ],
    [
      'not: an input that comes by an exchange beside one that would be fused',
      (env) => {
        const s = wide(env)
        s.map(same, named('a')).union(s.rebalance())
      },
      ['wide a', 'union'],
      ['a -> union 3x3 pairwise', 'wide -> union 3x3 rebalance'],
    ],
    [
      'a keyed stream that changes its parallelism is dealt by key again',
      (env) =>
        one(env).keyBy(same, 'hash', named('k')).map(same, named('m', 2)).map(same, named('n', 4)),
      ['one k', 'm', 'n'],
      ['k -> m 1x2 hash', 'm -> n 2x4 hash'],
    ],
    [
      'by the same custom function',
      (env) =>
        one(env)
          .keyBy(same, 'custom', { ...named('k'), partition: (_, n) => n - 1 })
          .map(same, named('m', 2))
          .map(same, named('n', 4)),
      ['one k', 'm', 'n'],
      ['k -> m 1x2 custom', 'm -> n 2x4 custom'],
    ],
    [
      'an output is one subtask, and an exchange to the main thread',
      (env) => wide(env).output('out'),
      ['wide', 'out'],
      ['out -> out 1x1 pairwise', 'wide -> out 3x1 rebalance'],
    ],
    [
      'a pushed stream is an exchange from the main thread',
      (env) => env.createStream('in').sink(same, named('s')),
      ['in s'],
      ['in -> in 1x1 pairwise'],
    ],
  ])('%s', (_, build, expectedChains, expectedExchanges) => {
    const plan = planOf((env) => void build(env))
    expect(chains(plan)).toEqual(expectedChains)
    expect(exchanges(plan)).toEqual(expectedExchanges)
  })
})

describe('pre-reduction', () => {
  const combined = (build: (env: BaseEnvironment) => void) =>
    planOf(build)
      .exchanges.filter(({ combiner }) => combiner !== undefined)
      .map(({ from, to }) => `${from.name} -> ${to.name}`)

  it('before an exchange by key', () => {
    expect(
      combined(
        (env) => void wide(env).keyBy(same, 'hash', named('k')).reduceFinal('r', same, named('r')),
      ),
    ).toEqual(['k -> r'])
  })

  it('not where the exchange is fused away, nor without a merge', () => {
    expect(
      combined((env) => void one(env).keyBy(same).reduceFinal('r', same, named('r', 1))),
    ).toEqual([])
    expect(
      combined(
        (env) =>
          void wide(env)
            .keyBy(same)
            .foldFinal('f', () => 0, same),
      ),
    ).toEqual([])
  })
})

it('inline mode has one thread', () => {
  const plan = planOf((env) => void wide(env).keyBy(same).sink(same), { mode: 'inline' })
  expect([plan.threads, plan.chains.map(({ threads }) => threads)]).toEqual([
    1,
    [
      [0, 0, 0],
      [0, 0, 0],
    ],
  ])
})

it('is the same whenever it is made', () => {
  const build = (env: BaseEnvironment) => {
    const s = wide(env)
    s.keyBy(same).map(same).union(s.rebalance()).output('o')
  }
  expect([chains(planOf(build)), exchanges(planOf(build))]).toEqual([
    chains(planOf(build)),
    exchanges(planOf(build)),
  ])
})

describe('feedback loops', () => {
  const loop = (env: BaseEnvironment, source: DataStream<number>, parallelism?: number) => {
    const again = env.fromFuture<number>('again')
    const met = source.union(again).map(same, named('body', parallelism))
    met.filter(same, named('round')).fillFuture(again)
    met.filter(same, named('out')).sink(same, named('s'))
  }

  it('run in chains of their own, which what leaves them does not share', () => {
    const plan = planOf((env) => loop(env, one(env)))
    expect(chains(plan)).toEqual(['one', 'again', 'union body round', 'out s'])
    expect(plan.chains.map(({ loop: of }) => of)).toEqual([undefined, 0, 0, undefined])
    expect(exchanges(plan)).toEqual([
      'round -> again 1x1 pairwise',
      'one -> union 1x1 pairwise',
      'again -> union 1x1 pairwise',
      'body -> out 1x1 pairwise',
    ])
    expect(plan.exchanges.map(({ feedback }) => feedback)).toEqual([true, false, false, false])
  })

  it('a future is as parallel as what fills it, which may take its own from what enters the loop', () => {
    const widths = (plan: Plan) =>
      plan.chains.map(({ nodes, parallelism }) => `${nodes[0].name} ${parallelism}`)
    expect(widths(planOf((env) => loop(env, wide(env))))).toEqual([
      'wide 3',
      'again 3',
      'union 3',
      'out 3',
    ])
    expect(widths(planOf((env) => loop(env, one(env), 2)))).toContain('again 2')
  })

  it('records that come round have the timestamps that they went in with', () => {
    const plan = planOf((env) => {
      const stamped = one(env).assignTimestamps(same, watermarks.monotonic())
      loop(env, stamped)
    })
    expect(plan.timestamped).toEqual([false, true, true, true, true, true, true, true])
  })
})
