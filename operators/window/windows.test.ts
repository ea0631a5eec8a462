import { describe, expect, it } from 'vitest'
import { emptyScope, type OperatorContext } from '../contract/operator.ts'
import { KeyedState } from '../state/keyed-state.ts'
import { type Differences, WindowHarness, windowsOf } from './fixtures/window-harness.ts'
import { triggers } from './trigger.ts'
import {
  globalWindow,
  session,
  sliding,
  slidingCount,
  tumbling,
  tumblingCount,
  type WindowAssigner,
} from './window-assigner.ts'
import {
  aggregateContents,
  countContents,
  extremeContents,
  reduceContents,
  sumContents,
} from './window-contents.ts'

const windows = (assigner: WindowAssigner, differences?: Differences) =>
  new WindowHarness(assigner, differences)
const skipping = (assigner: WindowAssigner, differences?: Differences) =>
  new WindowHarness(assigner, differences, { errors: 'skip' })

describe('a window of event time', () => {
  it.each([
    ['tumbling', tumbling(10), '[0,10) [1,2] @9'],
    ['sliding', sliding(10, 10), '[0,10) [1,2] @9'],
    ['session', session(5), '[0,9) [1,2] @8'],
  ])('%s: fires when the watermark reaches its end', (_, assigner, expected) => {
    const end = Number(/,(\d+)/.exec(expected)![1])
    const tested = windows(assigner).add(1, 0).add(2, 4)
    expect(tested.to(end - 1).fired).toEqual([])
    expect(tested.to(end).fired).toEqual([expected])
    expect(tested.to(end + 100).fired).toEqual([])
  })

  it('holds start and not end: boundaries at -1, 0, +1', () => {
    const tested = windows(tumbling(10))
      .add('a', 9)
      .add('b', 10)
      .add('c', 11)
      .add('d', 19)
      .add('e', 20)
    expect(tested.to(Number.POSITIVE_INFINITY).fired).toEqual([
      '[0,10) ["a"] @9',
      '[10,20) ["b","c","d"] @19',
      '[20,30) ["e"] @29',
    ])
  })

  it('takes a record until the watermark reaches its end: at -1, 0, +1', () => {
    for (const [watermark, isLate] of [
      [9, false],
      [10, true],
      [11, true],
    ] as const) {
      const tested = windows(tumbling(10), { contents: countContents() })
        .add(0, 0)
        .to(watermark)
        .add(1, 9)
      expect(tested.late).toEqual(isLate ? [1] : [])
      expect(tested.harness.dropped).toBe(isLate ? 1 : 0)
    }
  })

  it('fires at the end of input where no watermark came', async () => {
    const tested = windows(sliding(10, 5)).add(1, 3)
    await tested.harness.end()
    expect(tested.fired).toEqual(['[-5,5) [1] @4', '[0,10) [1] @9'])
  })

  it('comes in the order of time, whatever the order of the records and the leap of the watermark', () => {
    const tested = windows(tumbling(10))
    for (const at of [95, 5, 55, 15, 99, 1]) tested.add(at, at, at % 2)
    expect(tested.to(100).fired).toEqual([
      '[0,10) [5,1] @9',
      '[10,20) [15] @19',
      '[50,60) [55] @59',
      '[90,100) [95,99] @99',
    ])
  })

  it('leaps of a year cost nothing, and leave what is behind them late', () => {
    const year = 31_536_000_000
    const tested = windows(sliding(1000, 10), { contents: countContents() }).add(1, 0)
    expect(tested.to(year).fired).toHaveLength(100)
    tested
      .add(2, year)
      .add(3, 5)
      .to(2 * year)
    expect(tested.late).toEqual([3])
    expect(tested.fired).toHaveLength(100)
  })

  it('of times before the epoch and of an offset', () => {
    const tested = windows(tumbling(10, -3)).add(1, 0).add(2, 6).add(3, 7)
    expect(tested.to(100).fired).toEqual(['[-3,7) [1,2] @6', '[7,17) [3] @16'])
  })
})

