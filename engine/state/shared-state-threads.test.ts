import { expect, it } from 'vitest'
import { forbiddenOf, stressState } from './shared-state.stress.ts'

it.each([
  { what: 'two threads', threads: 2, calls: 20_000, victims: 0 },
  { what: 'four threads', threads: 4, calls: 5_000, victims: 0 },
  { what: 'tickets at a wrap at 2^31', threads: 2, calls: 5_000, issued: 2 ** 31 - 500 },
  { what: 'tickets at a wrap at 2^32', threads: 3, calls: 3_000, issued: -500 },
  { what: 'threads that are ended', threads: 2, calls: 20_000, victims: 5 },
])('$what see only what is allowed', async ({ what: _, ...options }) => {
  const seen = await stressState({ ...options, seed: 0x5a6e })
  expect(forbiddenOf(seen)).toEqual([])
  expect(seen['greater sum']).toBeGreaterThan(0)
  expect(seen['number taken']).toBeGreaterThan(0)
})
