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
import type { JobGraph, JobSpec, ThreadSettings } from '../thread/job-site.ts'
import { JobThread, type ThreadInit } from '../thread/job-thread.ts'
import { thisMachine } from '../thread/machine.ts'
import type { ThreadTask } from '../thread/worker-entry.ts'
import { type JobBody, JobHandle } from './job-handle.ts'
import { JobPlan } from './job-plan.ts'
import type { RestartPolicy } from './restart-decision.ts'
import { StuckWatch } from './stuck-watch.ts'
import type { ThreadPool } from './thread-pool.ts'

/** Everything a job is started from. */
export interface JobStart<IO> {
  readonly spec: JobSpec
  readonly job: JobGraph
  readonly logger: Logger
  readonly workerHeapMb: number | undefined
  readonly restart: RestartPolicy
  /** What `job.io` shows; its streams are bound by the caller. */
  readonly io: IO
}

let jobs = 0

/** Plans a job, allocates its memory and starts it. The handle's `running` tells when its workers run. */
export function startJob<IO>(start: JobStart<IO>): JobHandle<IO> {
  const { spec, job, logger, io, restart } = start
  const { settings } = spec
  jobs++
  const id = `${process.pid}-${jobs}`
  const owner = crypto.randomUUID()
  const clock = isSharedClock(job.clock) ? job.clock : undefined
  const initsOf =
    (plan: JobPlan, life: number, since: number | undefined) =>
    (thread: number): ThreadInit => ({
      jobId: id,
      jobName: spec.name,
      owner,
      life,
      thread,
      settings: since === undefined ? settings : resuming(settings, since),
      arena: plan.arena.buffer,
      time: clock?.sharedTime,
      settle: plan.settle.buffer,
      beats: plan.beats.buffer,
      metrics: plan.userMetrics.buffer,
      state: plan.state,
      mayBlock: settings.mode === 'threads',
    })
  const handle = new JobHandle({
    id,
    name: spec.name,
    logger,
    io,
    restart,
    plan: () => new JobPlan(job.graph, settings),
    launch: (plan, life, since, died) =>
      settings.mode === 'inline'
        ? startInline(job, initsOf(plan, life, since))
        : startThreads(start, plan, initsOf(plan, life, since), died),
  })
  const detach = clock?.onChange(() => handle.ringAll())
  if (detach !== undefined) void handle.ended.then(detach, detach)
  return handle
}

/**
 * A job goes on from what it has come to, wherever it once began: from its own checkpoints, the first of which is `since`,
 * and from those that it had resumed from itself.
 */
function resuming(settings: ThreadSettings, since: number): ThreadSettings {
  const { checkpoint } = settings
  if (checkpoint === undefined) return settings
  const first = checkpoint.resume === 'latest' ? 0 : since
  return { ...settings, checkpoint: { ...checkpoint, resume: 'latest', since: first } }
}

/** All subtasks in the calling thread: the same coordinator, thread and loop, joined by local lines. */
function startInline(job: JobGraph, initOf: (thread: number) => ThreadInit): JobBody {
  const [mainLine, coordinatorLine] = localLine<ToMain, FromMain>()
  const [workerLine, threadLine] = localLine<FromWorker, ToWorker>()
  const [reports, reporter] = localLine<Report, never>()
  const load = async () => job
  const keepAlive = setInterval(() => {}, 2 ** 30)
  const coordinator = new Coordinator(
    initOf(0),
    { workers: [workerLine], main: coordinatorLine },
    undefined,
    thisMachine,
  )
  void coordinator.run(load)
  void new JobThread(initOf(0), { coordinator: threadLine, main: reporter }, thisMachine).run(load)
  return {
    coordinator: mainLine,
    reports: [reports],
    dispose: async () => clearInterval(keepAlive),
    ref: () => void keepAlive.ref(),
    unref: () => void keepAlive.unref(),
  }
}

function startThreads(
  { spec, job, workerHeapMb }: JobStart<unknown>,
  jobPlan: JobPlan,
  initOf: (thread: number) => ThreadInit,
  died: (error: StreamError) => void,
): JobBody {
  const { plan, state } = jobPlan
  const coordinatorIndex = plan.threads
  const line = new MessageChannel()
  const workers = Array.from({ length: plan.threads }, () => ({
    control: new MessageChannel(),
    main: new MessageChannel(),
  }))
  const toCoordinator = threadPort<ToMain, FromMain>(line.port1)
  const onDeath = (thread: number, error: StreamError) => {
    StateMemory.bury(state, thread)
    if (thread === coordinatorIndex) died(error)
    else toCoordinator.post({ type: 'died', worker: thread, error: errorToData(error) })
  }
  const pool = openPool(plan.threads + 1, workerHeapMb, onDeath)
  const watch = new StuckWatch(jobPlan, spec.settings.stuckAfterMs, (thread, error) => {
    void pool.then((threads) => threads.end(thread, error))
  })
  const ports = [line.port1, ...workers.map(({ main }) => main.port1)]
  const body: JobBody = {
    coordinator: toCoordinator,
    reports: workers.map(({ main }) => threadPort<Report, never>(main.port1)),
    dispose: async () => {
      watch.close()
      await (await pool).destroy()
      for (const port of ports) port.close()
    },
    ref: () => {
      for (const port of ports) port.ref()
    },
    unref: () => {
      for (const port of ports) port.unref()
    },
  }
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
  tasks.forEach(([task, transfer], index) => void startThread(pool, index, task, transfer, died))
  return body
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
  died: (error: StreamError) => void,
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
    died(failure)
  }
}
