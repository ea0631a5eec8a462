import { isMainThread, type MessagePort, threadId } from 'node:worker_threads'
import {
  type FromMain,
  type FromWorker,
  type Report,
  type ToMain,
  type ToWorker,
  threadPort,
} from './control.ts'
import { Coordinator } from './coordinator.ts'
import type { JobSpec } from './job-site.ts'
import { JobThread, type ThreadInit, threadFailure } from './job-thread.ts'
import { loadGraph } from './load-graph.ts'
import { thisMachine } from './machine.ts'

/** The task of a pool thread: to be one worker of a job, or its coordinator, until the job ends. */
export type ThreadTask = {
  readonly spec: JobSpec
  readonly init: ThreadInit
  /** The main thread's `process.argv`. */
  readonly argv: readonly string[]
} & (
  | { readonly role: 'worker'; readonly coordinator: MessagePort; readonly main: MessagePort }
  | {
      readonly role: 'coordinator'
      readonly workers: readonly MessagePort[]
      readonly main: MessagePort
      /** The graph as the main thread built it, without source text. */
      readonly plain: readonly string[]
    }
)

/**
 * Entry of every thread of a job; called by the pool. Returns once the job has started: from then on the thread
 * runs by itself, so that the pool's own port does not decide whether the process stays alive.
 */
export async function runThread(task: ThreadTask): Promise<number> {
  if (isMainThread) throw new Error('a job thread: expected a worker thread')
  process.argv.splice(0, process.argv.length, ...task.argv)
  await (task.role === 'worker' ? startWorker(task) : startCoordinator(task))
  return threadId
}

function startWorker(task: Extract<ThreadTask, { role: 'worker' }>): Promise<void> {
  const coordinator = threadPort<ToWorker, FromWorker>(task.coordinator)
  const main = threadPort<never, Report>(task.main)
  const thread = new JobThread(task.init, { coordinator, main }, thisMachine)
  reportFailures(thread)
  void thread.run(() => loadGraph(task.spec), outputWritten)
  return thread.started
}

function startCoordinator(task: Extract<ThreadTask, { role: 'coordinator' }>): Promise<void> {
  const workers = task.workers.map((port) => threadPort<FromWorker, ToWorker>(port))
  const main = threadPort<FromMain, ToMain>(task.main)
  const coordinator = new Coordinator(task.init, { workers, main }, task.plain, thisMachine)
  reportFailures(coordinator)
  void coordinator.run(() => loadGraph(task.spec))
  return coordinator.started
}

/** What the job module lets fall on this thread, which without it would end with the thread, fails the job. */
function reportFailures(part: { fail(error: unknown): void }): void {
  process.on('unhandledRejection', (reason) =>
    part.fail(threadFailure('SAGE_UNHANDLED_REJECTION', reason)),
  )
  process.on('uncaughtException', (error) => part.fail(threadFailure('SAGE_USER_ERROR', error)))
}

/** Console lines of user code are on their way to the main thread: wait until it has them. */
async function outputWritten(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.writableLength > 0)
      await new Promise<void>((resolve) => stream.write('', () => resolve()))
  }
}
