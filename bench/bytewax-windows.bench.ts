/**
 * Bytewax's window operators over 1,000 keys, on one worker thread:
 *
 * ```
 *   [visits ─ keyBy ─ foldWindow ─ foldFinal] ──> output     about ten records a window
 * ```
 *
 * beside what was recorded of Bytewax 0.21.1 (`-w 1`, Python 3.11) on a machine of this kind: figures of another day, so
 * only their order of magnitude counts.
 */
import assert from 'node:assert/strict'
import { type BenchResult, jobThroughput, measure, perSecond } from 'sage-stream/bench'
import { type WindowKind, windowed, windowsOf } from './bytewax-windows-job.ts'

export const title = "Bytewax's windows, 1,000 keys, one worker"
export const targets = '>= 5x Bytewax a worker'

/** Records a second of Bytewax 0.21.1 with one worker, as recorded. */
const BYTEWAX: Readonly<Record<WindowKind, number>> = {
  fold: 176_000,
  'fold, unordered': 241_000,
  count: 186_000,
  sliding: 38_000,
  sessions: 161_000,
}

const titles: Readonly<Record<WindowKind, string>> = {
  fold: 'tumbling 10 s, foldWindow ordered',
  'fold, unordered': 'tumbling 10 s, foldWindow unordered',
  count: 'tumbling 10 s, countWindow',
  sliding: 'sliding 10 s / 1 s, foldWindow ordered',
  sessions: 'sessions, gap 10 s, foldWindow ordered',
}

/** Runs all tables. */
export function run(): Promise<BenchResult[]> {
  return windowTables(1_000_000)
}

/** All tables, with so many records a run. Every run is checked: each record is in each of its windows. */
export async function windowTables(count: number, rounds = 5): Promise<BenchResult[]> {
  const results: BenchResult[] = []
  for (const kind of Object.keys(BYTEWAX) as WindowKind[]) {
    const job = jobThroughput(windowed, {
      name: 'one worker',
      params: { count, kind },
      config: { parallelism: 1, maxThreads: 1 },
      check: ({ sums }) =>
        assert.equal(
          sums.reduce((a, b) => a + b, 0),
          count * windowsOf(kind),
        ),
    })
    const bytewax = {
      name: 'Bytewax, recorded',
      run: () => ({ operations: BYTEWAX[kind], ms: 1000 }),
    }
    results.push(
      ...(await measure({
        bench: titles[kind],
        unit: perSecond('records'),
        contenders: [job, bytewax],
        rounds,
      })),
    )
  }
  return results
}
