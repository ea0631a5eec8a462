import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type HarnessOptions, operatorHarness } from '../testing/operator-harness.ts'
import { type JoinSpec, type JoinType, joinRowsFactory } from './join-rows.ts'

const types: JoinType[] = ['inner', 'left', 'right', 'outer']
const none = Number.POSITIVE_INFINITY

function harness(spec: Partial<JoinSpec>, options?: HarnessOptions) {
  return operatorHarness(joinRowsFactory({ joinType: 'outer', withinMs: none, ...spec }), options)
}

type Harness = ReturnType<typeof harness>

const left = (join: Harness, value: string, timestamp?: number) =>
  join.push(value, { key: value[0], ...(timestamp === undefined ? {} : { timestamp }) })
const right = (join: Harness, value: string, timestamp?: number) =>
  join.push(value, { key: value[0], input: 1, ...(timestamp === undefined ? {} : { timestamp }) })

describe('by key', () => {
  it.each([
    ['inner', []],
    ['left', [['b1', null]]],
    ['right', [[null, 'c1']]],
    [
      'outer',
      [
        ['b1', null],
        [null, 'c1'],
      ],
    ],
  ] as const)(
    '%s: rows as partners come, the unmatched at the end',
    async (joinType, unmatched) => {
      const join = harness({ joinType })
      left(join, 'a1')
      right(join, 'a2')
      left(join, 'b1')
      right(join, 'c1')
      left(join, 'a3')
      const rows = [
        ['a1', 'a2'],
        ['a3', 'a2'],
      ]
      expect(join.output).toEqual(rows)
      await join.end()
      expect(join.output).toEqual([...rows, ...unmatched])
      expect(join.packets.map(({ partitionKey }) => partitionKey)).toEqual([
        'a',
        'a',
        ...unmatched.map((row) => (row[0] ?? row[1])?.[0]),
      ])
      expect(join.keyed.store.size).toBe(0)
    },
  )
})

describe('within a time', () => {
  it('in event time both bounds are included; what is unmatched comes out behind them, with its own time', () => {
    const join = harness({ withinMs: 10 })
    left(join, 'a1', 100)
    right(join, 'a2', 110)
    right(join, 'a3', 111)
    right(join, 'a4', 90)
    left(join, 'b1', 105)
    expect(join.output).toEqual([
      ['a1', 'a2'],
      ['a1', 'a4'],
    ])
    join.advanceWatermark(115)
    expect(join.output.length).toBe(2)
    join.advanceWatermark(116)
    expect(join.output.slice(2)).toEqual([['b1', null]])
    join.advanceWatermark(122)
    expect(join.output.slice(3)).toEqual([[null, 'a3']])
    expect(join.packets.map(({ timestamp }) => timestamp / 1e6)).toEqual([110, 100, 115, 116])
    expect(join.keyed.store.size).toBe(0)
  })

  it('a late record still finds what is there, and is not lost', async () => {
    const join = harness({ withinMs: 10 })
    left(join, 'a1', 100)
    join.advanceWatermark(105)
    right(join, 'a2', 95)
    right(join, 'b2', 1)
    expect(join.output).toEqual([['a1', 'a2']])
    join.advanceWatermark(106)
    expect(join.output.slice(1)).toEqual([[null, 'b2']])
    await join.end()
    expect(join.output.length).toBe(2)
  })

  it('in processing time it is over when it has passed', async () => {
    const join = harness({ withinMs: 1000 })
    left(join, 'a1')
    join.advanceTime(999)
    right(join, 'a2')
    left(join, 'b1')
    expect(join.output).toEqual([['a1', 'a2']])
    join.advanceTime(1)
    left(join, 'a3')
    join.advanceTime(998)
    expect(join.output).toEqual([
      ['a1', 'a2'],
      ['a3', 'a2'],
    ])
    join.advanceTime(1)
    expect(join.output.slice(2)).toEqual([['b1', null]])
    await join.end()
    expect(join.output.length).toBe(3)
  })

  it('behind a checkpoint time passes before the next record comes, and is of the same kind', async () => {
    const event = harness({ withinMs: 10 })
    left(event, 'a1', 100)
    event.restore(event.snapshot())
    event.advanceWatermark(111)
    expect(event.output).toEqual([['a1', null]])
    expect(event.packets.map(({ timestamp }) => timestamp / 1e6)).toEqual([100])
    expect(() => left(event, 'a2')).toThrow(expect.objectContaining({ code: 'SAGE_TIMESTAMP' }))
    const processing = harness({ withinMs: 10 })
    right(processing, 'a1')
    processing.restore(processing.snapshot())
    processing.advanceTime(10)
    expect(processing.output).toEqual([[null, 'a1']])
    const unbounded = harness({})
    left(unbounded, 'a1', 100)
    unbounded.restore(unbounded.snapshot())
    await unbounded.end()
    expect(unbounded.packets.map(({ payload }) => payload)).toEqual([['a1', null]])
  })

  it('refuses records with timestamps among such without', () => {
    const join = harness({ withinMs: 10 })
    left(join, 'a1', 1)
    expect(() => right(join, 'a2')).toThrow(
      expect.objectContaining({
        code: 'SAGE_TIMESTAMP',
        message: expect.stringContaining('join: expected all records with timestamps'),
      }),
    )
  })
})

