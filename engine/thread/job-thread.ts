import { errorFromData, errorToData, StreamError } from '../../codec/errors.ts'
import type { Clock } from '../../operators/contract/context.ts'
import type { DeadLetter } from '../../operators/contract/error-policy.ts'
import { LOG_LEVELS, type Logger, type LogLevel } from '../../operators/contract/logger.ts'
import { SharedTime } from '../../operators/contract/shared-clock.ts'
import { withStores, withStoresInline } from '../../operators/contract/state-site.ts'
import type { Manifest } from '../checkpoint/manifest.ts'
import { describeGraph } from '../graph/fingerprint.ts'
import { type MemoryPlan, planMemory } from '../graph/memory-plan.ts'
import type { GraphNode } from '../graph/node.ts'
import { type Plan, planGraph } from '../graph/plan.ts'
import { stateId } from '../graph/state-id.ts'
import { UserMetricsMemory } from '../metrics/user-metrics-memory.ts'
import { type Arena, wrapArena } from '../ring/arena.ts'
import { DOORBELL_BYTES, Doorbell } from '../ring/doorbell.ts'
import { SharedState } from '../state/shared-state.ts'
import { buildTask } from '../task/build-task.ts'
import { ServiceCalls } from '../task/service-calls.ts'
import { ServiceHost } from '../task/services.ts'
import type { Task } from '../task/task.ts'
import type {
  ControlPort,
  FromWorker,
  LogReport,
  Report,
  ResumedFrom,
  ToWorker,
} from './control.ts'
import { DeadLetterOffice } from './dead-letter-office.ts'
import { Heartbeats } from './heartbeats.ts'
import type { JobGraph, ThreadSettings } from './job-site.ts'
import type { Machine } from './machine.ts'
import { PartitionClaims } from './partition-claims.ts'
import { recoverSink } from './recover-sink.ts'
import { holdsInFlight, readInFlight } from './restore-in-flight.ts'
import { restoreState } from './restore-state.ts'
import { restoreTime } from './restore-time.ts'
import { SettleWords } from './settle-words.ts'
import { nodesWithState } from './state-notices.ts'
import { ThreadCheckpoints } from './thread-checkpoints.ts'
import { ThreadLoop } from './thread-loop.ts'

/** What a thread of a job is started with. */
export interface ThreadInit {
  readonly jobId: string
  readonly jobName: string
  /** The job in all its lives, unlike any other: whose locks it may take over. */
  readonly owner: string
  /** Which of its lives this is. */
  readonly life: number
  /** Index of this thread among the job's workers. */
  readonly thread: number
  readonly settings: ThreadSettings
  readonly arena: SharedArrayBuffer
  /** The job's time where it is shared: it stands above the clock that this thread's job module has given. */
  readonly time: SharedArrayBuffer | undefined
  /** Memory of the job's `SettleWords`. */
  readonly settle: SharedArrayBuffer
  /** Memory of the job's `Heartbeats`. */
  readonly beats: SharedArrayBuffer
  /** Memory of the users' own metrics. */
  readonly metrics: SharedArrayBuffer
  /** Memory of the job's shared state. */
  readonly state: SharedArrayBuffer
  /** False where blocking would stop the caller's event loop (inline mode). */
  readonly mayBlock: boolean
}

/** The lines of a thread: to the coordinator, and reports to the main thread. */
export interface ThreadLines {
  readonly coordinator: ControlPort<ToWorker, FromWorker>
  readonly main: ControlPort<never, Report>
}

/**
 * One worker of a job, from its graph to its end: built → start → opened → go → running → ended; with checkpoints, … → running →
 * through → end → ended. What goes wrong on the way is told to the coordinator, which decides; the thread itself only obeys.
 */
