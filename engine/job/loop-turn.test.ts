import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { nextTurn, turnNumber, turnSpent } from './loop-turn.ts'

let now = 0
beforeEach(async () => {
  await nextTurn()
  vi.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => void vi.restoreAllMocks())

/** Calls until the turn is spent, each of which takes so long. */
function callsInTurn(ms: number): number {
  for (let calls = 0; ; calls++) {
    if (turnSpent()) return calls
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
  expect(turnSpent()).toBe(true)
  await Promise.resolve()
  expect(turnSpent()).toBe(true)
})

it('the next turn has its own', async () => {
  const turn = turnNumber()
  callsInTurn(1)
  expect([turnSpent(), turnNumber()]).toEqual([true, turn])
  await nextTurn()
  expect([turnSpent(), turnNumber()]).toEqual([false, turn + 1])
})
