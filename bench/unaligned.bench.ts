/**
 * How long a checkpoint takes under backpressure: a source that could give hundreds of thousands of records a second, before an end that
 * takes a thousand. Aligned, it waits until all that lies between them has been worked on; unaligned, it holds that.
 *
 * ```
 *   2 x [numbers] ──> 2 x [slow] ──> [sum] ──> output
 * ```
 *
 * After each checkpoint the job is cancelled, and a fast one goes on from it to its end: the sum is that of all numbers, once each.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EnvironmentConfig } from 'sage-stream'
import { type BenchResult, measure, type Sample } from 'sage-stream/bench'
import { slowEnd } from './unaligned-job.ts'

export const title = 'checkpoints under backpressure'
export const targets = 'slow sink (1,000/s against 500 k/s): unaligned completes < 1 s'

/** Runs the table. */
export function run(): Promise<BenchResult[]> {
  return ofRing(64 * 1024)
}

/** Checkpoints of a job with rings of so many bytes: what lies in them is what an aligned one waits for. */
export function ofRing(ringBytes: number, rounds = 3, count = 500_000): Promise<BenchResult[]> {
  return measure({
    bench: `slow end, rings of ${ringBytes / 1024} KiB`,
    unit: { text: 'ms', better: 'less', of: ({ ms }) => ms },
    contenders: (['unaligned', 'aligned'] as const).map((mode) => ({
      name: mode,
      run: () => takeOne(mode, ringBytes, count),
    })),
    rounds,
    warmup: 0,
  })
}

/** Takes one checkpoint of a job whose rings are full, and checks what a job makes of it that goes on from there. */
async function takeOne(
  mode: 'aligned' | 'unaligned',
  ringBytes: number,
  count: number,
): Promise<Sample> {
  const dir = mkdtempSync(join(tmpdir(), 'sage-bench-'))
  try {
    const config: EnvironmentConfig = {
      parallelism: 2,
      maxThreads: 2,
      memory: { ringBytes },
      checkpoint: { dir, interval: '1h', mode },
      restart: 'none',
    }
    const job = await slowEnd.submit({ count, ms: 1 }, config)
    const reading = job.io.sum.toArray()
    const held = () =>
      job.metrics().some(({ subtasks }) => subtasks.some((one) => one.backpressuredMs > 0))
    while (!held()) await sleep(10)
    const { durationMs } = await job.checkpoint()
    await job.cancel()
    await reading
    const { outputs } = await slowEnd.run({ count, ms: 0 }, config)
    const [sum] = outputs.sum
    const expected = (count * (count - 1)) / 2
    if (sum !== expected) throw new Error(`expected the sum ${expected}, got ${sum}`)
    return { operations: 1, ms: durationMs }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
