import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertEncodable } from '../../codec/value.ts'
import type { JoinEmitMode, JoinInsertMode } from '../stateful/join-table.ts'
import { type HarnessOptions, operatorHarness } from '../testing/operator-harness.ts'
import { collectLogic } from './collect-logic.ts'
import {
  type Event,
  type ReferenceWindower,
  referenceWindows,
} from './fixtures/reference-windows.ts'
import { bestLogic, countLogic, foldLogic, reduceLogic } from './fold-logic.ts'
import { joinLogic } from './join-logic.ts'
import { keyedWindowFactory, WINDOW_LATE, WINDOW_META } from './keyed-window.ts'
import type { WindowLogic } from './window-logic.ts'
import { resolveWindow, type WindowerSpec } from './window-spec.ts'

interface Item {
  readonly id: any
  readonly at: number
}

interface RigOptions extends HarnessOptions {
  readonly windower?: WindowerSpec
  readonly wait?: number
  readonly ordered?: boolean
  readonly sides?: number
  readonly timestamp?: (item: Item) => number
}

/** An operator under test, which takes items. */
class Rig {
  readonly harness: ReturnType<typeof operatorHarness>

  constructor(logic: WindowLogic, options: RigOptions = {}) {
    const {
      windower = { type: 'tumbling', length: 10 },
      wait = 0,
      ordered = false,
      sides = 1,
      timestamp = (item) => item.at,
      ...rest
    } = options
    const clock = { type: 'event', timestamp, wait } as const
    const window = resolveWindow({ clock, windower }, 'test')
    this.harness = operatorHarness(keyedWindowFactory({ window, logic, ordered, sides }), rest)
  }

  push(key: string, items: readonly Item[], input = 0): void {
    for (const item of items) this.harness.push(item, { key, input })
    this.harness.endOfBatch()
  }

  /** The results since the last look. */
  down(): [key: unknown, id: number, value: unknown][] {
    this.harness.output.length = 0
    return this.harness.packets
      .splice(0)
      .map(({ partitionKey, payload: [id, value] }) => [partitionKey, id, value])
  }
}

const at = (...times: number[]): Item[] => times.map((time) => ({ id: time, at: time }))
const ids = collectLogic('array')
const idsOf = (items: unknown) => (items as Item[]).map(({ id }) => id)

