/**
 * A map that computes, on one worker and on two.
 *
 * ```
 *   [source ─ map ─ key ─ pre-reduce] ─┐
 *                                      ├──> [reduce] ──> output
 *   [source ─ map ─ key ─ pre-reduce] ─┘
 * ```
 */

import { type BenchResult, type Contender, expectSum, measure, perSecond } from 'sage-stream/bench'
import { busy, hashed } from './chain-job.ts'

export const title = 'a CPU-bound map on one worker and on two'
export const targets = '>= 1.7x from 1 to 2 workers'

const COUNT = 400_000
const SPINS = 5_000

/** Runs the table. */
export async function run(): Promise<BenchResult[]> {
  let sum = 0
  for (let i = 0; i < COUNT; i++) sum = (sum + hashed(i, SPINS)) % 1_000_003
  return measure({
    bench: `a map of ${SPINS} steps a record`,
    unit: perSecond('records'),
    contenders: [contender(2, sum), contender(1, sum)],
    rounds: 3,
  })
}

/** Timed inside the job, from its start: its threads' start-up is the subject of another bench. */
function contender(workers: number, sum: number): Contender {
  return {
    name: `${workers} worker${workers === 1 ? '' : 's'}`,
    run: async () => {
      const job = await busy.submit(
        { count: COUNT, spins: SPINS, workers },
        { parallelism: workers, maxThreads: workers },
      )
      const begin = performance.now()
      const [[result]] = await Promise.all([job.io.results.toArray(), job.finished])
      return { operations: COUNT, ms: performance.now() - begin, sum: result }
    },
    check: expectSum(sum),
  }
}
