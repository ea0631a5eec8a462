import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { EnvironmentConfig } from '../index.ts'
import { settled } from '../testing/index.ts'
import { DISORDER, type Step, searching } from './fixtures/pattern-search-job.ts'

const NEVER = Number.POSITIVE_INFINITY
const KEYS = ['k0', 'k1', 'k2', 'k3', 'k4']

/** Steps of five keys, out of order, but by less than the watermark waits for. */
function makeSteps(count: number): Step[] {
  let seed = 7
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  return Array.from({ length: count }, (_, id) => ({
    key: KEYS[random(KEYS.length)],
    id,
    kind: 'aabbc'[random(5)],
    at: DISORDER + id - random(DISORDER),
  }))
}

const steps = makeSteps(300)

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sage-pattern-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** What is found in one go. */
let expected: string[]
beforeAll(async () => {
  const { outputs } = await searching.run({ steps }, { mode: 'inline', parallelism: 1 })
  expected = outputs.found
  for (const start of ['loop k', 'skipping k', 'quiet k', 'no loop k']) {
    expect(expected.filter((text) => text.startsWith(start)).length).toBeGreaterThan(5)
  }
})

/** By pattern and key the order is kept. */
const byKey = (found: readonly string[]) =>
  Object.groupBy(found, (text) => text.slice(0, text.indexOf(':')).replace(/^no /, ''))

const modes: [string, EnvironmentConfig][] = [
  ['inline', { mode: 'inline' }],
  ['threads', { maxThreads: 2 }],
]

describe.each(modes)('%s', (_, settings) => {
  it.each([
    [40, 1, 3],
    [150, 3, 2],
    [260, 2, 1],
  ])(
    'partial matches move with a savepoint behind %i steps, from %i to %i subtasks',
    async (cut, from, to) => {
      const savepoint = join(dir, 'savepoint')
      const config = (parallelism: number, resume: string): EnvironmentConfig => ({
        ...settings,
        parallelism,
        checkpoint: { dir, interval: NEVER, resume },
      })
      const first = await searching.submit({}, config(from, 'never'))
      const before = first.io.found.toArray()
      await first.io.steps.pushMany(steps.slice(0, cut))
      await settled(first)
      await first.stop({ savepoint })
      const second = await searching.submit({}, config(to, savepoint))
      const after = second.io.found.toArray()
      await second.io.steps.pushMany(steps.slice(cut))
      second.io.steps.end()
      expect(byKey([...(await before), ...(await after)])).toEqual(byKey(expected))
      await second.finished
    },
  )

  it('a crash behind a checkpoint in the middle: the same matches as without', async () => {
    const match = expected[Math.floor(expected.length * 0.75)]
    const burnt = mkdtempSync(join(dir, 'fuse-'))
    const job = await searching.submit(
      { fuse: { match, fuse: { dir: burnt, times: 2, crash: 'throw' } } },
      {
        ...settings,
        parallelism: 2,
        restart: { fixedDelay: { delay: 0, attempts: 5 } },
        checkpoint: { dir: join(dir, 'checkpoints'), interval: NEVER },
        logger: { debug() {}, info() {}, warning() {}, error() {} },
      },
    )
    const found = job.io.found.toArray()
    await job.io.steps.pushMany(steps.slice(0, 120))
    await settled(job)
    await job.checkpoint()
    await job.io.steps.pushMany(steps.slice(120))
    job.io.steps.end()
    // An output may tell again what it told before the crash.
    expect([...new Set(await found)].sort()).toEqual(expected.toSorted())
    expect((await job.finished).restarts).toBe(2)
  })
})
