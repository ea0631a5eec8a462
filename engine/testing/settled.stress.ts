import assert from 'node:assert/strict'
import fc from 'fast-check'
import { hops } from './fixtures/kit-jobs.ts'
import { settled } from './settled.ts'

/** How long a run of the stress is. */
export interface SettledStress {
  readonly iterations: number
  readonly seed: number
  readonly mode: 'threads' | 'inline'
  /** Subtasks of each keyed hop. Default 3. */
  readonly parallelism?: number
  readonly maxThreads?: number
  /** Bytes that make each record longer. Default 0. */
  readonly pad?: number
}

/**
 * Pushes a random handful to two streams, awaited or not, and asks for `settled`: each time all
 * records that came of them over three exchanges must have reached the reader. Throws at the first
 * that has not.
 */
export async function stressSettled({
  iterations,
  seed,
  mode,
  parallelism = 3,
  maxThreads = 2,
  pad = 0,
}: SettledStress): Promise<void> {
  const bursts = fc.sample(fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 20 }), fc.boolean()), {
    numRuns: iterations,
    seed,
  })
  await using job = await hops.submit({ copies: 2, pad }, { mode, parallelism, maxThreads })
  let seen = 0
  const read = (async () => {
    for await (const _ of job.io.all) seen++
  })()
  let pushed = 0
  for (const [index, [left, right, awaited]] of bursts.entries()) {
    const pushes = [
      job.io.numbers.pushMany(Array(left).fill(index)),
      job.io.other.pushMany(Array(right).fill(index)),
    ]
    if (awaited) await Promise.all(pushes)
    pushed += left + right
    await settled(job)
    assert.equal(seen, pushed * 2, `iteration ${index} of seed ${seed}: records at the reader`)
  }
  await job.stop()
  await read
  assert.equal(seen, pushed * 2, 'records at the end')
}
