import { expect, it } from 'vitest'
import { forbiddenOf, stressState } from './shared-state.stress.ts'

it.each([
  { what: 'two threads', threads: 2, calls: 20_000, victims: 0 },
  { what: 'four threads', threads: 4, calls: 5_000, victims: 0 },
  { what: 'threads that are ended', threads: 2, calls: 20_000, victims: 5 },
])('$what see only what is allowed', async ({ threads, calls, victims }) => {
  const seen = await stressState({ threads, calls, seed: 0x5a6e, victims })
  expect(forbiddenOf(seen)).toEqual([])
  expect(seen['greater sum']).toBeGreaterThan(0)
  expect(seen['number taken']).toBeGreaterThan(0)
})
