/**
 * What the engine does to the event loop of a server: a `node:http` server under an open load of so many requests a
 * second, which scores orders by itself, by `ask`, or by itself while every request pushes 20 records whose results are read.
 *
 * ```
 *   autocannon ── HTTP ──> server: its event loop is watched ── ring ──> worker ── ring ──> server
 * ```
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import autocannon from 'autocannon'
import { type BenchResult, measure, type Sample, type Unit } from 'sage-stream/bench'
import { orderOf } from './ask-score.ts'

export const title = 'event-loop delay of a loaded HTTP server'
export const targets = 'p99 with the engine beside the same server without it'

/** How the server comes to its answers. */
export type Way = 'without' | 'ask' | 'push'

/** What the server saw: delays of its event loop in ms, of which about 1 is the watch itself. */
export interface Seen {
  readonly p50: number
  readonly p99: number
  readonly max: number
  /** Records of the output that were read. */
  readonly read: number
}

interface Watched extends Sample {
  readonly seen: Seen
  readonly requestP99: number
}

const names: Record<Way, string> = {
  ask: 'engine: each request asks',
  push: 'engine: each request pushes 20, results are read',
  without: 'without the engine',
}

const ROUNDS = 3

/** Runs the tables. */
export async function run({ seconds = 5, rate = 2_000 } = {}): Promise<BenchResult[]> {
  const ways = Object.keys(names) as Way[]
  const runs = new Map<Way, Watched[]>(ways.map((way) => [way, []]))
  for (let round = -1; round < ROUNDS; round++) {
    for (const way of ways) runs.get(way)!.push(await watch(way, round < 0 ? 1 : seconds, rate))
  }
  const table = (what: string, of: Unit['of']) =>
    measure({
      bench: `${rate} requests a second: ${what}`,
      unit: { text: 'ms', better: 'less', of },
      rounds: ROUNDS,
      contenders: ways.map((way) => {
        const recorded = runs.get(way)!.values()
        return { name: names[way], run: () => recorded.next().value! }
      }),
    })
  const watched = (sample: Sample) => sample as Watched
  return [
    ...(await table('event-loop delay, p99', (sample) => watched(sample).seen.p99)),
    ...(await table('event-loop delay, p50', (sample) => watched(sample).seen.p50)),
    ...(await table('event-loop delay, max', (sample) => watched(sample).seen.max)),
    ...(await table('answered within, p99', (sample) => watched(sample).requestP99)),
  ]
}

async function watch(way: Way, seconds: number, rate: number): Promise<Watched> {
  const server = fork(new URL('event-loop-server.ts', import.meta.url), [way], {
    execArgv: ['--conditions=source'],
  })
  const [port] = (await once(server, 'message')) as [number]
  server.send('watch')
  let id = 0
  const result = await autocannon({
    url: `http://127.0.0.1:${port}`,
    method: 'POST',
    duration: seconds,
    connections: 20,
    overallRate: rate,
    requests: [
      { setupRequest: (request) => ({ ...request, body: JSON.stringify(orderOf(id++)) }) },
    ],
  })
  const told = once(server, 'message')
  server.send('end')
  const [seen] = (await told) as [Seen]
  const failed = result.non2xx + result.errors + result.timeouts
  if (failed > 0 || result['2xx'] === 0)
    throw new Error(
      `expected all requests to be answered, got ${result['2xx']} and ${failed} failed`,
    )
  if (way === 'push' && seen.read === 0) throw new Error('expected results to be read, got none')
  return {
    operations: result['2xx'],
    ms: seconds * 1000,
    seen,
    requestP99: result.latency.p99,
  }
}
