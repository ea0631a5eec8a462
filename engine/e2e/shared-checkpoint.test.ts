import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EnvironmentConfig } from '../index.ts'
import { expectedOf, remembered, tallied } from './fixtures/shared-checkpoint-job.ts'

let dir: string
let burnt: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sage-shared-'))
  burnt = mkdtempSync(join(tmpdir(), 'sage-fuse-'))
})
afterEach(() => {
  for (const one of [dir, burnt]) rmSync(one, { recursive: true, force: true })
})

const NEVER = Number.POSITIVE_INFINITY
const silent = { debug() {}, info() {}, warning() {}, error() {} }
const modes: [string, EnvironmentConfig][] = [
  ['inline', { mode: 'inline' }],
  ['threads', { maxThreads: 2 }],
]

describe.each(modes)('stores of all threads, %s', (_, settings) => {
  const config = (parallelism: number, more: object = {}): EnvironmentConfig => ({
    ...settings,
    parallelism,
    logger: silent,
    restart: { fixedDelay: { delay: 0, attempts: 10 } },
    checkpoint: { dir, interval: NEVER, ...more },
  })

  it('after failures every record is counted once', async () => {
    const count = 700
    const fuse = { dir: burnt, times: 5, crash: 'throw' } as const
    const { outputs } = await tallied.run({ count, dir, fuse }, config(2, { interval: 3 }))
    expect(outputs.left).toEqual([expectedOf(count)])
    expect(readdirSync(burnt)).toHaveLength(5)
  })

  it('jobs that crash go on from the checkpoints of those before, at any parallelism', async () => {
    const count = 700
    const fuse = { dir: burnt, crash: 'throw' } as const
    for (const [i, parallelism] of [2, 3, 1].entries()) {
      const run = tallied.run({ count, dir, fuse: { ...fuse, times: i + 1 } }, {
        ...config(parallelism, { interval: 3 }),
        restart: 'none',
      } as EnvironmentConfig)
      await expect(run).rejects.toThrow('the crash of the test')
    }
    const { outputs } = await tallied.run({ count, dir, fuse: { ...fuse, times: 0 } }, config(2))
    expect(outputs.left).toEqual([expectedOf(count)])
  })

  it("begin empty with resume: 'never', full with a savepoint", async () => {
    const first = await remembered.submit(undefined, config(2))
    await first.io.words.pushMany(['a', 'b', 'a'])
    await first.stop({ savepoint: join(dir, 'savepoint') })
    const life = async (more: object) => {
      const job = await remembered.submit(undefined, config(3, more))
      await job.io.words.push('a')
      job.io.words.end()
      const counts = await job.io.counts.toArray()
      await job.finished
      return counts
    }
    expect(await life({ resume: join(dir, 'savepoint') })).toEqual([['a', 3]])
    expect(await life({ resume: 'never' })).toEqual([['a', 1]])
    // The newest of the directory is the one of the life before.
    expect(await life({})).toEqual([['a', 2]])
  })

  it('the first use falls into a checkpoint: it is taken anew, and holds it', async () => {
    for (let i = 0; i < 5; i++) {
      const own = join(dir, String(i))
      const job = await remembered.submit(undefined, config(2, { dir: own }))
      const pushed = job.io.words.pushMany(Array.from({ length: 50 }, () => 'a'))
      const [info] = await Promise.all([job.checkpoint(), pushed])
      await job.cancel()
      const again = await remembered.submit(undefined, config(1, { dir: own }))
      await again.io.words.push('a')
      again.io.words.end()
      // What was pushed when the checkpoint was asked for is in it, and in no other place.
      const counts = await again.io.counts.toArray()
      expect([info.id, counts]).toEqual([expect.any(Number), [['a', 51]]])
      await again.finished
    }
  })
})

const script = fileURLToPath(new URL('./fixtures/shared-checkpoint-script.ts', import.meta.url))

/** Runs the job in a process of its own, which is killed behind so many checkpoints. */
function kill(count: number, parallelism: number, checkpoints: number): Promise<unknown> {
  const args = ['--conditions=source', script, dir, `${count}`, `${parallelism}`]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let seen = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    seen += text.split('\n').filter((line) => line.startsWith('checkpoint')).length
    if (seen >= checkpoints) child.kill('SIGKILL')
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (_, signal) => resolve(signal))
  })
}

it('kill -9: every record is counted once', async () => {
  const count = 4_000
  for (const [parallelism, checkpoints] of [
    [2, 3],
    [3, 1],
    [1, 2],
  ])
    expect(await kill(count, parallelism, checkpoints)).toBe('SIGKILL')
  const fuse = { dir: burnt, times: 0, crash: 'throw' } as const
  const { outputs } = await tallied.run(
    { count, dir, fuse },
    { maxThreads: 2, parallelism: 2, checkpoint: { dir, interval: 50 } },
  )
  expect(outputs.left).toEqual([expectedOf(count)])
}, 60_000)
