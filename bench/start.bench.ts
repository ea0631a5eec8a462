/**
 * An empty job of the built package: submit → drained → ended, beside starting and ending as many bare workers.
 *
 * ```
 *   submit ─ threads start ─ import the job module ─ build, plan, compile ─ run ─ drain ─ end      two workers, one coordinator
 *   new Worker(a module of one line) x 3 ─ online ─ exit
 * ```
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type BenchResult, type Contender, measure, milliseconds } from 'sage-stream/bench'

export const title = 'an empty job, from submit to its end'
export const targets = '<= 1.5x of starting as many bare workers'

/** Runs the tables: each figure in a process of its own (cold), and the later ones of a process (warm). */
export async function run(): Promise<BenchResult[]> {
  return [...(await compare('cold', 0)), ...(await compare('warm', 5))]
}

function compare(heat: string, before: number): Promise<BenchResult[]> {
  const contender = (name: string, what: string): Contender => ({
    name,
    run: async () => ({ operations: 1, ms: await timedInProcess(what, before) }),
  })
  return measure({
    bench: `${heat}: ${before === 0 ? 'the first of its process' : `after ${before} others in its process`}`,
    unit: milliseconds,
    contenders: [
      contender('empty job, 2 workers and coordinator', 'job'),
      contender('3 bare workers', 'bare'),
    ],
  })
}

async function timedInProcess(what: string, before: number): Promise<number> {
  const script = new URL('./start-process.mjs', import.meta.url).pathname
  // Without the `source` condition: the built package is measured, with a job module in JavaScript.
  const { stdout } = await promisify(execFile)(process.execPath, [script, what, String(before)])
  return Number(stdout)
}