describe('sessions', () => {
  it.each([
    [14, ['[0,14) [1,2,3] @13']],
    [15, ['[0,15) [1,2,3] @14']],
    [16, ['[0,10) [1,2] @9', '[11,16) [3] @15']],
  ])('exactly one gap apart merge, further ones do not: until %d', (end, expected) => {
    expect(
      windows(session(5))
        .add(1, 0)
        .add(2, 5)
        .add(3, end - 5)
        .to(100).fired,
    ).toEqual(expected)
  })

  it('merge when a record comes between them, in order of time for what is merged', () => {
    const text = aggregateContents({
      create: () => '',
      add: (a: string, b: string) => a + b,
      merge: (a: string, b: string) => a + b,
    })
    for (const contents of [text, undefined]) {
      const tested = windows(session(5), contents === undefined ? {} : { contents })
      tested.add('c', 16).add('a', 0).add('d', 30).add('b', 8)
      expect(tested.fired).toEqual([])
      const joined = (text: string) => JSON.stringify(contents === undefined ? [...text] : text)
      tested.add('x', 4).add('y', 12)
      expect(tested.to(100).fired).toEqual([
        `[0,21) ${joined(contents === undefined ? 'cabxy' : 'abxcy')} @20`,
        `[30,35) ${joined('d')} @34`,
      ])
    }
  })

  it('a record that reaches an open session is not late, whatever its own end', () => {
    const contents = countContents()
    const tested = windows(session(5), { contents }).add(1, 6).to(10).add(2, 4)
    expect(tested.to(11).fired).toEqual(['[4,11) 2 @10'])
    expect(tested.add(3, 5).late).toEqual([3])
  })

  it('further sessions of a key fire each at its end', () => {
    const tested = windows(session(5), { contents: countContents() })
    tested.add(1, 40).add(2, 20).add(3, 0).add(4, 21)
    expect(tested.to(5).fired).toEqual(['[0,5) 1 @4'])
    expect(tested.to(26).fired).toEqual(['[20,26) 2 @25'])
    expect(tested.add(5, 44).to(49).fired).toEqual(['[40,49) 2 @48'])
  })
})

describe('allowed lateness', () => {
  it.each([
    ['tumbling', tumbling(10)],
    ['session', session(10)],
  ])('%s: late records make a window fire again until it is gone', (_, assigner) => {
    const tested = windows(assigner, { latenessMs: 5 }).add(1, 0)
    expect(tested.to(10).fired).toEqual(['[0,10) [1] @9'])
    expect(tested.add(2, 0).fired).toEqual(['[0,10) [1,2] @9'])
    expect(tested.to(14).add(3, 0).fired).toEqual(['[0,10) [1,2,3] @9'])
    expect(tested.to(15).add(4, 0).fired).toEqual([])
    expect([tested.late, tested.harness.dropped]).toEqual([[4], 1])
    expect(tested.to(Number.POSITIVE_INFINITY).fired).toEqual([])
  })

  it('a window that had no records fires at once', () => {
    const tested = windows(tumbling(10), { latenessMs: 5 }).to(12)
    expect(tested.add(1, 3).fired).toEqual(['[0,10) [1] @9'])
  })

  it('of the overlapping windows, those that have fired fire again', () => {
    const tested = windows(sliding(20, 10), { latenessMs: 15, contents: sumContents() }).add(1, 12)
    expect(tested.to(25).fired).toEqual(['[0,20) 1 @19'])
    expect(tested.add(2, 11).fired).toEqual(['[0,20) 3 @19'])
    expect(tested.to(30).fired).toEqual(['[10,30) 3 @29'])
    expect(tested.to(36).add(4, 15).fired).toEqual(['[10,30) 7 @29'])
  })

  it('for ever keeps all windows, until the end', () => {
    const latenessMs = Number.POSITIVE_INFINITY
    const tested = windows(sliding(10, 5), { latenessMs, contents: sumContents() }).add(1, 0)
    expect(tested.to(1e12).fired).toEqual(['[-5,5) 1 @4', '[0,10) 1 @9'])
    expect(tested.add(2, 7).fired).toEqual(['[0,10) 3 @9', '[5,15) 2 @14'])
    expect(tested.to(Number.POSITIVE_INFINITY).fired).toEqual([])
    expect(tested.harness.ctx.key).toBeUndefined()
  })
})

