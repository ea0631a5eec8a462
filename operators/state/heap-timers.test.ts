import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HeapTimers } from './heap-timers.ts'

/** A queue, and how often each slot is held. */
function queue() {
  const held = new Map<number, number>()
  const change = (slot: number, by: number) => held.set(slot, (held.get(slot) ?? 0) + by)
  const timers = new HeapTimers({
    hold: (slot) => change(slot, 1),
    unhold: (slot) => change(slot, -1),
  })
  return { timers, heldBy: (slot: number) => held.get(slot) ?? 0 }
}

function takeAll(timers: HeapTimers, now: number): [number, number][] {
  const all: [number, number][] = []
  for (let slot = timers.take(now); slot !== -1; slot = timers.take(now)) {
    all.push([slot, timers.firedAt])
    timers.done()
  }
  return all
}

describe('timers on the heap', () => {
  it('fires by time, then by order of registration; one timer a slot and time', () => {
    const { timers } = queue()
    for (const [slot, at] of [
      [1, 30],
      [2, 10],
      [3, 30],
      [1, 10],
      [2, 10],
      [0, -5],
    ])
      timers.register(slot, at)
    expect([timers.size, timers.next]).toEqual([5, -5])
    expect(takeAll(timers, 9)).toEqual([[0, -5]])
    expect(takeAll(timers, 30)).toEqual([
      [2, 10],
      [1, 10],
      [1, 30],
      [3, 30],
    ])
    expect([timers.size, timers.next]).toEqual([0, Number.POSITIVE_INFINITY])
  })

  it('deletes, and says whether there was one', () => {
    const { timers } = queue()
    timers.register(1, 10)
    timers.register(1, 20)
    expect([timers.delete(1, 10), timers.delete(1, 10), timers.delete(2, 20)]).toEqual([
      true,
      false,
      false,
    ])
    expect(takeAll(timers, 100)).toEqual([[1, 20]])
  })

  it('holds the slot of a timer until its call is over', () => {
    const { timers, heldBy } = queue()
    timers.register(7, 10)
    timers.register(7, 20)
    timers.delete(7, 20)
    expect(heldBy(7)).toBe(1)
    timers.take(10)
    expect(heldBy(7)).toBe(1)
    timers.register(7, 10)
    timers.done()
    expect(heldBy(7)).toBe(1)
    timers.delete(7, 10)
    expect(heldBy(7)).toBe(0)
  })

  it('forgets deleted timers when they are many, in whatever order they came', () => {
    const { timers, heldBy } = queue()
    const times = Array.from({ length: 1_000 }, (_, i) => (i % 3 === 0 ? i : 3_000 - i))
    for (const [slot, at] of times.entries()) timers.register(slot, at)
    for (const [slot, at] of times.entries()) if (slot % 100 !== 0) timers.delete(slot, at)
    for (const [slot, at] of times.entries()) if (slot % 2 === 1) timers.register(slot, at)
    const kept = times
      .map((at, slot) => [slot, at])
      .filter(([slot]) => slot % 100 === 0 || slot % 2 === 1)
      .sort((a, b) => a[1] - b[1])
    expect([timers.size, heldBy(1), heldBy(2)]).toEqual([kept.length, 1, 0])
    expect(takeAll(timers, 1e9)).toEqual(kept)
  })

  it('knows what a sorted list knows', () => {
    const step = fc.record({
      what: fc.constantFrom('register', 'register', 'delete', 'take', 'ascending'),
      slot: fc.nat({ max: 5 }),
      at: fc.oneof(
        fc.integer({ min: -4, max: 12 }),
        fc.constantFrom(0.5, 1e15, Number.POSITIVE_INFINITY),
      ),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { timers, heldBy } = queue()
        let model: { slot: number; at: number; n: number }[] = []
        for (const [n, { what, slot, at }] of steps.entries()) {
          const known = model.find((one) => one.slot === slot && one.at === at)
          if (what === 'ascending') {
            timers.register(slot, n)
            if (!model.some((one) => one.slot === slot && one.at === n))
              model.push({ slot, at: n, n })
          } else if (what === 'register') {
            timers.register(slot, at)
            if (known === undefined) model.push({ slot, at, n })
          } else if (what === 'delete') {
            expect(timers.delete(slot, at)).toBe(known !== undefined)
            model = model.filter((one) => one !== known)
          } else {
            const due = model.filter((one) => one.at <= at).sort((a, b) => a.at - b.at || a.n - b.n)
            expect(takeAll(timers, at)).toEqual(due.map((one) => [one.slot, one.at]))
            model = model.filter((one) => !due.includes(one))
          }
          expect(timers.size).toBe(model.length)
          expect(timers.next).toBe(Math.min(...model.map((one) => one.at)))
          expect(heldBy(slot)).toBe(model.filter((one) => one.slot === slot).length)
        }
        const all = [...timers.timers()].map(String).sort()
        expect(all).toEqual(model.map((one) => String([one.slot, one.at])).sort())
      }),
    )
  })
})
