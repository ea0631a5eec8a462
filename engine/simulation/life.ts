import { errorFromData, errorToData, StreamError } from '../../codec/errors.ts'
import { BaseEnvironment } from '../api/base-environment.ts'
import { validateGraph } from '../graph/validate.ts'
import { type EnvironmentConfig, resolveConfig } from '../job/config.ts'
import { JobPlan } from '../job/job-plan.ts'
import { StateMemory } from '../state/state-memory.ts'
import type {
  CheckpointRequest,
  ControlPort,
  FromMain,
  FromWorker,
  Outcome,
  Report,
  ToMain,
  ToWorker,
} from '../thread/control.ts'
import { Coordinator } from '../thread/coordinator.ts'
import type { JobGraph, ThreadSettings } from '../thread/job-site.ts'
import { JobThread, type ThreadInit } from '../thread/job-thread.ts'
import type { Machine } from '../thread/machine.ts'
import type { Schedule } from './schedule.ts'
import { simulatedLine } from './simulated-line.ts'

/** How long a thread may take to start, in ms. */
const START_MS = 20

/** What a life of a job is made of. */
export interface LifeParts {
  /** Names its actors. */
  readonly name: string
  /** The same for lives of one process. */
  readonly owner: string
  readonly config: EnvironmentConfig
  readonly schedule: Schedule
  readonly machine: Machine
  build(env: BaseEnvironment): void
  /** A line for the trace. */
  note(line: string): void
  /** Settings as one thread has them: the same for all, but in tests of the simulator. */
  settingsOf?(thread: number, settings: ThreadSettings): ThreadSettings
}

class SimulatedEnvironment extends BaseEnvironment {
  readonly platform = 'simulation'
}

/**
 * One life of a job: the coordinator and the worker threads of the engine, each an actor of the schedule, over rings, lines
 * and a machine that are simulated. Stands where the main thread stands.
 */
export class Life {
  readonly plan: JobPlan
  /** How it ended, once it has. */
  outcome: Outcome | undefined
  running = false
  /** Checkpoints that were completed, and given up. */
  completed = 0
  refused = 0
  readonly #parts: LifeParts
  readonly #main: ControlPort<ToMain, FromMain>
  #requests = 0
  readonly #suspending = new Set<number>()
  #stopping = false
  #suspended = false

  constructor(parts: LifeParts) {
    this.#parts = parts
    const { config, schedule, machine } = parts
    const env = new SimulatedEnvironment('simulated', config)
    parts.build(env)
    validateGraph({ nodes: env.graph.nodes })
    env.graph.seal()
    const {
      clock,
      logger: _logger,
      module: _module,
      restart: _restart,
      ...settings
    } = resolveConfig(config)
    this.plan = new JobPlan(env.graph, settings)
    const job = { graph: env.graph, services: [], clock }
    const [main, coordinatorLine] = simulatedLine<ToMain, FromMain>(
      schedule,
      this.#actor('main'),
      this.#actor('coordinator'),
    )
    this.#main = main
    main.onMessage((message) => this.#hear(message))
    const load = async (): Promise<JobGraph> => job
    const workers = Array.from({ length: this.plan.plan.threads }, (_, thread) =>
      this.#startThread(thread, settings, load),
    )
    this.#start(this.#actor('coordinator'), () => {
      const init = this.#init(workers.length, settings)
      const lines = { workers, main: coordinatorLine }
      void new Coordinator(init, lines, undefined, machine).run(load)
    })
  }

  /** How many threads run subtasks. */
  get threads(): number {
    return this.plan.plan.threads
  }

  /** The savepoint that the job stood still behind, where it did. */
  savepoint: string | undefined

  /** Whether it was to stop, and to drain before. */
  get drains(): boolean {
    return this.#stopping && !this.#suspended
  }

  /** Asks for a checkpoint, as the main thread does. */
  checkpoint(request: Omit<CheckpointRequest, 'id'>): void {
    const wanted = { id: ++this.#requests, ...request }
    if (wanted.suspend) this.#suspending.add(wanted.id)
    this.#post({ type: 'checkpoint', request: wanted })
  }

  stop(): void {
    this.#stopping = true
    this.#post({ type: 'stop' })
  }

  cancel(): void {
    this.#post({ type: 'cancel' })
  }

  /** A worker thread is terminated from outside, wherever it is: the job hears of it. */
  terminate(thread: number): void {
    const { schedule } = this.#parts
    schedule.end(this.#actor(`thread ${thread}`), 'thread')
    StateMemory.bury(this.plan.state, thread)
    const error = errorToData(
      new StreamError('SAGE_WORKER_EXIT', 'injected: a worker thread was terminated'),
    )
    this.#post({ type: 'died', worker: thread, error })
  }

  /** All of it ends where it is. */
  end(end: 'thread' | 'process'): void {
    const { schedule } = this.#parts
    for (let thread = 0; thread < this.threads; thread++)
      schedule.end(this.#actor(`thread ${thread}`), end)
    schedule.end(this.#actor('coordinator'), end)
    schedule.end(this.#actor('main'), end)
  }

  #actor(name: string): string {
    return `${this.#parts.name} ${name}`
  }

  #post(message: FromMain): void {
    this.#parts.schedule.as(this.#actor('main'), () => this.#main.post(message))
  }

  /** A thread begins to run some time after it was started. */
  #start(actor: string, run: () => void): void {
    const { schedule } = this.#parts
    schedule.plan({ ms: schedule.delay(START_MS), what: () => 'starts', run }, actor)
  }

  #startThread(
    thread: number,
    settings: ThreadSettings,
    load: () => Promise<JobGraph>,
  ): ControlPort<FromWorker, ToWorker> {
    const { schedule, machine, settingsOf = (_, same) => same } = this.#parts
    const actor = this.#actor(`thread ${thread}`)
    const [line, coordinator] = simulatedLine<FromWorker, ToWorker>(
      schedule,
      this.#actor('coordinator'),
      actor,
    )
    const [reports, main] = simulatedLine<Report, never>(schedule, this.#actor('main'), actor)
    reports.onMessage((report) => this.#receive(report))
    this.#start(actor, () => {
      const init = this.#init(thread, settingsOf(thread, settings))
      void new JobThread(init, { coordinator, main }, machine).run(load)
    })
    return line
  }

  #init(thread: number, settings: ThreadSettings): ThreadInit {
    const { arena, beats, settle, userMetrics, state } = this.plan
    return {
      jobId: 'simulated',
      jobName: 'simulated',
      owner: this.#parts.owner,
      life: 1,
      thread,
      settings,
      arena: arena.buffer,
      time: undefined,
      beats: beats.buffer,
      settle: settle.buffer,
      metrics: userMetrics.buffer,
      state,
      mayBlock: false,
    }
  }

  #hear(message: ToMain): void {
    if (message.type === 'running') this.running = true
    else if (message.type === 'checkpoint') {
      this.completed++
      if (message.requests.some((id) => this.#suspending.has(id))) {
        this.#suspended = true
        if (message.pushed === undefined) this.savepoint = message.info.path
      }
      this.#parts.note(`checkpoint ${message.info.id} is complete: ${message.info.bytes} bytes`)
    } else if (message.type === 'refused') {
      this.refused++
      this.#parts.note(`a checkpoint failed: ${errorFromData(message.error)}`)
    } else if (message.type === 'ended') this.outcome = message.outcome
    else if (message.type === 'log') this.#receive(message)
  }

  #receive(report: Report): void {
    if (report.type === 'log') this.#parts.note(`${report.level} ${report.message}`)
  }
}
