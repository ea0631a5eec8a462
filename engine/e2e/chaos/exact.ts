import { expect } from 'vitest'

/** What a ledger's report must say: nothing is wrong. */
export const exact = (records: number) => ({
  records,
  lost: 0,
  doubled: 0,
  wrong: 0,
  disordered: 0,
  windows: expect.any(Number),
  windowsLost: 0,
  windowsDoubled: 0,
  windowsWrong: 0,
  leftovers: 0,
})
