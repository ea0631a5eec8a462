import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OutputTag } from '../contract/function.ts'
import { operatorHarness } from '../testing/operator-harness.ts'
import { intervalJoinFactory } from './interval-join.ts'

const late = new OutputTag<unknown>('late')

function join(beforeMs: number, afterMs: number) {
  const harness = operatorHarness(intervalJoinFactory(beforeMs, afterMs, late))
  return {
    harness,
    add: (input: number, value: unknown, timestamp: number, key = 'k') =>
      void harness.push(value, { input, key, timestamp }),
    pairs: () => harness.packets.splice(0).map((p) => [p.payload, p.timestamp / 1e6]),
  }
}

describe('intervalJoin', () => {
  it('bounds are included: at -1, 0, +1', () => {
    for (const [at, pairs] of [
      [89, 0],
      [90, 1],
      [91, 1],
      [104, 1],
      [105, 1],
      [106, 0],
    ]) {
      for (const first of [0, 1]) {
        const { add, harness } = join(10, 5)
        for (const input of [first, 1 - first]) add(input, input, input === 0 ? 100 : at)
        expect(harness.output).toEqual(pairs === 1 ? [[0, 1]] : [])
      }
    }
  })

  it('a pair has the later timestamp; keys do not mix', () => {
    const { add, pairs } = join(10, 10)
    add(0, 'l', 20, 'a')
    add(1, 'other', 20, 'b')
    add(1, 'r', 15, 'a')
    add(1, 'R', 25, 'a')
    expect(pairs()).toEqual([
      [['l', 'r'], 20],
      [['l', 'R'], 25],
    ])
  })

  it('a record behind the watermark is late, counted and reachable', () => {
    const { add, pairs, harness } = join(10, 10)
    add(0, 'l', 20)
    harness.advanceWatermark(18)
    add(1, 'late', 17)
    add(1, 'r', 18)
    expect(pairs()).toEqual([[['l', 'r'], 20]])
    expect(harness.dropped).toBe(1)
    expect(harness.sideOutput(late)).toEqual(['late'])
  })

  it('lets records go when no partner can follow', () => {
    const { add, harness } = join(10, 5)
    const store = harness.keyed.store
    add(0, 'l', 20)
    add(1, 'r', 12, 'r')
    harness.advanceWatermark(22)
    expect(store.size).toBe(2)
    harness.advanceWatermark(23)
    expect(store.size).toBe(1)
    harness.advanceWatermark(25)
    expect(store.size).toBe(1)
    harness.advanceWatermark(26)
    expect(store.size).toBe(0)
  })

  it('finds exactly the pairs that are close, whatever the order', () => {
    const record = fc.record({ input: fc.nat(1), at: fc.nat(40), key: fc.constantFrom('a', 'b') })
    const bound = fc.oneof(fc.nat(10), fc.constant(Number.POSITIVE_INFINITY))
    const script = fc.array(fc.tuple(record, fc.boolean()), { maxLength: 40 })
    fc.assert(
      fc.property(script, bound, bound, fc.boolean(), (script, before, after, pressed) => {
        const harness = operatorHarness(intervalJoinFactory(before, after), { pressed })
        const seen: { input: number; at: number; key: string; id: number }[] = []
        const expected: unknown[] = []
        let watermark = Number.NEGATIVE_INFINITY
        let dropped = 0
        for (const [id, [{ input, at, key }, told]] of script.entries()) {
          harness.push(id, { input, key, timestamp: at })
          if (at < watermark) dropped++
          else {
            for (const other of seen) {
              if (other.key !== key || other.input === input) continue
              const [left, right] = input === 0 ? [{ at, id }, other] : [other, { at, id }]
              if (right.at < left.at - before || right.at > left.at + after) continue
              expected.push([left.id, right.id])
            }
            seen.push({ input, at, key, id })
          }
          if (told) {
            watermark = Math.max(watermark, at)
            harness.advanceWatermark(watermark)
          }
        }
        const inOrder = (pairs: any[]) => pairs.toSorted(([a, b], [c, d]) => a - c || b - d)
        expect(inOrder(harness.output)).toEqual(inOrder(expected))
        expect(harness.dropped).toBe(dropped)
      }),
    )
  })
})
