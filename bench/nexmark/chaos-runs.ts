import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Chaos } from '../../engine/e2e/chaos/chaos.ts'
import { killAtRandom, runKilled } from '../../engine/e2e/chaos/killed.ts'
import { chaosQueries, type FiledRow } from './chaos-job.ts'
import { fingerprint, type Outcome } from './outcome.ts'
import { readRecording } from './recording.ts'

/** The queries with state. */
export const STATEFUL_QUERIES = 'q3 q4 q5 q7 q8 q9 q11 q17 q18 q19 q20'.split(' ')

const SCRIPT = fileURLToPath(new URL('chaos-script.ts', import.meta.url))
const PARALLELISMS = [2, 1, 3]

/** What the files of each query come to; nothing of the engine is asked. */
function outcomes(output: string, names: readonly string[]): Map<string, Outcome> {
  return new Map(names.map((name) => [name, outcomeOf(join(output, name))]))
}

function outcomeOf(folder: string): Outcome {
  const files = readdirSync(folder).map((name) => {
    const [, subtask, epoch, roll] = /^part-(\d+)-(\d+)(?:-(\d+))?\.json$/.exec(name)!.map(Number)
    return { name, epoch, subtask, roll: roll || 0 }
  })
  files.sort((a, b) => a.epoch - b.epoch || a.subtask - b.subtask || a.roll - b.roll)
  const rows = files.flatMap(({ name }) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as FiledRow),
  )
  const last = new Map(rows.map((row, i) => [row.of ?? `row ${i}`, row]))
  return fingerprint(
    last
      .values()
      .map(({ row }) => row)
      .toArray(),
  )
}

/** The process is killed at random, and goes on at another parallelism. */
export async function killQueries(
  chaos: Chaos,
  {
    input,
    queries,
    kills,
    pace,
  }: { input: string; queries: readonly string[]; kills: number; pace: number },
): Promise<{ kills: number; outcomes: Map<string, Outcome> }> {
  const output = join(chaos.root, 'out')
  const dir = join(chaos.root, 'checkpoints')
  const killed = await killAtRandom(chaos, kills, (random, kill) => {
    const own = { pace: kill === undefined ? 0 : pace, parallelism: random.pick(PARALLELISMS) }
    return runKilled(SCRIPT, { input, queries, output, dir, ...own }, kill)
  })
  return { kills: killed, outcomes: outcomes(output, queries) }
}

/** Suspended by savepoints while it runs, and resumed at each of the parallelisms; the last one sees it through. */
export async function rescaleQueries(
  chaos: Chaos,
  {
    input,
    queries,
    parallelisms,
    pace,
  }: { input: string; queries: readonly string[]; parallelisms: readonly number[]; pace: number },
): Promise<{ read: number[]; outcomes: Map<string, Outcome> }> {
  const recording = readRecording(input)
  const output = join(chaos.root, 'out')
  const read: number[] = []
  let resume = 'latest'
  for (const [i, parallelism] of parallelisms.entries()) {
    const isLast = i === parallelisms.length - 1
    const job = await chaosQueries.submit(
      { queries, recording, output, pace: isLast ? 0 : pace },
      {
        maxThreads: 2,
        parallelism,
        restart: 'none',
        checkpoint: { dir: join(chaos.root, 'checkpoints'), interval: 50, resume },
      },
    )
    const events = () => job.metrics()[0].recordsOut
    if (isLast) await job.finished
    else {
      // A share of the events, so that every parallelism has some.
      while (events() < recording.events / (parallelisms.length + 1)) await after(1)
      resume = join(chaos.root, `savepoint-${i}`)
      await job.stop({ savepoint: resume })
    }
    read.push(events())
    chaos.progress?.(`parallelism ${parallelism}: ${events()} events`)
  }
  return { read, outcomes: outcomes(output, queries) }
}
