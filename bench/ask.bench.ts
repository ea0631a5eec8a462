/**
 * A call of one function on another thread, there and back, one worker each.
 *
 * ```
 *   ask ── ring ──> [ map: score ] ── ring ──> asker                        the subject
 *   run ── message port ──> [ score ] ── message port ──> caller            Piscina
 * ```
 *
 * A closed loop: so many callers, each of which asks again when it has its answer. The coordinator of the job, a
 * thread too, sleeps.
 */
import { Piscina } from 'piscina'
import {
  type BenchResult,
  expectSum,
  measure,
  perSecond,
  type Sample,
  type Unit,
} from 'sage-stream/bench'
import { scores } from './ask-job.ts'
import { type Order, orderOf, type Score, score } from './ask-score.ts'

export const title = 'ask: a round trip to another thread'
export const targets = 'beside Piscina: p50 <= 0.5x, throughput >= 3x'

const ROUNDS = 5

/** A run with the latencies of its calls, in ms, sorted. */
interface Load extends Sample {
  readonly sorted: Float64Array
}

type Call = (order: Order) => Promise<Score>

/** Runs the tables. */
export async function run(calls = { alone: 5_000, crowd: 50_000 }): Promise<BenchResult[]> {
  return [...(await compare(1, calls.alone)), ...(await compare(50, calls.crowd))]
}

async function compare(inFlight: number, calls: number): Promise<BenchResult[]> {
  const job = await scores.submit(undefined, { parallelism: 1, maxThreads: 1 })
  const pool = new Piscina({
    filename: new URL('ask-score.ts', import.meta.url).href,
    name: 'score',
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: inFlight,
  })
  const { orders, scored } = job.io
  const ways: Record<string, Call> = {
    ask: (order) => orders.ask(order, { reply: scored, timeout: '1m' }),
    'Piscina run': (order) => pool.run(order),
  }
  try {
    const loads = await loadsOf(ways, inFlight, calls)
    const sum = sumOf(calls)
    const table = (what: string, unit: Unit) =>
      measure({
        bench: `${inFlight} in flight: ${what}`,
        unit,
        rounds: ROUNDS,
        contenders: Object.keys(ways).map((name) => {
          const runs = loads.get(name)!.values()
          return { name, run: () => runs.next().value!, check: expectSum(sum) }
        }),
      })
    return [
      ...(await table('p50', percentile(0.5))),
      ...(await table('p99', percentile(0.99))),
      ...(await table('throughput', perSecond('calls'))),
    ]
  } finally {
    await Promise.all([job.stop(), pool.destroy()])
  }
}

/** One run more than there are rounds, the ways in turn: each table reads off another figure of the same runs. */
async function loadsOf(
  ways: Readonly<Record<string, Call>>,
  inFlight: number,
  calls: number,
): Promise<Map<string, Load[]>> {
  const loads = new Map<string, Load[]>(Object.keys(ways).map((name) => [name, []]))
  for (let round = -1; round < ROUNDS; round++) {
    for (const [name, call] of Object.entries(ways))
      loads.get(name)!.push(await load(call, inFlight, calls))
  }
  return loads
}

async function load(call: Call, inFlight: number, calls: number): Promise<Load> {
  const latencies = new Float64Array(calls)
  let next = 0
  let sum = 0
  const caller = async (): Promise<void> => {
    while (next < calls) {
      const id = next++
      const order = orderOf(id)
      const begin = performance.now()
      const answer = await call(order)
      latencies[id] = performance.now() - begin
      if (answer.id !== id)
        throw new Error(`expected the answer to ${id}, got that to ${answer.id}`)
      sum += answer.score
    }
  }
  const begin = performance.now()
  await Promise.all(Array.from({ length: inFlight }, caller))
  const ms = performance.now() - begin
  return { operations: calls, ms, sum: Math.round(sum), sorted: latencies.sort() }
}

function sumOf(calls: number): number {
  let sum = 0
  for (let id = 0; id < calls; id++) sum += score(orderOf(id)).score
  return Math.round(sum)
}

function percentile(share: number): Unit {
  return {
    text: 'µs',
    better: 'less',
    of: (sample) => {
      const { sorted } = sample as Load
      return sorted[Math.floor(sorted.length * share)] * 1000
    },
  }
}
