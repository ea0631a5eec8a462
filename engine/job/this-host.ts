import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { StreamError } from '../../codec/errors.ts'
import { describeGraph } from '../graph/fingerprint.ts'
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
import { JobThread } from '../thread/job-thread.ts'
import { thisMachine } from '../thread/machine.ts'
import type { ThreadTask } from '../thread/worker-entry.ts'
import { deathsOf, type JobBody, type JobHost, type JobLife, type KeepAlive } from './job-host.ts'
import { thisLoop } from './loop-turn.ts'
import { StuckWatch } from './stuck-watch.ts'
import type { ThreadPool } from './thread-pool.ts'

let jobs = 0

/** This thread of this process. */
export const thisHost: JobHost = {
  loop: thisLoop,
  nameJob() {
    jobs++
    return { id: `${process.pid}-${jobs}`, owner: crypto.randomUUID() }
  },
  keepAlive,
  launch: (life) => (life.spec.settings.mode === 'inline' ? startInline(life) : startThreads(life)),
}

function keepAlive(): KeepAlive {
  const timer = setInterval(() => {}, 2 ** 30)
  return {
    ref: () => void timer.ref(),
    unref: () => void timer.unref(),
    release: () => clearInterval(timer),
  }
}

/** All subtasks in the calling thread: the same coordinator, thread and loop, joined by local lines. */
function startInline({ job, initOf }: JobLife): JobBody {
  const [mainLine, coordinatorLine] = localLine<ToMain, FromMain>()
  const [workerLine, threadLine] = localLine<FromWorker, ToWorker>()
  const [reports, reporter] = localLine<Report, never>()
  const load = async () => job
  const alive = keepAlive()
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
    dispose: async () => alive.release(),
    ref: () => alive.ref(),
    unref: () => alive.unref(),
  }
}

function startThreads(life: JobLife): JobBody {
  const { spec, job, workerHeapMb, initOf, died } = life
  const { plan } = life.plan
  const coordinatorIndex = plan.threads
  const line = new MessageChannel()
  const workers = Array.from({ length: plan.threads }, () => ({
    control: new MessageChannel(),
    main: new MessageChannel(),
  }))
  const toCoordinator = threadPort<ToMain, FromMain>(line.port1)
  const pool = openPool(plan.threads + 1, workerHeapMb, deathsOf(life, toCoordinator))
  const onStuck = (thread: number, error: StreamError) =>
    void pool.then((threads) => threads.end(thread, error))
  const watch = new StuckWatch(life.plan, spec.settings.stuckAfterMs, onStuck, thisMachine)
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
