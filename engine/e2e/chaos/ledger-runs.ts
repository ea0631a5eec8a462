import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { silent } from '../fixtures/silent.ts'
import type { Chaos } from './chaos.ts'
import { killAtRandom, runKilled } from './killed.ts'
import type { LedgerReport } from './ledger-check.ts'
import { writeInput } from './ledger-files.ts'
import type { Fault, LedgerParams } from './ledger-job.ts'
import { ledger } from './ledger-job.ts'
import { hurryUp } from './paced.ts'
import { setTrouble, storeFaults, TROUBLES, type Trouble } from './store-faults.ts'

const scriptAt = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const LEDGER = scriptAt('ledger-script.ts')
const PARALLELISMS = [2, 1, 3, 5]

/** The input is written; what the job is run with. */
function ledgerOf({ root, seed }: Chaos, records: number): LedgerParams {
  const params = { input: join(root, 'in'), output: join(root, 'out'), pace: 2 }
  writeInput(params.input, records, seed)
  return params
}

/** By a process of its own, which sees nothing but files. */
async function reportOn({ input, output }: LedgerParams): Promise<LedgerReport> {
  const checking = promisify(execFile)(process.execPath, [
    scriptAt('ledger-check.ts'),
    input,
    output,
  ])
  const { stdout } = await checking.catch((failed: { stdout: string }) => failed)
  return JSON.parse(stdout)
}

/** The process is killed again and again, at random, and goes on at another parallelism. */
export async function killProcesses(
  chaos: Chaos,
  { kills, records }: { kills: number; records: number },
): Promise<{ kills: number; report: LedgerReport }> {
  const params = ledgerOf(chaos, records)
  const dir = join(chaos.root, 'checkpoints')
  const killed = await killAtRandom(chaos, kills, (random, kill) => {
    const pace = kill === undefined ? 0 : params.pace
    const parallelism = random.pick(PARALLELISMS)
    return runKilled(LEDGER, { params: { ...params, pace }, dir, interval: 5, parallelism }, kill)
  })
  return { kills: killed, report: await reportOn(params) }
}

/** The process is killed before the given operations of the store on its files, counted anew in each of its lives. */
export async function killAtFaultPoints(
  chaos: Chaos,
  { points, records }: { points: readonly number[]; records: number },
): Promise<{ kills: number; forgotten: number; report: LedgerReport }> {
  const params = ledgerOf(chaos, records)
  const dir = join(chaos.root, 'checkpoints')
  // Killed before the first operation of all, it has none.
  const manifests = () =>
    (existsSync(dir) ? readdirSync(dir) : [])
      .filter((name) => /^manifest-\d+$/.test(name))
      .map((name) => Number(name.slice(9)))
  let [kills, forgotten] = [0, 0]
  for (const killAt of points) {
    const argument = { params, dir, interval: 5, parallelism: 2, killAt }
    const { killed, newest } = await runKilled(LEDGER, argument)
    if (killed) kills++
    if (newest > Math.max(0, ...manifests())) forgotten++
    chaos.progress?.(`fault point ${killAt}`)
  }
  await runKilled(LEDGER, { params: { ...params, pace: 0 }, dir, interval: 5, parallelism: 2 })
  return { kills, forgotten, report: await reportOn(params) }
}

/**
 * User code throws here and there, and the job starts again inside its process; where it throws for a snapshot, the job goes
 * on without that checkpoint.
 */
export async function throwFaults(
  chaos: Chaos,
  {
    parallelism,
    records,
    order,
  }: { parallelism: number; records: number; order: readonly Fault[] },
): Promise<{ failures: string[]; refused: string[]; checkpoints: number; report: LedgerReport }> {
  const marks = join(chaos.root, 'marks')
  mkdirSync(marks, { recursive: true })
  const faults = { marks, order }
  const hurry = new SharedArrayBuffer(4)
  const params = { ...ledgerOf(chaos, records), pace: 1, hurry, faults }
  const refused: string[] = []
  const job = await ledger.submit(params, {
    maxThreads: 2,
    parallelism,
    logger: {
      ...silent,
      warning(line: string) {
        if (line.includes('a checkpoint failed')) refused.push(line)
      },
    },
    restart: { fixedDelay: { delay: 0, attempts: order.length } },
    checkpoint: { dir: join(chaos.root, 'checkpoints'), interval: 100 },
  })
  const failures: string[] = []
  let checkpoints = 0
  job.on('restart', (error) => {
    failures.push(error.message)
    // What is left is thrown at the end.
    if (readdirSync(marks).length >= order.indexOf('close')) hurryUp(hurry)
    chaos.progress?.(`${failures.length} of ${order.length} failures`)
  })
  job.on('checkpoint', () => checkpoints++)
  await job.finished
  return { failures, refused, checkpoints, report: await reportOn(params) }
}

