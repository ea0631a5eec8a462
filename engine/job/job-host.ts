import { errorToData, type StreamError } from '../../codec/errors.ts'
import { StateMemory } from '../state/state-memory.ts'
import type { ControlPort, FromMain, Report, ToMain } from '../thread/control.ts'
import type { JobGraph, JobSpec } from '../thread/job-site.ts'
import type { ThreadInit } from '../thread/job-thread.ts'
import type { JobPlan } from './job-plan.ts'
import type { LoopTurn } from './loop-turn.ts'

/** What carries a job out for one life of it, from its start to its end or failure: threads, or the calling thread. */
export interface JobBody {
  readonly coordinator: ControlPort<ToMain, FromMain>
  readonly reports: readonly ControlPort<Report, never>[]
  /** Lets go of threads and handles. */
  dispose(): Promise<void>
  ref(): void
  unref(): void
}

/** One life of a job that is about to begin. */
export interface JobLife {
  readonly spec: JobSpec
  readonly job: JobGraph
  readonly workerHeapMb: number | undefined
  readonly plan: JobPlan
  /** What thread i is started with; behind the workers, the coordinator. */
  initOf(thread: number): ThreadInit
  /** Tells of a failure that the coordinator cannot tell. */
  died(error: StreamError): void
}

/** Keeps the process alive, until it is released. */
export interface KeepAlive {
  ref(): void
  unref(): void
  release(): void
}

/**
 * Where jobs are submitted: the main thread's event loop and the machine that it runs on, and how their threads are started.
 * `thisHost` is the real one; the simulator puts its own in its place.
 */
export interface JobHost {
  readonly loop: LoopTurn
  /** Names of a job: for people, and unlike any other in the world. */
  nameJob(): { readonly id: string; readonly owner: string }
  keepAlive(): KeepAlive
  /** Starts all that works on a plan's memory. */
  launch(life: JobLife): JobBody
}

/** To be told of each thread of a life that has ended before it. */
export function deathsOf(
  { plan: { plan, state }, died }: Pick<JobLife, 'plan' | 'died'>,
  coordinator: ControlPort<ToMain, FromMain>,
): (thread: number, error: StreamError) => void {
  return (thread, error) => {
    StateMemory.bury(state, thread)
    if (thread === plan.threads) died(error)
    else coordinator.post({ type: 'died', worker: thread, error: errorToData(error) })
  }
}