describe('by key', () => {
  const windowers: [ReferenceWindower, WindowerSpec][] = [
    [
      { type: 'aligned', length: 5, offset: 5 },
      { type: 'tumbling', length: 5 },
    ],
    [
      { type: 'aligned', length: 7, offset: 3 },
      { type: 'sliding', length: 7, offset: 3 },
    ],
    [
      { type: 'session', gap: 2 },
      { type: 'session', gap: 2 },
    ],
  ]
  const event = fc.record({
    key: fc.constantFrom('a', 'b'),
    at: fc.integer({ min: 0, max: 30 }),
    passes: fc.constantFrom(0, 0, 0, 1, 4, 9),
    resumes: fc.constantFrom(false, false, false, true),
  })

  it.each(windowers)('equals a plain loop over everything: %o', async (reference, windower) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 30 }),
        fc.constantFrom(0, 2, 10, Infinity),
        fc.boolean(),
        async (events, wait, ordered) => {
          const rig = new Rig(ids, { windower, wait, ordered })
          const { harness } = rig
          const told: Record<string, string[]> = { a: [], b: [] }
          const script: Record<string, Event[]> = { a: [], b: [] }
          const seen = { late: 0, meta: 0 }
          let late = 0
          const look = (key?: string): void => {
            const news: [string, string][] = rig
              .down()
              .map(([k, id, items]) => [k as string, `down ${id} ${idsOf(items).join()}`])
            const lates = harness.sideOutput(WINDOW_LATE) as [number, Item][]
            for (const [id, item] of lates.slice(seen.late))
              news.push([key!, `late ${id} ${item.id}`])
            seen.late = lates.length
            for (const [k, text] of news) told[k].push(text)
          }
          let now = 0
          for (const [id, { key, at, passes, resumes }] of events.entries()) {
            if (resumes) harness.restore(harness.snapshot())
            // The clock is shown to all keys at every millisecond, as timers do.
            for (let i = 0; i < passes; i++) {
              now++
              harness.advanceTime(1)
              for (const one of ['a', 'b']) script[one].push({ type: 'time', now })
              look()
            }
            rig.push(key, [{ id, at }])
            script[key].push({ type: 'record', id, at, now })
            look(key)
          }
          await harness.end()
          look()
          for (const key of ['a', 'b']) {
            const expected = referenceWindows(reference, { wait, ordered }, script[key])
            expect(told[key]).toEqual(expected.filter((text) => !text.startsWith('meta')))
            late += new Set(
              expected.filter((t) => t.startsWith('late')).map((t) => t.split(' ')[2]),
            ).size
          }
          expect(harness.dropped).toBe(late)
          const metas = harness.sideOutput(WINDOW_META) as [number, any][]
          const texts = metas.map(([id, { open, close, mergedIds }]) => {
            const suffix = mergedIds.length > 0 ? ` of ${mergedIds.join()}` : ''
            return `meta ${id} ${open}-${close}${suffix}`
          })
          const all = ['a', 'b'].flatMap((key) =>
            referenceWindows(reference, { wait, ordered }, script[key]),
          )
          expect(texts.toSorted()).toEqual(all.filter((t) => t.startsWith('meta')).toSorted())
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('time', () => {
  it('a window closes when the clock brings its key’s watermark there, keys in their order', () => {
    const rig = new Rig(countLogic())
    rig.push('b', at(3, 3))
    rig.push('a', at(1))
    rig.harness.advanceTime(6)
    expect(rig.down()).toEqual([])
    rig.harness.advanceTime(1)
    expect(rig.down()).toEqual([['b', 0, 2]])
    rig.push('b', at(25))
    rig.harness.advanceTime(100)
    // b is due at 12, a at 9: in the order of the keys.
    expect(rig.down()).toEqual([
      ['a', 0, 1],
      ['b', 2, 1],
    ])
  })

  it('where there is no room the others come later', () => {
    const rig = new Rig(countLogic(), { pressed: true })
    for (const key of ['d', 'c', 'b', 'a']) rig.push(key, at(1))
    rig.harness.advanceTime(9)
    expect(rig.down().map(([key]) => key)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('forgets a key without open windows, its watermark too, but never one of sessions', () => {
    const tumbling = new Rig(ids)
    tumbling.push('k', at(1))
    tumbling.harness.advanceTime(9)
    expect(tumbling.harness.keyed.store.size).toBe(0)
    expect(tumbling.harness.keyed.processingTimers.size).toBe(0)
    // As in Bytewax it opens its window again.
    tumbling.push('k', at(2))
    expect(tumbling.harness.dropped).toBe(0)
    const session = new Rig(ids, { windower: { type: 'session', gap: 5 } })
    session.push('k', at(1))
    session.harness.advanceTime(5)
    expect(session.down()).toEqual([])
    session.harness.advanceTime(1)
    expect(session.down()).toHaveLength(1)
    expect(session.harness.keyed.store.size).toBe(1)
    expect(session.harness.keyed.processingTimers.size).toBe(0)
    session.push('k', at(2))
    expect(session.harness.dropped).toBe(1)
    expect(session.harness.sideOutput(WINDOW_LATE)).toEqual([[-1, { id: 2, at: 2 }]])
  })

  it('has one timer a key, however many records come', () => {
    const rig = new Rig(ids, { windower: { type: 'sliding', length: 100, offset: 10 } })
    const { keyed } = rig.harness
    for (let i = 0; i < 50; i++) {
      rig.push(`k${i % 5}`, at(i, i + 3))
      rig.harness.advanceTime(1)
    }
    expect(keyed.processingTimers.size).toBe(5)
    for (const slot of keyed.store.slots()) assertEncodable(keyed.store.column('windows').get(slot))
  })

  it('while records come without end, timers are set every few milliseconds', () => {
    const { harness } = new Rig(countLogic())
    const come = (key: string) => harness.push(at(1)[0], { key })
    come('a')
    harness.advanceTime(0)
    expect(harness.keyed.processingTimers.size).toBe(1)
    come('b')
    harness.advanceTime(9)
    expect(harness.packets.map(({ partitionKey }) => partitionKey)).toEqual(['a'])
    come('c')
    harness.advanceTime(5)
    come('d')
    expect(harness.keyed.processingTimers.size).toBe(0)
    harness.advanceTime(0)
    expect(harness.packets.map(({ partitionKey }) => partitionKey)).toEqual(['a', 'b'])
    expect(harness.keyed.processingTimers.size).toBe(2)
  })

  it('a clock that goes back stands still', () => {
    const window = resolveWindow(
      { clock: { type: 'system' }, windower: { type: 'tumbling', length: 10 } },
      'test',
    )
    const parts = { window, logic: countLogic(), ordered: false, sides: 1 }
    const harness = operatorHarness(keyedWindowFactory(parts), { startMs: 1005 })
    harness.push('x', { key: 'k' })
    harness.endOfBatch()
    harness.advanceTime(4)
    harness.push('x', { key: 'k' })
    harness.endOfBatch()
    harness.advanceTime(1)
    expect(harness.output).toEqual([[100, 2]])
    expect(harness.sideOutput(WINDOW_META)).toEqual([
      [100, { open: 1000, close: 1010, mergedIds: [] }],
    ])
  })
})

describe('sessions that meet', () => {
  const windower: WindowerSpec = { type: 'session', gap: 10 }
  /** Records of one key in the order 0, 20, 10: the last one joins the two sessions. */
  async function merged(logic: WindowLogic, records = at(0, 20, 10), sides = [0, 0, 0]) {
    const rig = new Rig(logic, { windower, wait: Infinity, sides: 2 })
    for (const [i, item] of records.entries()) rig.push('k', [item], sides[i])
    await rig.harness.end()
    expect(rig.harness.sideOutput(WINDOW_META)).toEqual([
      [0, { open: 0, close: 20, mergedIds: [1] }],
    ])
    return rig.down().map(([, id, value]) => [id, value])
  }

  it('are counted, collected, folded, reduced and compared as one', async () => {
    const pair = (item: Item) => [item.at % 20, item.id]
    expect(await merged(countLogic())).toEqual([[0, 3]])
    const [[, list]] = await merged(ids)
    expect(idsOf(list)).toEqual([0, 10, 20])
    const [[, set]] = await merged(collectLogic('set'))
    expect([...(set as Set<Item>)].map(({ id }) => id)).toEqual([0, 10, 20])
    const fold = foldLogic(
      () => [],
      (a: unknown[], item: Item) => [...a, item.id],
      (a: unknown[], b: unknown[]) => [...a, '+', ...b],
    )
    expect(await merged(fold)).toEqual([[0, [0, 10, '+', 20]]])
    const sum = reduceLogic((a: Item, b: Item) => ({ ...a, id: a.id + b.id }))
    expect(await merged(sum)).toEqual([[0, { id: 30, at: 0 }]])
    expect(await merged(bestLogic('maxWindow', 1, ({ at }: Item) => at))).toEqual([[0, at(20)[0]]])
    // Of equal ones that of the earlier session.
    expect(await merged(bestLogic('minWindow', -1, () => 1))).toEqual([[0, at(0)[0]]])
    const map = new Rig(collectLogic('map'), {
      windower,
      wait: Infinity,
      timestamp: (item: any) => item[1],
    })
    for (const item of [...at(0, 20, 10)].map(pair)) map.harness.push(item, { key: 'k' })
    await map.harness.end()
    expect(map.harness.output).toEqual([
      [
        0,
        new Map([
          [0, 20],
          [10, 10],
        ]),
      ],
    ])
  })

  it.each<[JoinInsertMode, JoinEmitMode, unknown[]]>([
    ['first', 'final', [[0, 20]]],
    ['last', 'final', [[10, 20]]],
    [
      'product',
      'final',
      [
        [0, 20],
        [10, 20],
      ],
    ],
    ['last', 'complete', [[10, 20]]],
    [
      'product',
      'running',
      [
        [0, null],
        [null, 20],
        [0, null],
        [10, null],
        [0, 20],
        [10, 20],
      ],
    ],
  ])('%s, %s', async (insertMode, emitMode, rows) => {
    const found = await merged(joinLogic(2, insertMode, emitMode), at(0, 20, 10), [0, 1, 0])
    const plain = found.map(([, row]) => (row as (Item | null)[]).map((item) => item?.id ?? null))
    expect(plain).toEqual(rows)
  })

  it('the later session’s values are the last ones, whatever its id', async () => {
    const rig = new Rig(joinLogic(2, 'last', 'final'), { windower, wait: Infinity, sides: 2 })
    rig.push('k', at(20), 0)
    rig.push('k', at(0), 0)
    rig.push('k', at(10), 1)
    await rig.harness.end()
    expect(rig.harness.sideOutput(WINDOW_META)).toEqual([
      [1, { open: 0, close: 20, mergedIds: [0] }],
    ])
    expect(rig.down()).toMatchObject([['k', 1, [{ id: 20 }, { id: 10 }]]])
  })
})

describe('a function that throws', () => {
  const folding = foldLogic(
    () => 0,
    (sum: number, { id }: Item) => {
      if (id === 'bad') throw new Error('broken')
      return sum + id
    },
    () => {
      throw new Error('broken merger')
    },
  )
  const bad = (time: number): Item => ({ id: 'bad', at: time })

  it('fails its record, which has then not happened', async () => {
    const rig = new Rig(folding, {
      windower: { type: 'sliding', length: 10, offset: 5 },
      errors: 'skip',
    })
    rig.push('k', [...at(5), bad(12), ...at(6)])
    rig.push('l', [bad(1)])
    expect(rig.harness.errors).toBe(2)
    // Not late: the watermark is that of the first record.
    expect(rig.harness.dropped).toBe(0)
    expect(rig.harness.keyed.store.size).toBe(1)
    await rig.harness.end()
    expect(rig.down()).toEqual([
      ['k', 0, 11],
      ['k', 1, 11],
    ])
  })

  it('one that has waited is left out, and told between two records', async () => {
    const rig = new Rig(folding, { ordered: true, wait: 3, errors: 'skip' })
    rig.push('k', [bad(2), ...at(1, 8)])
    expect(rig.harness.errors).toBe(0)
    rig.harness.advanceTime(1)
    expect(rig.harness.errors).toBe(1)
    await rig.harness.end()
    expect(rig.down()).toEqual([['k', 0, 9]])
    expect(rig.harness.errors).toBe(1)
  })

  it('of two sessions that it cannot merge the earlier one stays', async () => {
    const rig = new Rig(folding, {
      windower: { type: 'session', gap: 10 },
      wait: Infinity,
      errors: 'skip',
    })
    rig.push('k', at(1, 21, 11))
    rig.harness.advanceTime(0)
    await rig.harness.end()
    expect(rig.down()).toEqual([['k', 0, 12]])
    expect(rig.harness.errors).toBe(1)
  })

  it.each([
    [
      'no accumulator',
      foldLogic(
        () => 0,
        () => undefined,
        () => 0,
      ),
      'SAGE_USER_ERROR',
    ],
    [
      'no builder',
      foldLogic(
        () => undefined,
        () => 0,
        () => 0,
      ),
      'SAGE_USER_ERROR',
    ],
    ['a promise', reduceLogic(async () => 1), 'SAGE_PROMISE'],
    ['no pair', collectLogic('map'), 'SAGE_USER_ERROR'],
    ['no rank', bestLogic('maxWindow', 1, () => ({})), 'SAGE_USER_ERROR'],
  ])('%s', (_, logic, code) => {
    const rig = new Rig(logic)
    expect(() => rig.push('k', at(1, 1))).toThrowError(expect.objectContaining({ code }))
  })

  it('a timestamp that is none', () => {
    const rig = new Rig(ids, { timestamp: () => Number.NaN })
    expect(() => rig.push('k', at(1))).toThrowError(
      expect.objectContaining({ code: 'SAGE_TIMESTAMP' }),
    )
  })
})

it('null forgets an accumulator; a window without one emits nothing but when it was', async () => {
  const fold = foldLogic(
    () => [],
    (a: unknown[], { id }: Item) => (id === 3 ? null : [...a, id]),
    () => null,
  )
  let rig = new Rig(fold)
  rig.push('k', at(1, 2, 3, 4, 13))
  await rig.harness.end()
  expect(rig.down()).toEqual([
    ['k', 0, [4]],
    ['k', 1, [13]],
  ])
  rig = new Rig(fold)
  rig.push('k', at(1, 3))
  await rig.harness.end()
  expect(rig.down()).toEqual([])
  expect(rig.harness.sideOutput(WINDOW_META)).toHaveLength(1)
})

it('a record in several windows is one of its own in each', async () => {
  const rig = new Rig(ids, { windower: { type: 'sliding', length: 10, offset: 5 }, wait: 100 })
  rig.push('k', at(7))
  await rig.harness.end()
  const [[, , first], [, , second]] = rig.down() as [unknown, unknown, Item[]][]
  expect(first).toEqual(second)
  expect(first[0]).not.toBe(second[0])
})

describe('refuses', () => {
  const event = { type: 'event', timestamp: () => 0, wait: 0 }
  const tumbling = { type: 'tumbling', length: 10 }
  const gapless = (gap: unknown) => ({ clock: event, windower: { type: 'session', gap } })

  it.each<[unknown, string]>([
    [undefined, 'test: expected { clock, windower }, got undefined'],
    [{ clock: event }, "test windower: expected { type: 'tumbling' | 'sliding' | 'session', … }"],
    [{ windower: tumbling }, "test clock: expected { type: 'event' | 'system', … }, got undefined"],
    [{ clock: event, windower: tumbling, x: 1 }, 'expected { clock, windower }, got "x"'],
    [
      { clock: { type: 'event', wait: 0 }, windower: tumbling },
      'test clock.timestamp: expected a function',
    ],
    [{ clock: { ...event, wait: -1 }, windower: tumbling }, 'test clock.wait: expected a duration'],
    [{ clock: { type: 'system', wait: 0 }, windower: tumbling }, 'expected { type }, got "wait"'],
    [
      { clock: event, windower: { type: 'tumbling', length: 0 } },
      'test windower.length: expected a finite duration > 0',
    ],
    [
      { clock: event, windower: { ...tumbling, offset: 5 } },
      'expected { type, length, alignTo }, got "offset"',
    ],
    [
      { clock: event, windower: { ...tumbling, alignTo: Infinity } },
      'test windower.alignTo: expected milliseconds',
    ],
    [
      { clock: event, windower: { type: 'sliding', length: 10, offset: 11 } },
      'windower.offset: expected at most the length, 10 ms, got 11',
    ],
    // session_negative_gap_rejected of Bytewax's cases.
    [gapless(-1), 'test windower.gap: expected a duration'],
  ])('%o', (window, message) => {
    expect(() => resolveWindow(window, 'test')).toThrowError(
      expect.objectContaining({ code: 'SAGE_OPTION', message: expect.stringContaining(message) }),
    )
  })

  it('but no gap at all is one', () => {
    expect(resolveWindow(gapless(0), 'test').compared).toEqual({
      clock: { type: 'event', waitMs: 0 },
      windower: { type: 'session', gapMs: 0 },
    })
  })
})