describe('triggers', () => {
  it('count: at every n records, and not at the end', () => {
    const tested = windows(tumbling(10), { trigger: triggers.count(2), contents: sumContents() })
    expect(tested.add(1, 0).add(2, 1).add(3, 2).add(4, 3).add(5, 4).fired).toEqual([
      '[0,10) 3 @9',
      '[0,10) 10 @9',
    ])
    expect(tested.to(100).fired).toEqual([])
  })

  it('purging: each result is of the records since the last', () => {
    const trigger = triggers.purging(triggers.count(2))
    const tested = windows(tumbling(10), { trigger, contents: sumContents() })
    expect(tested.add(1, 0).add(2, 1).add(3, 2).add(4, 3).fired).toEqual([
      '[0,10) 3 @9',
      '[0,10) 7 @9',
    ])
    const late = windows(tumbling(10), {
      trigger: triggers.purging(triggers.eventTime()),
      latenessMs: 9,
    })
    expect(late.add(1, 0).to(10).add(2, 0).add(3, 0).fired).toEqual([
      '[0,10) [1] @9',
      '[0,10) [2] @9',
      '[0,10) [3] @9',
    ])
    const session5 = windows(session(5), { trigger, contents: sumContents() })
    expect(session5.add(1, 0).add(2, 4).add(3, 6).add(4, 7).fired).toEqual([
      '[0,9) 3 @8',
      '[0,12) 7 @11',
    ])
  })

  it('every: early where there is something new, and at the end', () => {
    const tested = windows(tumbling(100), { trigger: triggers.every(10), contents: sumContents() })
    expect(tested.add(1, 3).to(9).fired).toEqual([])
    expect(tested.to(10).fired).toEqual(['[0,100) 1 @99'])
    expect(tested.to(40).fired).toEqual([])
    expect(tested.add(2, 41).add(3, 58).to(99).fired).toEqual(['[0,100) 6 @99'])
    expect(tested.to(100).fired).toEqual(['[0,100) 6 @99'])
  })

  it('every: by the job’s clock in windows of processing time', () => {
    const trigger = triggers.every(10)
    const tested = windows(tumbling(100), { trigger, event: false, contents: sumContents() })
    expect(tested.add(1).pass(10).fired).toEqual(['[0,100) 1'])
    expect(tested.pass(20).fired).toEqual([])
    expect(tested.add(2).pass(10).fired).toEqual(['[0,100) 3'])
    expect(tested.pass(60).fired).toEqual(['[0,100) 3'])
  })

  it('processing time for windows of event time', () => {
    const tested = windows(tumbling(100), { trigger: triggers.processingTime() })
    expect(tested.add(1, 30).pass(99).fired).toEqual([])
    expect(tested.pass(1).fired).toEqual(['[0,100) [1] @99'])
    expect(tested.add(2, 40).pass(1).fired).toEqual(['[0,100) [1,2] @99'])
    expect(tested.to(Number.POSITIVE_INFINITY).fired).toEqual([])
  })

  it('a global window: at the end of input, and as a trigger says', async () => {
    const tested = windows(globalWindow()).add(1, 5).add(2, 3)
    await tested.harness.end()
    expect(tested.fired).toEqual(['[-Infinity,Infinity) [1,2] @5'])
    const counted = windows(globalWindow(), { trigger: triggers.count(2) })
      .add(1, 5)
      .add(2, 3)
      .add(3, 9)
    expect(counted.fired).toEqual(['[-Infinity,Infinity) [1,2] @5'])
    await counted.harness.end()
    expect(counted.fired).toEqual([])
    const purged = windows(globalWindow(), { trigger: triggers.purging(triggers.every(10)) })
    expect(purged.add(1, 5).to(10).add(2, 11).fired).toEqual(['[-Infinity,Infinity) [1] @5'])
    await purged.harness.end()
    expect(purged.fired).toEqual(['[-Infinity,Infinity) [2] @11'])
  })
})

