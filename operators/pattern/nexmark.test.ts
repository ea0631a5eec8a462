import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Pattern, PatternStart } from './pattern.ts'
import { patternStart } from './pattern-builder.ts'
import { compilePattern } from './pattern-machine.ts'

interface Bid {
  price: number
  at: number
}

const bids: PatternStart<Bid> = patternStart

/** All matches in the bids of one bidder on one auction. */
function find<M>(pattern: Pattern<Bid, M>, input: readonly Bid[]): M[] {
  const machine = compilePattern(pattern)
  const state = machine.createState()
  const found: M[] = []
  const output = { match: (match: M) => void found.push(match) }
  for (const bid of input) machine.advance(state, bid, bid.at, output)
  return found
}

const inputs = (prices: readonly number[]) =>
  fc
    .array(fc.record({ price: fc.constantFrom(...prices), gap: fc.constantFrom(0, 1000, 3000) }), {
      maxLength: 14,
    })
    .map((rows): Bid[] => {
      let at = 0
      return rows.map(({ price, gap }) => {
        at += gap
        return { price, at }
      })
    })

// The four CEP queries of Nexmark. What SQL's MATCH_RECOGNIZE says by PATTERN is strict and greedy.

describe('CEP 0: a falling price, then a rise', () => {
  // LAST(DOWN.price, 1) in the definition of UP is the row before the last one that fell.
  const pattern = bids
    .begin('first')
    .next('down')
    .where((bid, ctx) => bid.price < (ctx.last('down') ?? ctx.last('first'))!.price)
    .oneOrMore()
    .consecutive()
    .greedy()
    .next('up')
    .where((bid, { matched }) => bid.price > (matched.down.at(-2)?.price ?? Infinity))
    .skipToLast('up')

  function expected(rows: readonly Bid[]) {
    const found: Bid[][] = []
    for (let i = 0; i < rows.length; i++) {
      let end = i + 1
      while (end < rows.length && rows[end].price < rows[end - 1].price) end++
      const downs = end - i - 1
      if (end === rows.length || downs < 2 || rows[end].price <= rows[end - 2].price) continue
      found.push(rows.slice(i, end + 1))
      i = end - 1
    }
    return found
  }

  it('equals a loop', () => {
    fc.assert(
      fc.property(inputs([1, 2, 3, 4, 5]), (rows) => {
        const found = find(pattern, rows).map(({ first, down, up }) => [...first, ...down, ...up])
        // A fall that the input ends in could still be a match: what is behind its first row waits for it.
        const last = rows.findLastIndex((row, i) => i > 0 && row.price >= rows[i - 1].price)
        const settled = expected(rows).filter((match) => rows.indexOf(match[0]) < Math.max(last, 0))
        expect(found).toEqual(settled)
      }),
      { numRuns: 500 },
    )
  })
})

describe('CEP 1 and 2: an average price below a limit', () => {
  const average = (rows: readonly Bid[]) =>
    rows.reduce((sum, row) => sum + row.price, 0) / rows.length
  const pattern = bids
    .begin('a')
    .where((bid, { matched }) => average([...matched.a, bid]) < 10_000)
    .oneOrMore()
    .consecutive()
    .greedy()
    .next('b')

  function expected(rows: readonly Bid[], next: (start: number, end: number) => number) {
    const found: Bid[][] = []
    for (let i = 0; i < rows.length; ) {
      let end = i
      while (end < rows.length && average(rows.slice(i, end + 1)) < 10_000) end++
      // One that the input ends in holds up all behind it.
      if (end === rows.length) break
      if (end > i) found.push(rows.slice(i, end + 1))
      i = end > i ? next(i, end) : i + 1
    }
    return found
  }

  it('skipping past the last row', () => {
    fc.assert(
      fc.property(inputs([2_000, 9_000, 11_000, 30_000]), (rows) => {
        const found = find(pattern.skipPastLastEvent(), rows).map(({ a, b }) => [...a, ...b])
        expect(found).toEqual(expected(rows, (_, end) => end + 1))
      }),
      { numRuns: 500 },
    )
  })

  it('skipping to the next row', () => {
    fc.assert(
      fc.property(inputs([2_000, 9_000, 11_000, 30_000]), (rows) => {
        const found = find(pattern.skipToNext(), rows).map(({ a, b }) => [...a, ...b])
        expect(found).toEqual(expected(rows, (start) => start + 1))
      }),
      { numRuns: 500 },
    )
  })
})

describe('CEP 3: a price drop of 50 within 5 s', () => {
  const pattern = bids
    .begin('a')
    .next('b')
    .where((bid, ctx) => bid.price > ctx.last('a')!.price - 50)
    .oneOrMore()
    .optional()
    .consecutive()
    .greedy()
    .next('c')
    .where((bid, ctx) => bid.price < ctx.last('a')!.price - 50)
    .within('5s')
    .skipPastLastEvent()

  function expected(rows: readonly Bid[]) {
    const found: { drop: number; at: number }[] = []
    for (let i = 0; i < rows.length; i++) {
      const { price, at } = rows[i]
      let end = i + 1
      while (end < rows.length && rows[end].price > price - 50 && rows[end].at < at + 5000) end++
      if (end === rows.length) break
      if (rows[end].at >= at + 5000 || rows[end].price >= price - 50) continue
      found.push({ drop: price - rows[end].price, at: rows[end].at })
      i = end
    }
    return found
  }

  it('equals a loop', () => {
    fc.assert(
      fc.property(inputs([10, 40, 60, 90, 120]), (rows) => {
        const found = find(pattern, rows).map(({ a, c }) => ({
          drop: a[0].price - c[0].price,
          at: c[0].at,
        }))
        expect(found).toEqual(expected(rows))
      }),
      { numRuns: 500 },
    )
  })
})

describe('a login directly followed by a purchase', () => {
  type Activity = { user: string; at: number } & (
    | { type: 'login' }
    | { type: 'purchase'; amount: number }
    | { type: 'view'; page: string }
  )
  const activities: PatternStart<Activity> = patternStart

  it('knows the amount by its type', () => {
    const pattern = activities
      .begin('login')
      .where((event) => event.type === 'login')
      .next('purchase')
      .where((event) => event.type === 'purchase')
    const machine = compilePattern(pattern)
    const state = machine.createState()
    const found: object[] = []
    const events: Activity[] = [
      { user: 'u', at: 1, type: 'login' },
      { user: 'u', at: 2, type: 'view', page: '/' },
      { user: 'u', at: 3, type: 'login' },
      { user: 'u', at: 4, type: 'purchase', amount: 9.5 },
      { user: 'u', at: 5, type: 'purchase', amount: 1 },
    ]
    for (const event of events) {
      machine.advance(state, event, event.at, {
        match: ({ login: [login], purchase: [purchase] }) =>
          void found.push({
            pattern: 'login_purchase',
            user: login.user,
            loginTime: login.at,
            purchaseTime: purchase.at,
            purchaseAmount: purchase.amount,
          }),
      })
    }
    expect(found).toEqual([
      {
        pattern: 'login_purchase',
        user: 'u',
        loginTime: 3,
        purchaseTime: 4,
        purchaseAmount: 9.5,
      },
    ])
  })
})
