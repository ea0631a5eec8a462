import { setTimeout as sleep } from 'node:timers/promises'
import type { CheckpointConfig, EnvironmentConfig, JobHandle } from 'sage-stream'
import { queryRate, queryRows } from './job.ts'
import { fingerprint, type Outcome } from './outcome.ts'
import { queries } from './queries.ts'
import type { Query } from './query.ts'
import type { Recording } from './recording.ts'

/** How a query is run. */
export interface RunOptions {
  readonly parallelism: number
  readonly mode: 'threads' | 'inline'
  /** Default: none are taken. */
  readonly checkpoint?: CheckpointConfig
}

/** What a query came to on a recording, gone through once. */
export interface QueryResult {
  readonly rows: number
  /** Null for a query whose rows differ from run to run. */
  readonly md5: string | null
  /** The sum that is compared in its place. */
  readonly total: number | null
}

/** How fast a query ran. */
export interface QueryRate {
  readonly events: number
  readonly seconds: number
  readonly eventsPerSecond: number
  /** By the CPU time of the whole process, garbage collection and compilation included. */
  readonly eventsPerCpuSecond: number
  /** The most memory that the process held at a time. */
  readonly peakRssMb: number
}

/** How long a replay runs, in seconds, and how long before it is measured. */
export interface ReplayTime {
  readonly seconds: number
  readonly warmup: number
}

/** Runs a query over the recording once; its result, and how fast that was, from a cold start. */
export async function runOnce(
  name: string,
  recording: Recording,
  options: RunOptions,
): Promise<QueryResult & QueryRate> {
  const job = await queryRows.submit(paramsOf(name, recording, options, 1), configOf(options))
  const stopwatch = new Stopwatch()
  try {
    const [records] = await Promise.all([job.io.rows.toArray(), job.finished])
    return { ...resultOf(queries[name], records), ...stopwatch.rate(recording.events) }
  } finally {
    await dispose(job)
  }
}

/** Runs a query over the recording again and again; how fast it was behind the warm-up. */
export async function runReplay(
  name: string,
  recording: Recording,
  options: RunOptions,
  { seconds, warmup }: ReplayTime,
): Promise<QueryRate> {
  const job = await queryRate.submit(
    paramsOf(name, recording, options, Infinity),
    configOf(options),
  )
  try {
    // The job never ends by itself: if it does, it has failed.
    const failed = job.finished.then(() => {})
    while (eventsRead(job) === 0) await Promise.race([sleep(1), failed])
    await Promise.race([sleep(warmup * 1000), failed])
    const before = eventsRead(job)
    const stopwatch = new Stopwatch()
    await Promise.race([sleep(seconds * 1000), failed])
    return stopwatch.rate(eventsRead(job) - before)
  } finally {
    await dispose(job)
  }
}

const paramsOf = (
  query: string,
  recording: Recording,
  { parallelism }: RunOptions,
  rounds: number,
) => ({ query, recording, partitions: queries[query].ordered ? 1 : parallelism, rounds })

const configOf = ({ parallelism, mode, checkpoint }: RunOptions): EnvironmentConfig => ({
  parallelism,
  mode,
  maxThreads: parallelism,
  // Copies and frozen records are for tests.
  strict: false,
  ...(checkpoint === undefined ? {} : { checkpoint }),
})

/** The result that the records of a query's output come to. */
export function resultOf(query: Query, records: readonly unknown[]): QueryResult {
  const { rowOf, total } = query
  const last = rowOf
    ? [...new Map(records.map((record) => [rowOf(record), record])).values()]
    : records
  if (total !== undefined) {
    return {
      rows: last.length,
      md5: null,
      total: last.reduce<number>((sum, record) => sum + total(record), 0),
    }
  }
  return { ...outcomeOf(query, last), total: null }
}

const outcomeOf = ({ row }: Query, records: readonly unknown[]): Outcome =>
  fingerprint(records.map((record) => row(record).join('|')))

const eventsRead = (job: JobHandle): number => job.metrics()[0].recordsOut

/** A job that failed has told so already. */
const dispose = (job: JobHandle<any>): Promise<unknown> => job.cancel().catch(() => {})

/** Time, CPU time and memory from its making on. */
class Stopwatch {
  readonly #began = performance.now()
  readonly #cpu = process.cpuUsage()
  readonly #timer = setInterval(() => this.#look(), 50)
  #peak = 0

  constructor() {
    this.#look()
  }

  rate(events: number): QueryRate {
    clearInterval(this.#timer)
    this.#look()
    const seconds = (performance.now() - this.#began) / 1000
    const { user, system } = process.cpuUsage(this.#cpu)
    return {
      events,
      seconds,
      eventsPerSecond: events / seconds,
      eventsPerCpuSecond: (events / (user + system)) * 1e6,
      peakRssMb: this.#peak / 2 ** 20,
    }
  }

  #look() {
    this.#peak = Math.max(this.#peak, process.memoryUsage.rss())
  }
}
