/**
 * What checkpoints cost a running job, and how quickly one starts from them.
 *
 * ```
 *   2 x [replayed events ─ …] ──> 2 x [… ─ rows]      Nexmark, with a checkpoint each second beside none
 *   ask ──> 2 x [profiles by user] ──> output         state of 100 MB and of 1 GB, of which 1 % changes between checkpoints
 * ```
 *
 * `NEXMARK_INPUT` names the recording, as for the bench `nexmark`. Checkpoints lie in the system's folder for temporary files.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EnvironmentConfig, JobHandle } from 'sage-stream'
import {
  type BenchResult,
  type Contender,
  measure,
  perSecond,
  type Sample,
  type Unit,
} from 'sage-stream/bench'
import { profiles } from './checkpoint-job.ts'
import { SMALL_RECORDING } from './nexmark/options.ts'
import { type Recording, readRecording } from './nexmark/recording.ts'
import { type RunOptions, runReplay } from './nexmark/run.ts'

export const title = 'checkpoints of running jobs'
export const targets =
  'a checkpoint each second >= 0.95x the throughput without; pause and bytes follow what changed: 1 % of 1 GB in <= 3 % of ' +
  'its bytes; recovery of 100 MB <= 2 s, of 1 GB <= 9 s'

/** Runs all tables. */
export async function run(): Promise<BenchResult[]> {
  const recording = readRecording(process.env.NEXMARK_INPUT ?? SMALL_RECORDING)
  return [
    ...(await eachSecond(recording, ['q5', 'q8', 'q18'])),
    ...(await ofState(100_000)),
    ...(await ofState(1_000_000)),
  ]
}

/** Events a second by the clock, with checkpoints and without. */
export async function eachSecond(
  recording: Recording,
  queries: readonly string[],
  { seconds = 5, rounds = 5 } = {},
): Promise<BenchResult[]> {
  const results: BenchResult[] = []
  for (const query of queries) {
    const rate = async (options: RunOptions): Promise<Sample> => {
      const { events, seconds: took } = await runReplay(query, recording, options, {
        seconds,
        warmup: 2,
      })
      return { operations: events, ms: took * 1000 }
    }
    const options = { parallelism: 2, mode: 'threads' } as const
    results.push(
      ...(await measure({
        bench: `${query}, parallelism 2`,
        unit: perSecond('events'),
        contenders: [
          {
            name: 'a checkpoint each second',
            run: () =>
              inDirectory((dir) => rate({ ...options, checkpoint: { dir, interval: '1s' } })),
          },
          { name: 'none', run: () => rate(options) },
        ],
        rounds,
        warmup: 0,
      })),
    )
  }
  return results
}

/** What one checkpoint took, wrote and held up. */
interface Taken {
  readonly ms: number
  readonly bytes: number
  readonly pauseMs: number
}

/** A figure of a checkpoint. */
const unit = (name: string, text: string, of: (taken: Taken) => number): Unit => ({
  name,
  text,
  better: 'less',
  of: ({ sum }) => of(sum as Taken),
})

/** Checkpoints of so many users' profiles, and starts from them. About 1,000 bytes a user. */
export async function ofState(users: number, rounds = 5): Promise<BenchResult[]> {
  return inDirectory(async (dir) => {
    const name = `${(users / 1000).toLocaleString('en')} MB of state`
    const subject = await Profiles.start(users, dir)
    const taken: BenchResult[] = []
    try {
      await subject.filled()
      const full = await subject.checkpoint()
      const contenders: Contender[] = [
        { name: '1 % has changed', run: async () => sampled(await subject.checkpointOfChanges()) },
        { name: 'the first, all of it', run: () => sampled(full) },
      ]
      const units = [
        unit('time', 'ms', ({ ms }) => ms),
        unit('written', 'MB', ({ bytes }) => bytes / 1e6),
        unit('longest wait of an ask', 'ms', ({ pauseMs }) => pauseMs),
      ]
      taken.push(
        ...(await measure({ bench: `checkpoint, ${name}`, unit: units, contenders, rounds })),
      )
    } finally {
      await subject.cancel()
    }
    return [...taken, ...(await recovery(name, users, dir, rounds))]
  })
}

const sampled = (taken: Taken): Sample => ({ operations: 1, ms: taken.ms, sum: taken })

function recovery(name: string, users: number, dir: string, rounds: number) {
  const started = async (count: number, from: string): Promise<Sample> => {
    const begun = performance.now()
    const subject = await Profiles.start(count, from)
    const ms = performance.now() - begun
    await subject.cancel()
    return { operations: 1, ms }
  }
  return measure({
    bench: `start to first answer, ${name}`,
    unit: { text: 'ms', better: 'less', of: ({ ms }) => ms },
    contenders: [
      { name: 'from its checkpoint', run: () => started(users, dir) },
      { name: 'a job without state', run: () => inDirectory((empty) => started(1, empty)) },
    ],
    rounds,
  })
}

/** A job that keeps users' profiles. */
class Profiles {
  readonly #job: JobHandle<any>
  readonly #users: number
  #turn = 0

  private constructor(job: JobHandle<any>, users: number) {
    this.#job = job
    this.#users = users
  }

  /** Starts the job, from the newest checkpoint in `dir` if there is one, and waits for its first answer. */
  static async start(users: number, dir: string): Promise<Profiles> {
    const config: EnvironmentConfig = {
      parallelism: 2,
      maxThreads: 2,
      memory: { workerHeapMb: 8192 },
      checkpoint: { dir, interval: '1h' },
      restart: 'none',
    }
    const job = await profiles.submit(users, config)
    const subject = new Profiles(job, users)
    await subject.#visit()
    return subject
  }

  /** All users have been counted. */
  async filled(): Promise<void> {
    const counted = () => this.#job.metrics().find(({ name }) => name === 'count')!.recordsIn
    while (counted() < this.#users) await sleep(20)
  }

  cancel(): Promise<unknown> {
    return this.#job.cancel()
  }

  /** Takes a checkpoint, while one ask after the other is sent. */
  async checkpoint(): Promise<Taken> {
    let over = false
    const done = this.#job.checkpoint().finally(() => {
      over = true
    })
    let pauseMs = 0
    while (!over) {
      const asked = performance.now()
      await this.#visit()
      pauseMs = Math.max(pauseMs, performance.now() - asked)
    }
    const { bytes, durationMs } = await done
    return { ms: durationMs, bytes, pauseMs }
  }

  /** One user in a hundred is visited, others than the last time; then a checkpoint. */
  async checkpointOfChanges(): Promise<Taken> {
    const turn = this.#turn++
    const changed = Array.from({ length: this.#users / 100 }, (_, i) => ({
      user: (i * 100 + turn) % this.#users,
      told: false,
    }))
    await this.#job.io.visits.pushMany(changed)
    await this.#visit()
    return this.checkpoint()
  }

  async #visit(): Promise<void> {
    const { visits, counts } = this.#job.io
    await visits.ask({ user: this.#users - 1, told: true }, { reply: counts, timeout: '5m' })
  }
}

async function inDirectory<T>(body: (dir: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'sage-bench-'))
  try {
    return await body(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
