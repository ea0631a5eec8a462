import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Rig } from './fixtures/rig.ts'
import type { JoinEmitMode, JoinInsertMode } from './join-table.ts'
import { keyedJoinFactory } from './keyed-join.ts'

type Arrival = [side: number, value: unknown]

/** The rows that a join emits for records of one key, then at the end. */
function rowsOf(
  insertMode: JoinInsertMode,
  emitMode: JoinEmitMode,
  arrivals: readonly Arrival[],
  sides = 2,
) {
  const { shape, create } = keyedJoinFactory(sides, insertMode, emitMode)
  const rig = new Rig({ shape, functions: [], create })
  const rows = arrivals.flatMap(([side, value]) => {
    rig.scope.key = 'k'
    const row = (rig.operator.call as any)[side](value)
    if (row === null) return []
    return shape === 'map' ? [row] : row
  })
  return { rig, rows: [...rows, ...(rig.operator.finish?.() ?? [])] as unknown[][] }
}

describe('the worked example: l1, r1, l2, r2, r3', () => {
  const arrivals: Arrival[] = ['l1', 'r1', 'l2', 'r2', 'r3'].map((v) => [v[0] === 'l' ? 0 : 1, v])
  const pairs = (...texts: string[]) =>
    texts.map((text) => text.split(',').map((v) => (v === '-' ? null : v)))
  const product = ['l1,r1', 'l1,r2', 'l1,r3', 'l2,r1', 'l2,r2', 'l2,r3']
  it.each<[JoinInsertMode, JoinEmitMode, unknown[][]]>([
    ['first', 'complete', pairs('l1,r1', 'l2,r2')],
    ['last', 'complete', pairs('l1,r1', 'l2,r2')],
    ['product', 'complete', pairs('l1,r1', 'l2,r2')],
    ['first', 'final', pairs('l1,r1')],
    ['last', 'final', pairs('l2,r3')],
    ['product', 'final', pairs(...product)],
    ['first', 'running', pairs('l1,-', 'l1,r1', 'l1,r1', 'l1,r1', 'l1,r1')],
    ['last', 'running', pairs('l1,-', 'l1,r1', 'l2,r1', 'l2,r2', 'l2,r3')],
    [
      'product',
      'running',
      pairs(...['l1,-', 'l1,r1', 'l1,r1', 'l2,r1', 'l1,r1', 'l1,r2', 'l2,r1', 'l2,r2'], ...product),
    ],
  ])('%s, %s', (insertMode, emitMode, expected) => {
    const { rows, rig } = rowsOf(insertMode, emitMode, arrivals)
    expect(rows).toEqual(expected)
    // Half rows stay in the state, running ones for ever; final ones are gone.
    const waiting = {
      complete: insertMode === 'product' ? [[], ['r3']] : [null, 'r3'],
      final: undefined,
      running: {
        first: ['l1', 'r1'],
        last: ['l2', 'r3'],
        product: [
          ['l1', 'l2'],
          ['r1', 'r2', 'r3'],
        ],
      }[insertMode],
    }[emitMode]
    expect(rig.state()).toEqual(waiting === undefined ? {} : { k: { join: waiting } })
  })
})

it('a burst on one side', () => {
  const arrivals: Arrival[] = [
    [0, 'a1'],
    [0, 'a2'],
    [1, 'b1'],
    [1, 'b2'],
  ]
  expect(rowsOf('first', 'complete', arrivals).rows).toEqual([['a1', 'b1']])
  expect(rowsOf('last', 'complete', arrivals).rows).toEqual([['a2', 'b1']])
  expect(rowsOf('product', 'complete', arrivals).rows).toEqual([
    ['a1', 'b1'],
    ['a2', 'b1'],
  ])
})

it('falsy values are values', () => {
  expect(
    rowsOf(
      'last',
      'complete',
      [
        [0, 0],
        [1, ''],
        [2, false],
      ],
      3,
    ).rows,
  ).toEqual([[0, '', false]])
})

it('finals come in the order of the keys', () => {
  const rig = new Rig(keyedJoinFactory(2, 'last', 'final'))
  for (const key of ['b', '😀', 'a', '～', 1]) {
    rig.scope.key = key
    ;(rig.operator.call as any)[0](key)
  }
  const seen = []
  for (const [value] of rig.operator.finish!() as Iterable<unknown[]>)
    seen.push([rig.scope.key, value])
  expect(seen).toEqual([1, 'a', 'b', '～', '😀'].map((key) => [key, key]))
  expect(rig.keyed.store.size).toBe(0)
})

it('what consumers do to a row changes no other', () => {
  for (const [insert, emit] of [
    ['last', 'running'],
    ['product', 'running'],
    ['product', 'complete'],
  ] as const) {
    const rig = new Rig(keyedJoinFactory(2, insert, emit))
    const rows: any[] = []
    for (const [side, value] of [
      [0, { n: 1 }],
      [0, { n: 2 }],
      [1, { n: 3 }],
    ] as Arrival[]) {
      rig.scope.key = 'k'
      const emitted = (rig.operator.call as any)[side](value)
      for (const row of emitted === null ? [] : insert === 'product' ? emitted : [emitted]) {
        rows.push(structuredClone(row))
        for (const one of row) if (one !== null) one.n = 'changed'
      }
    }
    expect(rows.flat().filter((one) => one?.n === 'changed')).toEqual([])
    expect(rows.at(-1)).toEqual([{ n: 2 }, { n: 3 }])
  }
})

it('a value that is no data fails, and its key is as before', () => {
  const { operator, keyed, scope } = new Rig(keyedJoinFactory(2, 'last', 'complete'))
  scope.key = 'k'
  expect(() => (operator.call as any)[0](() => 1)).toThrow(
    expect.objectContaining({ code: 'SAGE_CODEC_UNSUPPORTED' }),
  )
  expect(keyed.store.size).toBe(0)
})

describe('complete', () => {
  it('emits, for any arrivals, what a table of all sides would', () => {
    const arrival = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 9 }))
    fc.assert(
      fc.property(fc.array(arrival), (arrivals) => {
        const table: (number | undefined)[] = [undefined, undefined, undefined]
        const expected: unknown[] = []
        for (const [side, value] of arrivals) {
          table[side] = value
          if (table.includes(undefined)) continue
          expected.push([...table])
          table.fill(undefined)
        }
        expect(rowsOf('last', 'complete', arrivals, 3).rows).toEqual(expected)
      }),
    )
  })
})
