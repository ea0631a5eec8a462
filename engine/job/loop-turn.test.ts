import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { thisLoop } from './loop-turn.ts'

let now = 0
beforeEach(async () => {
  await thisLoop.machine.turn()
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => void vi.restoreAllMocks())

/** Calls until the turn is spent, each of which takes so long. */
function callsInTurn(ms: number): number {
  for (let calls = 0; ; calls++) {
    if (thisLoop.spent()) return calls
    now += ms
  }
}

it.each([
  ['slow', 5, 1, 1],
  ['neither quick nor slow', 0.5, 4, 4],
  ['quick', 0.001, 2_000, 2_008],
])('calls that are %s share 2 ms', async (_, ms, least, most) => {
  const calls = callsInTurn(ms)
  expect(calls).toBeGreaterThanOrEqual(least)
  expect(calls).toBeLessThanOrEqual(most)
  expect(thisLoop.spent()).toBe(true)
  await Promise.resolve()
  expect(thisLoop.spent()).toBe(true)
})

it('the next turn has its own', async () => {
  const turn = thisLoop.number
  callsInTurn(1)
  expect([thisLoop.spent(), thisLoop.number]).toEqual([true, turn])
  await thisLoop.machine.turn()
  expect([thisLoop.spent(), thisLoop.number]).toEqual([false, turn + 1])
})