describe('windows of processing time', () => {
  it.each([
    ['tumbling', tumbling(10), ['[0,10) 2']],
    ['sliding', sliding(10, 5), ['[-5,5) 1', '[0,10) 2', '[5,15) 1']],
    ['session', session(6), ['[0,11) 2']],
    ['global', globalWindow(), []],
  ])('%s: fire when the clock reaches their end', (_, assigner, expected) => {
    const tested = windows(assigner, { event: false, contents: countContents() })
    tested.add(1).pass(3).pass(2).add(2).pass(100)
    expect(tested.fired).toEqual(expected)
    expect(tested.harness.dropped).toBe(0)
  })

  it.each([
    ['tumbling', tumbling(10)],
    ['session', session(10)],
    ['global', globalWindow()],
    ['count', tumbling(10)],
  ])('%s: fire at the end of input', async (name, assigner) => {
    const trigger = triggers.every(5)
    const tested = windows(assigner, { event: false, ...(name === 'count' ? { trigger } : {}) })
    tested.add(1)
    await tested.harness.end()
    expect(tested.fired.at(-1)).toContain('[1]')
  })
})

describe('count windows', () => {
  it('have the timestamp of the record that completes them', () => {
    const tested = windows(tumblingCount(2)).add(1, 7).add(2, 5).add(3, 9, 'other').add(4, 1)
    expect(tested.add(5, 11).fired).toEqual([
      '[-Infinity,Infinity) [1,2] @5',
      '[-Infinity,Infinity) [4,5] @11',
    ])
  })

  it('count what is in none at the end as dropped', async () => {
    const tested = windows(slidingCount(4, 3), { event: false })
    for (const n of [1, 2, 3, 4, 5]) tested.add(n)
    expect(tested.fired).toEqual(['[-Infinity,Infinity) [1,2,3]'])
    await tested.harness.end()
    expect([tested.fired, tested.harness.dropped]).toEqual([[], 2])
  })
})

describe('what becomes of the records', () => {
  it('accumulators that are changed in place are not shared between windows and results', () => {
    const contents = aggregateContents({
      create: () => ({ list: [] as number[] }),
      add: (a: { list: number[] }, n: number) => {
        a.list.push(n)
        return a
      },
      merge: (a: { list: number[] }, b: { list: number[] }) => {
        a.list.push(...b.list)
        return a
      },
    })
    const tested = windows(sliding(30, 10), { contents }).add(1, 0)
    tested.to(10)
    ;(tested.harness.output[0] as any).value.list.push('changed by a consumer')
    tested.add(2, 10).add(3, 25)
    expect(tested.to(100).fired).toEqual([
      '[-20,10) {"list":[1,"changed by a consumer"]} @9',
      '[-10,20) {"list":[1,2]} @19',
      '[0,30) {"list":[1,2,3]} @29',
      '[10,40) {"list":[2,3]} @39',
      '[20,50) {"list":[3]} @49',
    ])
  })

  it('reduce leaves records alone, and null forgets', () => {
    const reduce = reduceContents((a: { n: number }, b: { n: number }) => {
      a.n += b.n
      return a.n > 5 ? null : a
    })
    const records = [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]
    const tested = windows(tumbling(10), { contents: reduce })
    for (const record of records) tested.add(record, 0)
    expect(tested.to(10).fired).toEqual(['[0,10) {"n":4} @9'])
    expect(records.map(({ n }) => n)).toEqual([1, 2, 3, 4])
  })

  it('a result of null or undefined is none', () => {
    const contents = aggregateContents({
      create: () => 0,
      add: (a: number, n: number) => a + n,
      result: (a: number) => (a > 2 ? a : null),
    })
    expect(windows(tumbling(10), { contents }).add(1, 0).add(3, 10).to(20).fired).toEqual([
      '[10,20) 3 @19',
    ])
  })

  it('sum takes numbers or bigints, min and max what can be compared', () => {
    const sum = skipping(tumbling(10), { contents: sumContents() })
    sum.add(1n, 0).add(2n, 0).add(3, 0).add('4', 0).to(10)
    expect((sum.harness.output[0] as any).value).toBe(3n)
    expect(sum.harness.errors).toBe(2)
    const max = skipping(tumbling(10), { contents: extremeContents('max', 1) })
    max.add('a', 0).add('c', 0).add('b', 0).add(1, 0).add(Number.NaN, 0).add({}, 0)
    expect(max.to(10).fired).toEqual(['[0,10) "c" @9'])
    expect(max.harness.errors).toBe(3)
  })

  it('process gets key, window and records; what it emits has the timestamp of the window', () => {
    const process = (key: string, window: object, values: number[], out: any) => {
      values.sort()
      for (const value of values) out.collect({ ...window, value: `${key}${value}` })
    }
    const tested = windows(sliding(10, 5), { process }).add(2, 5).add(1, 6)
    expect(tested.to(20).fired).toEqual([
      '[0,10) "k1" @9',
      '[0,10) "k2" @9',
      '[5,15) "k1" @14',
      '[5,15) "k2" @14',
    ])
  })

  it('keys that are arrays are given away as copies', () => {
    const tested = windows(tumbling(10), { contents: countContents() }).add(1, 0, ['a', 1]).to(10)
    const [{ key }] = tested.harness.output as any[]
    key.push('changed')
    tested.add(1, 10, ['a', 1]).to(20)
    expect((tested.harness.output[1] as any).key).toEqual(['a', 1])
  })
})