/** What the terminations script tells. */
export interface Terminated {
  readonly restarts: number
  /** What the process held before, and holds after: threads, handles, objects. */
  readonly before: object
  readonly after: object
}

/** Threads of a job, its coordinator among them, are terminated from outside, at random; in a process of its own. */
export async function terminateThreads(
  chaos: Chaos,
  { times, records }: { times: number; records: number },
): Promise<Terminated & { report: LedgerReport }> {
  const params = ledgerOf(chaos, records)
  const dir = join(chaos.root, 'checkpoints')
  const argument = JSON.stringify({ params, dir, times, seed: chaos.seed })
  const run = promisify(execFile)(
    process.execPath,
    ['--conditions=source', scriptAt('terminations-script.ts'), argument],
    { env: { ...process.env, NODE_OPTIONS: '--disable-warning=ExperimentalWarning' } },
  )
  run.child.stderr!.on('data', (line) => chaos.progress?.(String(line).trim()))
  const { stdout } = await run
  return { ...JSON.parse(stdout), report: await reportOn(params) }
}

/** What came of a checkpoint while the disk had trouble. */
export interface Troubled {
  readonly trouble: Trouble
  /** The code that it was told to have failed with; undefined: it was complete. */
  readonly code: string | undefined
  readonly durationMs: number
  /** Whether records went on meanwhile. */
  readonly wentOn: boolean
  /** Whether the next one, without the trouble, was complete. */
  readonly recovered: boolean
}

/** The disk is full, read-only, broken or slow for a while, under a job that runs. */
export async function troubleDisk(
  chaos: Chaos,
  records: number,
): Promise<{ troubled: Troubled[]; restarts: number; report: LedgerReport }> {
  const store = storeFaults()
  const params = { ...ledgerOf(chaos, records), store }
  const interval = Number.POSITIVE_INFINITY
  const job = await ledger.submit(params, {
    maxThreads: 2,
    parallelism: 2,
    logger: silent,
    checkpoint: { dir: join(chaos.root, 'checkpoints'), interval },
  })
  const read = () => job.metrics().find(({ uid }) => uid === 'counts')!.recordsIn
  const readOn = async () => {
    for (const before = read(); read() <= before; ) await new Promise((next) => setTimeout(next, 1))
  }
  const checkpoint = () =>
    job.checkpoint().then(
      () => undefined,
      (error) => String((error.cause as { code?: unknown } | undefined)?.code ?? error.code),
    )
  const troubled: Troubled[] = []
  await readOn()
  await checkpoint()
  for (const trouble of Object.keys(TROUBLES) as Trouble[]) {
    if (trouble === 'none') continue
    setTrouble(store, trouble)
    const [begun, before] = [performance.now(), read()]
    const code = await checkpoint()
    const durationMs = performance.now() - begun
    await readOn()
    const wentOn = read() > before && job.status === 'running'
    setTrouble(store, 'none')
    troubled.push({
      trouble,
      code,
      durationMs,
      wentOn,
      recovered: (await checkpoint()) === undefined,
    })
    chaos.progress?.(trouble)
  }
  // What is left of it is read by another process.
  await job.cancel()
  const { restarts } = await job.finished
  const dir = join(chaos.root, 'checkpoints')
  await runKilled(LEDGER, {
    params: { ...params, pace: 0, store: undefined },
    dir,
    interval: 100,
    parallelism: 3,
  })
  return { troubled, restarts, report: await reportOn(params) }
}