export class JobThread {
  readonly #init: ThreadInit
  readonly #lines: ThreadLines
  readonly #machine: Machine
  readonly #calls: ServiceCalls
  readonly #services: ServiceHost
  readonly #letters: DeadLetterOffice
  readonly #checkpoints: ThreadCheckpoints | undefined
  readonly #bell: Doorbell
  readonly #arena: Arena
  readonly #logger: Logger
  readonly #state: SharedState
  #tasks: Task[] = []
  #loop: ThreadLoop | undefined
  #cancelled = false
  #failed = false
  readonly #started = Promise.withResolvers<void>()
  /** All its tasks have ended, and the coordinator was told; all other workers are so far, too. */
  #through = false
  #allThrough = false

  constructor(init: ThreadInit, lines: ThreadLines, machine: Machine) {
    this.#init = init
    this.#lines = lines
    this.#machine = machine
    this.#arena = wrapArena(init.arena)
    this.#state = new SharedState(init.state, init.thread)
    this.#bell = new Doorbell(this.#arena, init.thread * DOORBELL_BYTES)
    this.#checkpoints =
      init.settings.checkpoint === undefined
        ? undefined
        : new ThreadCheckpoints({
            thread: init.thread,
            machine,
            post: (message) => lines.coordinator.post(message),
            fail: (error) => this.fail(error),
            wake: () => this.#bell.ring(),
          })
    const crossing = crossingOf(init)
    this.#calls = new ServiceCalls((call) =>
      lines.coordinator.post({ type: 'call', call: crossing(call) }),
    )
    this.#services = new ServiceHost('worker', this.#calls)
    this.#letters = new DeadLetterOffice((report) => lines.main.post(report))
    this.#logger = reportingLogger(init.settings.logLevel, (report) => lines.main.post(report))
  }

  /** Settles when the coordinator has given its first order: until then this thread counts as starting. */
  get started(): Promise<void> {
    return this.#started.promise
  }

  /**
   * Runs the thread's part of the job; resolves when it has ended, however it did.
   * `beforeEnd` runs last, before the thread says so.
   */
  async run(
    load: () => Promise<JobGraph>,
    beforeEnd = async (): Promise<void> => {},
  ): Promise<void> {
    const orders = this.#orders()
    try {
      const job = await load()
      this.#lines.coordinator.post({
        type: 'built',
        plain: describeGraph(job.graph, { sourceText: false }),
        full: describeGraph(job.graph, { sourceText: true }),
      })
      const start = await orders.start
      if (start !== undefined) {
        const within = this.#init.mayBlock ? withStores : withStoresInline
        await within(this.#state, () => this.#live(job, start, orders.go))
      }
    } catch (error) {
      this.fail(error)
    }
    this.#letters.flush()
    await beforeEnd()
    this.#lines.coordinator.post({ type: 'ended' })
  }

  /** All that runs user code of the job, but for its module. */
  async #live(
    job: JobGraph,
    start: Extract<ToWorker, { type: 'start' }>,
    go: Promise<boolean>,
  ): Promise<void> {
    const endBeats = beating(this.#init, this.#machine)
    try {
      await this.#start(job, start)
      if (await go) await this.#work()
    } catch (error) {
      this.fail(error)
    }
    await this.#close()
    endBeats()
  }

  /** Reports the failure that ends the job; only the first counts. */
  fail(error: unknown): void {
    this.#loop?.cancel()
    if (this.#failed || this.#cancelled) return
    this.#failed = true
    this.#lines.coordinator.post({ type: 'failed', error: errorToData(error) })
  }

  /** Orders of the coordinator; `start` and `go` are promises, since they come once. */
  #orders() {
    let onStart: (start: Extract<ToWorker, { type: 'start' }> | undefined) => void
    let onGo: (go: boolean) => void
    const start = new Promise<Extract<ToWorker, { type: 'start' }> | undefined>((resolve) => {
      onStart = resolve
    })
    const go = new Promise<boolean>((resolve) => {
      onGo = resolve
    })
    this.#lines.coordinator.onMessage((order) => {
      this.#started.resolve()
      if (order.type === 'start') onStart(order)
      else if (order.type === 'go') onGo(true)
      else if (order.type === 'reply') this.#calls.settle(order.reply)
      else if (order.type === 'stop') for (const task of this.#tasks) task.stop()
      else if (order.type === 'checkpoint') this.#checkpoints?.begin(order.order)
      else if (order.type === 'trigger') this.#checkpoints?.trigger(order.epoch)
      else if (order.type === 'goOn') this.#checkpoints?.goOn(order.epoch)
      else if (order.type === 'completed') this.#checkpoints?.completed(order.epoch)
      else if (order.type === 'aborted') this.#checkpoints?.aborted(order.epoch)
      else if (order.type === 'end') this.#allThrough = true
      else {
        this.#cancelled = true
        this.#loop?.cancel()
        onStart(undefined)
        onGo(false)
      }
      this.#bell.ring()
    })
    return { start, go }
  }

  async #start(job: JobGraph, start: Extract<ToWorker, { type: 'start' }>): Promise<void> {
    const { settings, jobName } = this.#init
    const plan = planGraph(job.graph, settings)
    const memory = planMemory(plan, settings)
    const clock = clockOf(this.#init, job, this.#machine)
    await this.#services.open(job.services, { jobName, logger: this.#logger, clock })
    this.#tasks = this.#buildTasks(
      plan,
      memory,
      clock,
      new PartitionClaims(start.partitions, start.claims, start.from?.positions),
      start.from?.manifest,
    )
    this.#checkpoints?.attach(this.#tasks)
    if (start.from !== undefined) await this.#restore(start.from)
    for (const task of [...this.#tasks].reverse()) await task.open()
    const keeping = nodesWithState(this.#tasks.map((task) => task.cut()))
    this.#lines.coordinator.post({ type: 'opened', keeping })
  }

  /** Before any function is opened. */
  async #restore({ directory, manifest, later }: ResumedFrom): Promise<void> {
    const reader = this.#machine.openSite(directory).open(manifest)
    const known = { manifest, reader, later }
    const { maxParallelism } = this.#init.settings
    for (const task of this.#tasks) {
      const { operators, subtask, parallelism } = task.cut()
      for (const operator of operators) {
        const id = stateId(operator.node)
        const parallelismBefore =
          manifest.operators.find(({ uid }) => uid === id)?.parallelism ?? parallelism
        const share = { subtask, parallelism, parallelismBefore, maxParallelism }
        await restoreState(reader, operator, share)
        await recoverSink(known, operator, share)
        if (holdsInFlight(manifest, operator.node))
          task.restoreInFlight(operator.node, await readInFlight(reader, operator.node, share))
      }
      for (const timed of task.cut().timed)
        await restoreTime(reader, manifest, timed, { subtask, parallelism })
      this.#checkpoints?.restored(task.cut(), manifest.epoch)
    }
  }

  #buildTasks(
    plan: Plan,
    memory: MemoryPlan,
    clock: Clock,
    claims: PartitionClaims,
    from: Manifest | undefined,
  ): Task[] {
    const { settings, thread, jobId, jobName } = this.#init
    const facilities = {
      jobName,
      logger: this.#logger,
      clock,
      services: this.#services,
      shared: (name: string) => this.#state.shared(name),
      wake: () => this.#bell.ring(),
    }
    const shop = {
      id: `${jobId}-${thread}`,
      plan,
      memory,
      arena: this.#arena,
      userMetrics: new UserMetricsMemory(this.#init.metrics),
      thread,
      facilities,
      defaultErrors: settings.errors,
      maxParallelism: settings.maxParallelism,
      strict: settings.strict,
      claim: ({ id, body }: GraphNode, subtask: number) =>
        body.type === 'source' && (body.factory.bounded === true || body.factory.single)
          ? claims.of(id, subtask, plan.parallelism[id])
          : claims.own(id, subtask, plan.parallelism[id]),
      deadLetter: (letter: DeadLetter) => this.#letters.add(letter),
      nowMs: this.#machine.nowMs,
      checkpoints: this.#checkpoints,
      givesBack: (node: GraphNode) => from !== undefined && holdsInFlight(from, node),
    }
    return plan.chains.flatMap((chain) =>
      chain.threads.flatMap((place, subtask) =>
        place === thread ? [buildTask(shop, chain, subtask)] : [],
      ),
    )
  }

  async #work(): Promise<void> {
    const {
      settings: { spinMs },
      mayBlock,
      thread,
    } = this.#init
    const settle = new SettleWords(this.#init.settle)
    this.#loop = new ThreadLoop(this.#tasks, {
      bell: this.#bell,
      spinMs,
      mayBlock,
      settle,
      thread,
      machine: this.#machine,
      writing: () => this.#checkpoints?.writing === true,
      writeSlice: () => this.#checkpoints?.writeSlice() === true,
      through: () => this.#isThrough(),
    })
    if (this.#cancelled) return
    await this.#loop.run()
  }

  /** What its subtasks have left behind is a part of all checkpoints that others go on to take. */
  #isThrough(): boolean {
    if (this.#checkpoints === undefined || this.#allThrough) return true
    if (!this.#through) this.#lines.coordinator.post({ type: 'through' })
    this.#through = true
    return false
  }

  /** Closes what is still open. Its failures count when nothing failed before. */
  async #close(): Promise<void> {
    await this.#checkpoints?.close()
    for (const task of this.#tasks) await task.abort().catch((error: unknown) => this.fail(error))
    await this.#services.close().catch((error: unknown) => this.fail(error))
  }
}

