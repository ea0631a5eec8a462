import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { errorToData, StreamError } from '../../codec/errors.ts'
import type { Logger } from '../../operators/contract/logger.ts'
import { isSharedClock } from '../../operators/contract/shared-clock.ts'
import { describeGraph } from '../graph/fingerprint.ts'
import { StateMemory } from '../state/state-memory.ts'
import {
  type FromMain,
  type FromWorker,
  localLine,
  type Report,
  type ToMain,
  type ToWorker,
  threadPort,
} from '../thread/control.ts'
import { Coordinator } from '../thread/coordinator.ts'
import type { JobGraph, JobSpec } from '../thread/job-site.ts'
import { JobThread, type ThreadInit } from '../thread/job-thread.ts'
import type { ThreadTask } from '../thread/worker-entry.ts'
import { JobHandle } from './job-handle.ts'
import { JobPlan } from './job-plan.ts'
import type { ThreadPool } from './thread-pool.ts'

/** Everything a job is started from. */
export interface JobStart<IO> {
  readonly spec: JobSpec
  readonly job: JobGraph
  readonly logger: Logger
  readonly workerHeapMb: number | undefined
  /** What `job.io` shows; its streams are bound by the caller. */
  readonly io: IO
}

let jobs = 0

/** Plans a job, allocates its memory and starts it. The handle's `running` tells when its workers run. */
export function startJob<IO>(start: JobStart<IO>): JobHandle<IO> {
  const { spec, job, logger, io } = start
  jobs++
  const id = `${process.pid}-${jobs}`
  const plan = new JobPlan(job.graph, spec.settings)
  const handle = new JobHandle(id, spec.name, plan, logger, io)
  const clock = isSharedClock(job.clock) ? job.clock : undefined
  const detach = clock?.onChange(() => plan.ringAll())
  if (detach !== undefined) void handle.ended.then(detach, detach)
  const initOf = (thread: number): ThreadInit => ({
    jobId: id,
    jobName: spec.name,
    thread,
    settings: spec.settings,
    arena: plan.arena.buffer,
    time: clock?.sharedTime,
    settle: plan.settle.buffer,
    metrics: plan.userMetrics.buffer,
    state: plan.state,
    mayBlock: spec.settings.mode === 'threads',
  })
  if (spec.settings.mode === 'inline') startInline(handle, job, initOf)
  else startThreads(handle, start, plan, initOf)
  return handle
}

/** All subtasks in the calling thread: the same coordinator, thread and loop, joined by local lines. */
function startInline(
  handle: JobHandle<unknown>,
  job: JobGraph,
  initOf: (thread: number) => ThreadInit,
): void {
  const [mainLine, coordinatorLine] = localLine<ToMain, FromMain>()
  const [workerLine, threadLine] = localLine<FromWorker, ToWorker>()
  const [reports, reporter] = localLine<Report, never>()
  const load = async () => job
  const keepAlive = setInterval(() => {}, 2 ** 30)
  handle.attach({
    coordinator: mainLine,
    reports: [reports],
    dispose: async () => clearInterval(keepAlive),
    ref: () => void keepAlive.ref(),
    unref: () => void keepAlive.unref(),
  })
  const coordinator = new Coordinator(
    initOf(0),
    { workers: [workerLine], main: coordinatorLine },
    undefined,
  )
  void coordinator.run(load)
  void new JobThread(initOf(0), { coordinator: threadLine, main: reporter }).run(load)
}

function startThreads<IO>(
  handle: JobHandle<IO>,
  { spec, job, workerHeapMb }: JobStart<IO>,
  { plan, state }: JobPlan,
  initOf: (thread: number) => ThreadInit,
): void {
  const coordinatorIndex = plan.threads
  const line = new MessageChannel()
  const workers = Array.from({ length: plan.threads }, () => ({
    control: new MessageChannel(),
    main: new MessageChannel(),
  }))
  const toCoordinator = threadPort<ToMain, FromMain>(line.port1)
  const onDeath = (thread: number, error: StreamError) => {
    StateMemory.bury(state, thread)
    if (thread === coordinatorIndex) handle.abandon({ status: 'failed', error: errorToData(error) })
    else toCoordinator.post({ type: 'died', worker: thread, error: errorToData(error) })
  }
  const pool = openPool(plan.threads + 1, workerHeapMb, onDeath)
  const ports = [line.port1, ...workers.map(({ main }) => main.port1)]
  handle.attach({
    coordinator: toCoordinator,
    reports: workers.map(({ main }) => threadPort<Report, never>(main.port1)),
    dispose: async () => {
      await (await pool).destroy()
      for (const port of ports) port.close()
    },
    ref: () => {
      for (const port of ports) port.ref()
    },
    unref: () => {
      for (const port of ports) port.unref()
    },
  })
  const argv = process.argv
  const tasks: [ThreadTask, MessagePort[]][] = workers.map(({ control, main }, thread) => [
    {
      role: 'worker',
      spec,
      argv,
      init: initOf(thread),
      coordinator: control.port2,
      main: main.port2,
    },
    [control.port2, main.port2],
  ])
  const controls = workers.map(({ control }) => control.port1)
  const plain = describeGraph(job.graph, { sourceText: false })
  tasks.push([
    {
      role: 'coordinator',
      spec,
      argv,
      init: initOf(coordinatorIndex),
      workers: controls,
      main: line.port2,
      plain,
    },
    [...controls, line.port2],
  ])
  tasks.forEach(([task, transfer], index) => void startThread(pool, index, task, transfer, handle))
}

/**
 * The pool is loaded when a job needs threads: neither by workers, which import the same package and never start
 * one, nor for inline jobs.
 */
async function openPool(...args: ConstructorParameters<typeof ThreadPool>): Promise<ThreadPool> {
  const { ThreadPool } = await import('./thread-pool.ts')
  return new ThreadPool(...args)
}

/** A task that cannot even be posted (parameters that cannot be cloned) fails the job. */
async function startThread(
  pool: Promise<ThreadPool>,
  index: number,
  task: ThreadTask,
  ports: readonly MessagePort[],
  handle: JobHandle<any>,
): Promise<void> {
  try {
    await (await pool).start(index, task, ports)
  } catch (error) {
    const failure =
      error instanceof StreamError
        ? error
        : new StreamError('SAGE_JOB_MODULE', `a job thread could not start: ${String(error)}`, {
            cause: error,
          })
    handle.abandon({ status: 'failed', error: errorToData(failure) })
  }
}
