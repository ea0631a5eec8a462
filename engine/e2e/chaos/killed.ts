import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { EnvironmentConfig } from 'sage-stream'
import type { Chaos } from './chaos.ts'
import { Random } from './random.ts'

const JOB_SCRIPT = fileURLToPath(new URL('job-script.ts', import.meta.url))

/** When a process is killed, if it has not ended before; never where no checkpoints are given. */
export interface Kill {
  /** After so many complete checkpoints, of which it tells by lines; 0: after its start. */
  readonly checkpoints: number
  /** And then so many ms. */
  readonly delayMs: number
}

/** How a process came to its end. */
export interface Ended {
  readonly killed: boolean
  /** The last checkpoint that it told of; 0: none. */
  readonly newest: number
}

/** Mostly between two checkpoints, in one, or in a commit; now and then while it starts and recovers. */
function randomKill(random: Random): Kill {
  if (random.below(5) === 0) return { checkpoints: 0, delayMs: random.below(1_000) }
  return { checkpoints: 1 + random.below(3), delayMs: random.below(30) }
}

/** A job, as another process may be told of it. */
export interface JobCall {
  /** Its URL. */
  readonly module: string
  /** Under which the module exports the job. */
  readonly name: string
  readonly params: unknown
  readonly config: EnvironmentConfig
}

/** Runs a job in a process of its own, and reads its outputs. Rejects when it fails by itself. */
export function runJob(job: JobCall, kill?: Kill): Promise<Ended> {
  return runKilled(JOB_SCRIPT, job, kill)
}

/**
 * Lets a process be killed again and again, at random moments; then one lives to its end.
 *
 * @param live - a life of the process; its `kill` is undefined in the last one
 * @returns how often it was killed
 */
export async function killAtRandom(
  { seed, progress }: Chaos,
  kills: number,
  live: (random: Random, kill?: Kill) => Promise<Ended>,
): Promise<number> {
  const random = new Random(seed)
  let killed = 0
  for (let life = 0; killed < kills && life < 2 * kills; life++) {
    if ((await live(random, randomKill(random))).killed) killed++
    progress?.(`${killed} of ${kills} kills`)
  }
  await live(random)
  return killed
}

/** Runs a script with one argument, as JSON. Rejects when it fails by itself. */
export function runKilled(script: string, argument: unknown, kill?: Kill): Promise<Ended> {
  const args = ['--conditions=source', script, JSON.stringify(argument)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [seen, newest, said] = [0, 0, '']
  let timer: NodeJS.Timeout | undefined
  const arm = () => {
    if (kill === undefined || seen < kill.checkpoints) return
    timer ??= setTimeout(() => child.kill('SIGKILL'), kill.delayMs)
  }
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    for (const [, id] of text.matchAll(/^checkpoint (\d+)$/gm)) {
      seen++
      newest = Number(id)
    }
    arm()
  })
  child.once('spawn', arm)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      const killed = signal === 'SIGKILL'
      if (code === 0 || killed) resolve({ killed, newest })
      else reject(new Error(`${script} ended with ${code ?? signal}: ${said}`))
    })
  })
}