/** A thread of its own beats while it may run user code; the result ends that. */
export function beating({ beats, thread, settings }: ThreadInit, machine: Machine): () => void {
  const isOwn = settings.mode === 'threads'
  const stuckAfterMs = isOwn ? settings.stuckAfterMs : Number.POSITIVE_INFINITY
  return new Heartbeats(beats).begin(thread, stuckAfterMs, machine)
}

/** The clock of a job on one of its threads. */
export function clockOf({ time }: ThreadInit, { clock }: JobGraph, machine: Machine): Clock {
  if (time !== undefined) return new SharedTime(time)
  return clock === 'system' ? machine.clock : clock
}

/** What happens to data on its way between threads, where there is but one: services see the same either way. */
export function crossingOf({ mayBlock }: ThreadInit): <T>(data: T) => T {
  return mayBlock ? (data) => data : (data) => structuredClone(data)
}

/** An error of this thread that no operator is known for. */
export function threadFailure(
  code: 'SAGE_UNHANDLED_REJECTION' | 'SAGE_USER_ERROR',
  cause: unknown,
): StreamError {
  const what = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
  const kind = code === 'SAGE_UNHANDLED_REJECTION' ? 'unhandled rejection' : 'uncaught exception'
  return new StreamError(code, `${kind} on a worker thread: ${what}`, { cause })
}

/** A logger whose lines are written on the main thread. */
export function reportingLogger(level: LogLevel, post: (report: LogReport) => void): Logger {
  const least = LOG_LEVELS.indexOf(level)
  const write =
    (line: LogLevel) =>
    (message: string, ...details: unknown[]) => {
      if (LOG_LEVELS.indexOf(line) < least) return
      post({ type: 'log', level: line, message: String(message), details: details.map(cloneable) })
    }
  return {
    debug: write('DEBUG'),
    info: write('INFO'),
    warning: write('WARNING'),
    error: write('ERROR'),
  }
}

/** Log details are for reading: what cannot be cloned crosses as text. */
function cloneable(detail: unknown): unknown {
  if (detail instanceof Error) return errorFromData(errorToData(detail))
  try {
    return structuredClone(detail)
  } catch {
    return String(detail)
  }
}
