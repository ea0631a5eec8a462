/**
 * Records that go round a feedback loop, until each has gone round so often.
 *
 * ```
 *   [source] ──> [union ─ branch ─ map] ──> [sum] ──> output      two workers
 *                   ^            │
 *                   └── [future] <┘                               two rings a round
 *   [source] ──> [union] ──> by key, 2 x [branch ─ map] ──> …     three rings a round
 *   an array as a queue, in a plain loop                          the peer, without threads
 * ```
 */
import assert from 'node:assert/strict'
import { type BenchResult, type Contender, expectSum, measure, perSecond } from 'sage-stream/bench'
import { type LoopParams, loop } from './loop-job.ts'

export const title = 'records that circulate in a feedback loop'
export const targets = '>= 1 M circulations/s through two threads'

/** Runs the table. */
export function run(): Promise<BenchResult[]> {
  return circulate(20_000, 200)
}

/** The table for so many records and rounds of each. Every run's sum is checked. */
export function circulate(count: number, rounds: number, times = 5): Promise<BenchResult[]> {
  const sum = (count * (count - 1)) / 2
  return measure({
    bench: `${count.toLocaleString('en')} records, ${rounds} rounds each`,
    unit: perSecond('circulations'),
    contenders: [
      ofJob('loop, two threads', { count, rounds, byKey: false }, sum),
      ofJob('loop by key, two threads', { count, rounds, byKey: true }, sum),
      {
        name: 'array as a queue, one thread',
        run: () => inArray(count, rounds),
        check: expectSum(sum),
      },
    ],
    rounds: times,
  })
}

/** Timed inside the job, from its start: its threads' start-up is the subject of another bench. */
function ofJob(name: string, params: LoopParams, sum: number): Contender {
  const { count, rounds } = params
  return {
    name,
    run: async () => {
      const job = await loop.submit(params, { parallelism: 2, maxThreads: 2 })
      const begin = performance.now()
      const [[[, result]], { operators }] = await Promise.all([
        job.io.sum.toArray() as Promise<[number, number][]>,
        job.finished,
      ])
      const ms = performance.now() - begin
      const again = operators.find(({ kind }) => kind === 'fromFuture')
      assert.equal(again?.recordsIn, count * rounds)
      return { operations: count * rounds, ms, sum: result }
    },
    check: expectSum(sum),
  }
}

function inArray(count: number, rounds: number) {
  const begin = performance.now()
  const queue = Array.from({ length: count }, (_, i) => i * (rounds + 1) + rounds)
  let sum = 0
  for (let head = 0; head < queue.length; head++) {
    const n = queue[head]
    if (n % (rounds + 1) > 0) queue.push(n - 1)
    else sum += n / (rounds + 1)
    if (head < 100_000) continue
    queue.splice(0, head + 1)
    head = -1
  }
  return { operations: count * rounds, ms: performance.now() - begin, sum }
}
