import { beforeEach, expect, it } from 'vitest'
import { expectedOf, killFiled } from './chaos/filed-runs.ts'
import { ownFolder } from './fixtures/own-folder.ts'

let root: string
const seed = Date.now() % 2 ** 31
beforeEach(() => {
  root = ownFolder()
})

// So many records that no job comes to its end before its last kill, also where checkpoints are slow. The last life is not paced.
it.each([
  ['poisoned', 100_000, 10],
  ['connected', 20_000, 1],
  ['loops', 8_000, 10],
] as const)(
  `%s, killed 5 times: every line once (seed ${seed})`,
  async (name, count, pace) => {
    const { kills, lines } = await killFiled({ root, seed }, { name, count, pace, kills: 5 })
    expect(kills).toBe(5)
    const expected = expectedOf[name](count)
    expect(Object.keys(lines).sort()).toEqual(Object.keys(expected))
    for (const [folder, own] of Object.entries(expected)) {
      // Names the first few that differ: the lists are long.
      const there = new Set(lines[folder])
      const missing = own.filter((line) => !there.has(line))
      expect([folder, missing.slice(0, 5), lines[folder].length]).toEqual([folder, [], own.length])
    }
    if (name === 'poisoned') expect(lines.letters).toHaveLength(100)
  },
  120_000,
)
