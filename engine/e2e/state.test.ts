import { describe, expect, it } from 'vitest'
import type { EnvironmentConfig } from '../index.ts'
import { ManualClock, settled } from '../testing/index.ts'
import { absent, ending, history, refused, sessions, type Visit } from './fixtures/state-job.ts'

const modes: [string, EnvironmentConfig][] = [
  ['inline', { mode: 'inline', parallelism: 1 }],
  ['inline, 3 subtasks', { mode: 'inline', parallelism: 3 }],
  ['threads', { parallelism: 3, maxThreads: 2 }],
]

const visits = (script: string): Visit[] =>
  script.split(' ').map((text, i) => {
    const [user, at] = text.split('@')
    return { user, at: Number(at ?? i), page: `p${i % 3}` }
  })

describe.each(modes)('%s', (_, config) => {
  it('values, lists and maps are kept per key', async () => {
    const { outputs } = await history.run(visits('a b a c b a a'), config)
    const last = new Map(outputs.seen.map((seen: any) => [seen.user, seen]))
    expect(outputs.seen.length).toBe(7)
    expect(last.get('a')).toEqual({
      user: 'a',
      count: 4,
      pages: ['p0', 'p2', 'p2', 'p0'],
      times: [
        ['p0', 2],
        ['p2', 2],
      ],
      made: { by: 'a', n: 4 },
    })
    expect(last.get('c')).toMatchObject({ count: 1, pages: ['p0'], made: { by: 'c', n: 1 } })
  })

  it('what `finish` emits on a keyed stream has no key, wherever it goes', async () => {
    const words = ['a', 'b', 'a']
    const { outputs } = await ending.run({ words, refused: false }, config)
    const count = new Set(outputs.dealt.filter((one) => one.endsWith('end'))).size
    expect(count).toBe(1)
    for (const seen of [outputs.dealt, outputs.state]) {
      expect(seen.filter((one) => !one.endsWith('end')).toSorted()).toEqual([
        'a: a',
        'a: a',
        'b: b',
      ])
      expect(seen).toContain('undefined: end')
    }
    expect(outputs.again).toContain('end 0')
    await expect(ending.run({ words, refused: true }, config)).rejects.toMatchObject({
      code: 'SAGE_NOT_KEYED',
      operator: 'reduce',
      message: expect.stringContaining('what `finish` emits has none'),
    })
  })

  it('event-time timers fire as the watermark passes them, before the record behind it', async () => {
    const { outputs } = await sessions.run(
      visits('a@0 b@20 a@50 b@110 a@170 a@160 b@400 a@395 a@300'),
      config,
    )
    expect(outputs.found.toSorted()).toEqual([
      'a@270=270: p0 p2 p1 p2',
      'a@495=495: p1 p2',
      // b@400 came when the watermark was 160: the timer at 210 was still pending, and taken back.
      'b@500=500: p1 p0 p0',
    ])
    // The watermark was 390 when a@300 came: 10 behind b@400.
    expect(outputs.late).toEqual(['a@300'])
  })

  it('processing-time timers follow the job’s clock; one that throws goes by the policy', async () => {
    const clock = new ManualClock(5_000)
    const job = await absent.submit(undefined, { ...config, clock })
    const seen: string[] = []
    const reading = (async () => {
      for await (const one of job.io.left) seen.push(one)
    })()
    for (const user of ['ann', 'bob', 'breaks']) await job.io.users.push(user)
    await settled(job)
    clock.advance(999)
    await settled(job)
    expect(seen).toEqual([])
    await job.io.users.push('ann')
    await settled(job)
    clock.advance(1)
    await settled(job)
    expect(seen.toSorted()).toEqual(['bob left at 6000', 'breaks left at 6000'])
    clock.advance(999)
    await settled(job)
    expect(seen.at(-1)).toBe('ann left at 6999')
    const { operators } = await job.stop()
    await reading
    expect(operators.find(({ kind }) => kind === 'process')).toMatchObject({
      errors: 1,
      recordsOut: 3,
    })
  })
})

it.each([
  ['unkeyed', 'SAGE_NOT_KEYED', 'expected a keyed stream'],
  ['dealt', 'SAGE_NOT_KEYED', "strategy 'hash' or 'custom'"],
  ['timers', 'SAGE_OPTION', 'expected a ProcessFunction with onTimer'],
  ['kind', 'SAGE_STATE', 'no other kind of state'],
  ['unencodable', 'SAGE_CODEC_UNSUPPORTED', 'function'],
  ['noInit', 'SAGE_OPTION', 'expected init'],
  ['noName', 'SAGE_OPTION', 'expected the name of a state'],
])('refuses %s: %s', async (what, code, message) => {
  await expect(refused.run(what, { mode: 'inline' })).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  })
})
