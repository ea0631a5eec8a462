/**
 * Nexmark: recorded events, decoded once and replayed from memory, each round with higher ids and later times.
 *
 * ```
 *   2 x [source ─ …] ──> 2 x [… ─ rows]      each query, by CPU time: the subject; beside recorded figures of JVM engines
 *   [source ─ … ─ rows]                      some of them fused on one thread, beside a hand-written loop on that replay
 *   2 x [file ─ JSON]                        JSON lines end to end, beside JSON.parse in a loop on one thread
 *   push ──> [q5, 20 ms slide] ──> output    latency at half load
 * ```
 *
 * `NEXMARK_INPUT` names the recording (JSON lines, `.gz` or not). Without it, it is a small one of 2,000 events, whose
 * figures say little beside those of the JVM engines: these ran on the reference recording of 100,000.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type BenchResult,
  type Contender,
  expectSum,
  latencyAt,
  loadContender,
  measure,
  measureLatency,
  measureThroughput,
  perSecond,
  type Sample,
  timed,
} from 'sage-stream/bench'
import type { RecordedLine } from './nexmark/events.ts'
import { hotItemsSoon, type TimedBid } from './nexmark/hot-items-job.ts'
import { bidsInFiles } from './nexmark/json-lines-job.ts'
import { loops } from './nexmark/loops/index.ts'
import { runLoop } from './nexmark/loops/run-loop.ts'
import { SMALL_RECORDING } from './nexmark/options.ts'
import { queries } from './nexmark/queries.ts'
import { type Recording, readRecording, readUnpacked } from './nexmark/recording.ts'
import { JVM } from './nexmark/reference.ts'
import { runReplay } from './nexmark/run.ts'

export const title = 'Nexmark: recorded events replayed from memory'
export const targets =
  'by CPU time every query >= 5x Flink SQL and ahead of the best JVM figure; fused >= 0.5x the loop; ' +
  'JSON lines >= 1.4x the loop; p99 < 25 ms'

/** How long each run replays, and how often each is run. */
export interface Effort {
  readonly seconds: number
  readonly warmup: number
  readonly rounds: number
}

/** Runs the tables. */
export async function run(): Promise<BenchResult[]> {
  const file = process.env.NEXMARK_INPUT ?? SMALL_RECORDING
  const effort = { seconds: 2, warmup: 1, rounds: 3 }
  const recording = readRecording(file)
  return [
    ...(await byCpuTime(recording, Object.keys(queries), effort)),
    ...(await besideLoops(recording, Object.keys(loops), effort)),
    ...(await jsonLines(file, effort)),
    ...(await latencyAtHalfLoad()),
  ]
}

/** Events per CPU-second at parallelism 2: a table for each query. */
export async function byCpuTime(
  recording: Recording,
  names: readonly string[],
  effort: Effort,
): Promise<BenchResult[]> {
  const results: BenchResult[] = []
  for (const name of names) {
    const { flinkSql, flinkDataStream, jet } = JVM[name] ?? {}
    results.push(
      ...(await measure({
        bench: `${name}, parallelism 2, by CPU time`,
        unit: perSecond('events'),
        contenders: [
          queryByCpuTime(name, recording, effort),
          ...recorded('Flink SQL', flinkSql),
          ...recorded('Flink DataStream', flinkDataStream),
          ...recorded('Hazelcast Jet', jet),
        ],
        rounds: effort.rounds,
        // Each run has a warm-up of its own.
        warmup: 0,
      })),
    )
  }
  return results
}

function queryByCpuTime(name: string, recording: Recording, effort: Effort): Contender {
  return {
    name,
    run: async () => {
      const options = { parallelism: 2, mode: 'threads' } as const
      const { events, eventsPerCpuSecond } = await runReplay(name, recording, options, effort)
      return { operations: events, ms: (events / eventsPerCpuSecond) * 1000 }
    },
  }
}

/** A figure of a table; see {@link JVM}. */
function recorded(engine: string, thousands: number | undefined): Contender[] {
  if (thousands === undefined) return []
  const run = () => ({ operations: thousands, ms: 1 })
  return [{ name: `${engine} (recorded)`, run }]
}

