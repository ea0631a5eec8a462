import { expect, test } from 'vitest'
import { nodeBinaries, probe } from './versions.ts'

// Other versions than the one that runs the tests are probed where they are at hand: see versions.ts.
const [own, ...others] = nodeBinaries()

test('the probe passes on this version of Node', async () => {
  const { version, gave } = await probe(own)
  expect(version).toBe(process.version)
  expect(gave.length).toBe(7)
  // Threads and inline mode in turn.
  for (let job = 0; job < 6; job += 2) expect(gave[job]).toBe(gave[job + 1])
})

test.skipIf(others.length === 0)('all versions at hand give the same', async () => {
  const expected = await probe(own)
  for (const binary of others) expect((await probe(binary)).gave).toEqual(expected.gave)
})
