/**
 * Records that are pushed at a fixed rate, from the time that each was scheduled for to its result on the main
 * thread, beside a worker that echoes them by postMessage.
 *
 * ```
 *   push ──> [by user] ──> [by symbol] ──> output      two workers, three exchanges: the subject
 *   the same on one thread                             what fits beside a sender that takes one core of two
 *   push ──> [map] ──> output                          one worker, as many crossings as the echo
 *   postMessage ──> worker ──> postMessage
 * ```
 */
import type { EnvironmentConfig } from 'sage-stream'
import {
  type BenchResult,
  type Contender,
  expectSum,
  jobLatency,
  type LoadOptions,
  latencyAt,
  loadContender,
  measure,
  openLoop,
} from 'sage-stream/bench'
import { echoTarget } from './echo-target.ts'
import { makeOrder, type Order, oneWorker, twoHops } from './hops-job.ts'

export const title = 'push to output under a fixed load, from the scheduled time'
export const targets = 'p50 below the echo; p99 < 1 ms at 100 k/s'

const RATES = [1_000, 10_000, 100_000]

/** Runs the tables. Every record must come back. */
export async function run(): Promise<BenchResult[]> {
  const results: BenchResult[] = []
  for (const rate of RATES) {
    results.push(...(await atRate({ rate, duration: '2s', warmup: '1s', record: makeOrder })))
  }
  return results
}

/** The table of one load. */
export function atRate(load: LoadOptions<Order, Order>, rounds = 3): Promise<BenchResult[]> {
  return measure({
    bench: `${load.rate.toLocaleString('en')} records/s`,
    unit: [latencyAt('p50'), latencyAt('p99'), latencyAt('p99.9')],
    contenders: [
      ofJob('push, two hops, output', twoHops, { parallelism: 2, maxThreads: 2 }, load),
      ofJob('the same, one thread', twoHops, { parallelism: 2, maxThreads: 1 }, load),
      ofJob('push, one worker, output', oneWorker, { parallelism: 1, maxThreads: 1 }, load),
      { ...loadContender('postMessage echo', () => loadEcho(load)), check: expectSum(0) },
    ],
    rounds,
    // Each run has a warm-up of its own.
    warmup: 0,
  })
}

function ofJob(
  name: string,
  job: typeof twoHops,
  config: EnvironmentConfig,
  load: LoadOptions<Order, Order>,
): Contender {
  return { ...jobLatency(job, { ...load, name, config }), check: expectSum(0) }
}

async function loadEcho(load: LoadOptions<Order, Order>) {
  const echo = await echoTarget<Order>()
  try {
    return await openLoop(echo, { ...load, name: 'postMessage echo' })
  } finally {
    await echo.terminate()
  }
}