describe('user code that throws', () => {
  const fails = (): never => {
    throw new Error('broken')
  }
  const base = { create: () => 0, add: (a: number, n: number) => a + n }
  const merging = aggregateContents({ ...base, merge: fails })

  it('in add: the record is left out', () => {
    const add = (a: number, n: number) => (n === 2 ? fails() : a + n)
    for (const assigner of [tumbling(10), sliding(10, 5), session(3), tumblingCount(2)]) {
      const contents = aggregateContents({ ...base, add, merge: (a: number, b: number) => a + b })
      const tested = skipping(assigner, { contents }).add(1, 5).add(2, 5).add(4, 5).to(100)
      expect(tested.fired[0]).toMatch(/\) 5 @/)
      expect(tested.harness.errors).toBe(1)
    }
  })

  it('in merge: the window is given up, those behind it fire', () => {
    const tested = skipping(sliding(20, 10), { contents: merging })
    tested.add(1, 5).add(2, 15).add(3, 45).to(100)
    expect(tested.fired).toEqual([
      '[-10,10) 1 @9',
      '[10,30) 2 @29',
      '[30,50) 3 @49',
      '[40,60) 3 @59',
    ])
    expect(tested.harness.errors).toBe(1)
  })

  it('in merge of sessions: the record that joins them is left out', () => {
    const tested = skipping(session(5), { contents: merging })
      .add(1, 0)
      .add(2, 10)
      .add(3, 5)
      .to(100)
    expect(tested.fired).toEqual(['[0,5) 1 @4', '[10,15) 2 @14'])
    expect(tested.harness.errors).toBe(1)
  })

  it.each([
    ['result', aggregateContents({ ...base, result: (n: number) => (n === 1 ? fails() : n) })],
    [
      'a promise',
      aggregateContents({
        ...base,
        result: (n: number) => (n === 1 ? (Promise.resolve() as never) : n),
      }),
    ],
  ])('in %s: that window is given up', (_, contents) => {
    for (const assigner of [tumbling(10), session(5), sliding(10, 10)]) {
      if (assigner.merges && contents.merge === undefined) continue
      const tested = skipping(assigner, { contents }).add(1, 0, 'a').add(2, 0, 'b').add(3, 10, 'a')
      expect(tested.to(100).fired).toEqual(['[0,10) 2 @9', '[10,20) 3 @19'])
      expect(tested.harness.errors).toBe(1)
    }
  })

  it('ends the job by default, with its code', () => {
    const forgotten = aggregateContents({ ...base, add: () => undefined as never })
    expect(() => windows(tumbling(10), { contents: forgotten }).add(1, 0)).toThrow(
      expect.objectContaining({
        code: 'SAGE_USER_ERROR',
        message: expect.stringContaining('aggregate.add'),
      }),
    )
    const unencodable = aggregateContents({
      ...base,
      create: () => (() => 1) as never,
      add: (a: never) => a,
    })
    for (const assigner of [tumbling(10), session(5)]) {
      expect(() =>
        windows(assigner, { contents: { ...unencodable, merge: (a) => a } }).add(1, 0),
      ).toThrow(expect.objectContaining({ code: 'SAGE_CODEC_UNSUPPORTED' }))
    }
  })
})