/** Events a second of queries fused on one thread, beside loops. */
export async function besideLoops(
  recording: Recording,
  names: readonly string[],
  effort: Effort,
): Promise<BenchResult[]> {
  const results: BenchResult[] = []
  for (const name of names) {
    const ofReplay = ({ events, seconds }: { events: number; seconds: number }): Sample => ({
      operations: events,
      ms: seconds * 1000,
    })
    const options = { parallelism: 1, mode: 'threads' } as const
    results.push(
      ...(await measure({
        bench: `${name}, parallelism 1`,
        unit: perSecond('events'),
        contenders: [
          {
            name,
            run: async () => ofReplay(await runReplay(name, recording, options, effort)),
          },
          {
            name: 'hand-written loop',
            run: () => ofReplay(runLoop(loops[name], recording, effort)),
          },
        ],
        rounds: effort.rounds,
        warmup: 0,
      })),
    )
  }
  return results
}

/** Events a second from a file of JSON lines to the bids in it. */
export async function jsonLines(
  input: string,
  { rounds }: Pick<Effort, 'rounds'>,
): Promise<BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nexmark-'))
  const file = join(folder, 'events.jsonl')
  try {
    writeFileSync(file, unpacked(input))
    const { events, bids } = countInALoop(file)
    const options = { unit: perSecond('events'), rounds, warmup: 1 }
    return await measure({
      bench: `${events.toLocaleString('en')} events in JSON lines, end to end`,
      ...options,
      contenders: [
        { name: 'a file on two threads', run: () => countInAJob(file, events) },
        {
          name: 'JSON.parse in a loop, one thread',
          run: () => timed(events, () => countInALoop(file).bids),
        },
      ].map((contender) => ({ ...contender, check: expectSum(bids) })),
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** So often that it takes a second to read: by then a job's threads have compiled what they run. */
function unpacked(input: string): Buffer {
  const lines = readUnpacked(input)
  const copies = Math.max(1, Math.ceil((256 * 2 ** 20) / lines.length))
  return Buffer.concat(Array.from({ length: copies }, () => lines))
}

async function countInAJob(file: string, events: number): Promise<Sample> {
  const job = await bidsInFiles.submit(file, { parallelism: 2, maxThreads: 2 })
  return timed(events, async () => {
    const { operators } = await job.finished
    return operators.find(({ name }) => name === 'bids')?.recordsIn
  })
}

function countInALoop(file: string): { events: number; bids: number } {
  const bytes = readFileSync(file)
  let events = 0
  let bids = 0
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(10, start)
    const line = bytes.toString('utf8', start, end < 0 ? bytes.length : end)
    start = end < 0 ? bytes.length : end + 1
    events++
    if ('Bid' in (JSON.parse(line) as RecordedLine)) bids++
  }
  return { events, bids }
}

/** Auctions that the load bids for. */
const AUCTIONS = 1_000

/** From the time that the bid behind a window was scheduled for to that window's result, at half of what the job takes. */
export async function latencyAtHalfLoad(count = 400_000, seconds = 10): Promise<BenchResult[]> {
  const config = { parallelism: 2, maxThreads: 2 }
  const full = await measureThroughput(hotItemsSoon, {
    config,
    push: { count, record: bidAt(100_000) },
    rounds: 3,
  })
  const rate = Math.round(full.value / 2)
  const record = bidAt(rate)
  return measure({
    bench: `q5 every 20 ms at half load, ${rate.toLocaleString('en')} bids/s`,
    unit: [latencyAt('p50'), latencyAt('p99'), latencyAt('p99.9'), latencyAt('p99.99')],
    contenders: [
      loadContender('hot items', () =>
        measureLatency(hotItemsSoon, {
          config,
          rate,
          duration: seconds * 1000,
          warmup: '2s',
          record,
          idOf: ({ start }) => {
            // The first bid that is no longer in the window lets it go; the last windows go at the end of the load.
            const bid = Math.ceil(((start + 10_000 - BEGIN) * rate) / 1000)
            return bid < rate * (2 + seconds) ? bid : undefined
          },
        }),
      ),
    ],
    rounds: 1,
    warmup: 0,
  })
}

const BEGIN = 1_436_918_400_000

/** The fractional parts of its multiples are spread evenly. */
const GOLDEN = 0.618033988749895

/** Bid `i` of a load of so many a second. A tenth is for the hottest auction: were all as hot, each window would give all of them. */
const bidAt =
  (rate: number) =>
  (i: number): TimedBid => ({
    auction: Math.floor(AUCTIONS * ((i * GOLDEN) % 1) ** 3),
    date_time: BEGIN + (i * 1000) / rate,
  })
