import { isMainThread, workerData } from 'node:worker_threads'
import type { Clock } from '../../operators/contract/context.ts'
import type { ErrorPolicy } from '../../operators/contract/error-policy.ts'
import type { LogLevel } from '../../operators/contract/logger.ts'
import type { Graph } from '../graph/graph.ts'
import type { ServiceRegistration } from '../task/services.ts'

/** The mark of a thread that runs a job, in its `workerData`. */
export const WORKER_MARK = 'sage-stream:job-thread'

/** Whether this code runs on a worker thread of a job: tells a job module where it is. */
export const isWorker: boolean =
  !isMainThread && (workerData as { mark?: unknown } | null)?.mark === WORKER_MARK

/** A graph as a thread runs it. */
export interface JobGraph {
  readonly graph: Graph
  readonly services: readonly ServiceRegistration[]
  /** Not part of what crosses threads. */
  readonly clock: 'system' | Clock
}

/** Settings that cross to every thread of a job: the main thread's, so that all plan alike. */
export interface ThreadSettings {
  readonly parallelism: number
  readonly maxParallelism: number
  readonly maxThreads: number
  readonly mode: 'threads' | 'inline'
  readonly strict: boolean
  readonly spinMs: number
  readonly stuckAfterMs: number
  readonly ringBytes: number | undefined
  readonly totalRingBytes: number
  readonly metricsBytes: number
  readonly sharedBytes: number
  readonly errors: ErrorPolicy
  readonly logLevel: LogLevel
  readonly checkpoint: CheckpointSettings | undefined
}

/** How a job takes checkpoints; durations in milliseconds. */
export interface CheckpointSettings {
  readonly dir: string
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly retain: number
  /** The newest usable checkpoint, none, or the one at a path. */
  readonly resume: string
  /** Whether a program may lack operators that the checkpoint has state of, and have some that it has none of. */
  readonly allow: { readonly droppedState: boolean; readonly newState: boolean }
  /** Whether checkpoints hold what is in flight, and do not wait for it. */
  readonly unaligned: boolean
  /**
   * A job that has failed and goes on, from the newest: the first checkpoint that it may go back to. Those before are another
   * run's; without any, it does not begin anew.
   */
  readonly since?: number
}

/** Which program a thread has to build. */
export interface JobSpec {
  readonly form: 'script' | 'module'
  readonly url: string
  readonly name: string
  readonly params: unknown
  /** Module form: what was given for the job, as far as it is data; `build` may read it on every thread. */
  readonly config: object
  readonly settings: ThreadSettings
}

/** A script-form environment as a worker meets it. */
export interface ScriptJob {
  readonly name: string
  jobGraph(): JobGraph
}

/** Builds a module-form job's graph. */
export type BuildDefinition = (params: unknown, config: object) => JobGraph

/**
 * What the job module has made known on this thread. It lives on `globalThis`, because the module may load the
 * package by another path (sources beside a build) than the thread's entry did.
 */
interface JobSite {
  readonly constructed: Map<string, ScriptJob>
  readonly definitions: Map<string, BuildDefinition>
  onSubmit: ((job: ScriptJob) => void) | undefined
  onMisuse: ((what: string) => void) | undefined
}

const key = Symbol.for('sage-stream.job-site')
const holder = globalThis as { [key]?: JobSite }
const site: JobSite = (holder[key] ??= {
  constructed: new Map(),
  definitions: new Map(),
  onSubmit: undefined,
  onMisuse: undefined,
})

/** The constructor of a script-form environment, on a worker. */
export function announceScript(job: ScriptJob): void {
  site.constructed.set(job.name, job)
}

/** `submit` of a script-form environment, on a worker: hands over the graph and never returns. */
export function handOver(job: ScriptJob): Promise<never> {
  site.onSubmit?.(job)
  return new Promise(() => {})
}

/** `defineJob`, on any thread. */
export function announceDefinition(url: string, name: string, build: BuildDefinition): void {
  site.definitions.set(`${url}#${name}`, build)
}

/** A worker did what only the main thread may do. */
export function reportMisuse(what: string): void {
  site.onMisuse?.(what)
}

/** For the thread's entry: what has been announced, and the calls to come. */
export function jobSite(): JobSite {
  return site
}