describe('assigners of one’s own', () => {
  it('may give several windows, none, and windows that merge', () => {
    const own = { assign: (n: number) => [0, 10].slice(0, n).map((start) => ({ start, end: 20 })) }
    const tested = windows(own).add(1, 3).add(2, 4).add(0, 5)
    expect(tested.to(20).fired).toEqual(['[0,20) [1,2] @19', '[10,20) [2] @19'])
    expect([tested.late, tested.harness.dropped]).toEqual([[0], 1])
    const merges = {
      merges: true,
      assign: (n: number, at: number) => [
        { start: at, end: at + n },
        { start: at + 2 * n, end: at + 3 * n },
      ],
    }
    expect(windows(merges).add(3, 0).add(4, 3).to(100).fired).toEqual([
      '[0,9) [3,3,4] @8',
      '[11,15) [4] @14',
    ])
  })

  it('a window that is given twice is one', () => {
    const own = { assign: () => [0, 0, 10, 0, 10].map((start) => ({ start, end: 20 })) }
    const tested = windows(own, { trigger: triggers.count(2), contents: sumContents() })
    tested.add(1, 3).add(2, 4)
    expect(tested.fired).toEqual(['[0,20) 3 @19', '[10,20) 3 @19'])
  })

  it.each([
    [{ start: 5, end: 5 }],
    [{ start: Number.NaN, end: 5 }],
    [undefined],
    [{ start: '1', end: 2 }],
  ])('refuses the window %j', (window) => {
    const tested = windows({ assign: () => [window as never] })
    expect(() => tested.add(1, 0)).toThrow(
      expect.objectContaining({
        code: 'SAGE_USER_ERROR',
        message: expect.stringContaining('start < end'),
      }),
    )
  })
})

describe('a snapshot of the keyed store', () => {
  const at = { name: 'w', keyed: true, maxParallelism: 128, clock: { now: () => 0 } }

  /** An operator upon a store, as a job makes it. */
  function made(assigner: WindowAssigner, differences: Differences, from?: KeyedState) {
    const scope = emptyScope()
    const keyed = new KeyedState(at, scope)
    const results: unknown[] = []
    const out = {
      collect: (result: unknown) => void results.push(result),
      collectTo: () => undefined,
    }
    const context = {
      ctx: { clock: at.clock },
      scope,
      out,
      keyed,
      combined: false,
      countDropped: () => undefined,
    } as unknown as OperatorContext
    const operator = windowsOf(assigner, differences).create(context)
    if (from !== undefined) keyed.store.restore(structuredClone([...from.store.entries()]))
    operator.open?.()
    const add = (value: number, time: number, key = 'k') => {
      scope.key = key
      scope.timestamp = time
      ;(operator.call as Function)(value, context.ctx, out)
    }
    const to = (watermark: number) => operator.onWatermark?.(watermark, () => true)
    return { keyed, add, to, results }
  }

  it.each<[string, WindowAssigner, Differences]>([
    ['tumbling', tumbling(10), {}],
    ['sliding', sliding(10, 4), { contents: sumContents() }],
    ['sliding, lateness', sliding(10, 4), { contents: sumContents(), latenessMs: 7 }],
    ['session', session(6), { contents: countContents() }],
    ['session of records', session(6), {}],
    ['count', slidingCount(4, 3), {}],
    ['early', tumbling(30), { trigger: triggers.every(10) }],
    ['purging', tumbling(30), { trigger: triggers.purging(triggers.count(2)) }],
  ])('%s: what is restored goes on as if nothing had happened', (name, assigner, differences) => {
    for (let cut = 0; cut <= 12; cut++) {
      const run = (restored: boolean) => {
        let tested = made(assigner, differences)
        const results: unknown[] = []
        for (let i = 0; i < 12; i++) {
          if (i === cut && restored) {
            results.push(...tested.results)
            tested = made(assigner, differences, tested.keyed)
          }
          tested.add(i, ((i * 7) % 5) + 3 * i, i % 3 === 0 ? 'k' : 'l')
          if (i % 4 === 3) tested.to(3 * i - 2)
        }
        tested.to(Number.POSITIVE_INFINITY)
        expect(tested.keyed.store.size).toBe(name === 'count' ? 2 : 0)
        return Object.groupBy(
          [...results, ...tested.results] as { key: string }[],
          ({ key }) => key,
        )
      }
      expect(run(true)).toEqual(run(false))
    }
  })
})