describe('by condition', () => {
  it('compares all pairs, and warns of what is never forgotten', async () => {
    const condition = (a: number, b: number) => a > b
    expect(harness({ condition, endless: false }).logs).toEqual([])
    expect(harness({ endless: true }).logs).toEqual([])
    const join = harness({ condition, endless: true })
    expect(join.logs).toEqual([
      expect.objectContaining({
        level: 'WARNING',
        message: expect.stringMatching(/a condition without `within` keeps every record/),
      }),
    ])
    join.push(3)
    join.push(1, { input: 1 })
    join.push(5, { input: 1 })
    join.push(6)
    expect(join.output).toEqual([
      [3, 1],
      [6, 1],
      [6, 5],
    ])
    join.push(9, { input: 1 })
    await join.end()
    expect(join.output.slice(3)).toEqual([[null, 9]])
  })

  it('that throws has changed nothing', async () => {
    const condition = (a: number, b: number) => {
      if (a === b) throw new Error('equal')
      return a < b
    }
    const join = harness({ condition, withinMs: 10 }, { errors: 'skip' })
    expect(join.logs).toEqual([])
    for (const n of [1, 2, 3]) join.push(n)
    join.push(3, { input: 1 })
    join.push(2.5, { input: 1 })
    await join.end()
    expect(join.errors).toBe(1)
    expect(join.output).toEqual([
      [1, 2.5],
      [2, 2.5],
      [3, null],
    ])
  })

  it('that returns a promise is refused', () => {
    const join = harness({ condition: async () => true })
    join.push(1)
    expect(() => join.push(1, { input: 1 })).toThrow(
      expect.objectContaining({ code: 'SAGE_PROMISE' }),
    )
  })
})

it('gives the rows of nested loops, whatever the order, the time and the pressure', async () => {
  const record = fc.record({
    side: fc.constantFrom(0, 1),
    key: fc.constantFrom('a', 'b'),
    time: fc.integer({ min: 0, max: 60 }),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { maxLength: 30 }),
      fc.constantFrom(...types),
      fc.constantFrom(0, 7, none),
      fc.boolean(),
      fc.boolean(),
      async (records, joinType, withinMs, byKey, pressed) => {
        const sorted = records.toSorted((a, b) => a.time - b.time)
        const condition = byKey ? undefined : (a: any, b: any) => a.key === b.key
        const join = harness({ joinType, withinMs, condition }, { pressed })
        for (const one of sorted) {
          join.push(one, { key: one.key, timestamp: one.time, input: one.side })
          join.advanceWatermark(one.time)
        }
        await join.end()
        const sides = [0, 1].map((side) => sorted.filter((one) => one.side === side))
        const rows = sides[0].flatMap((a) =>
          sides[1]
            .filter((b) => a.key === b.key && Math.abs(a.time - b.time) <= withinMs)
            .map((b) => [a, b]),
        )
        const matched = new Set<unknown>(rows.flat())
        const [alone, other] = sides.map((side) => side.filter((one) => !matched.has(one)))
        const expected = [
          ...rows,
          ...(['left', 'outer'].includes(joinType) ? alone.map((a) => [a, null]) : []),
          ...(['right', 'outer'].includes(joinType) ? other.map((b) => [null, b]) : []),
        ]
        const indices = (list: unknown[]) =>
          (list as unknown[][])
            .map((row) => row.map((one) => sorted.indexOf(one as any)).join())
            .sort()
        expect(indices(join.output)).toEqual(indices(expected))
        expect(join.keyed.store.size).toBe(0)
      },
    ),
    { numRuns: 200 },
  )
})
