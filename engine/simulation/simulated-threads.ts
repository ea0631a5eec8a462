import { StreamError } from '../../codec/errors.ts'
import { deathsOf, type JobBody, type JobLife } from '../job/job-host.ts'
import type { JobPlan } from '../job/job-plan.ts'
import { StuckWatch } from '../job/stuck-watch.ts'
import type {
  ControlPort,
  FromMain,
  FromWorker,
  Report,
  ToMain,
  ToWorker,
} from '../thread/control.ts'
import { Coordinator } from '../thread/coordinator.ts'
import type { ThreadSettings } from '../thread/job-site.ts'
import { JobThread, type ThreadInit } from '../thread/job-thread.ts'
import type { Machine } from '../thread/machine.ts'
import type { End, Schedule } from './schedule.ts'
import { simulatedLine } from './simulated-line.ts'

/** How long a thread may take to start, in ms. */
const START_MS = 20
/** How long one may take to end, until the main thread hears of it. */
const END_MS = 20

/** What the threads of a job are made of. */
export interface ThreadParts {
  readonly schedule: Schedule
  readonly machine: Machine
  /** Names the actor that the main thread is. */
  readonly main: string
  /** Names the others. */
  readonly name: string
  /** Settings as one thread has them: the same for all, but in tests of the simulator. */
  settingsOf?(thread: number, settings: ThreadSettings): ThreadSettings
}

/**
 * The threads of one life of a job, from one start to its end or failure: the coordinator and the workers of the engine, each
 * an actor of the schedule, over lines that are simulated. Stands where the pool of real threads stands.
 */
export class SimulatedThreads implements JobBody {
  readonly coordinator: ControlPort<ToMain, FromMain>
  readonly reports: readonly ControlPort<Report, never>[]
  readonly plan: JobPlan
  readonly #parts: ThreadParts
  readonly #life: JobLife
  readonly #died: (thread: number, error: StreamError) => void
  readonly #watch: StuckWatch
  #closing = false

  constructor(life: JobLife, parts: ThreadParts) {
    this.#life = life
    this.#parts = parts
    this.plan = life.plan
    const { schedule, machine, main } = parts
    const [toCoordinator, line] = simulatedLine<ToMain, FromMain>(
      schedule,
      main,
      this.#actor(this.workers),
    )
    this.coordinator = toCoordinator
    this.#died = deathsOf(life, toCoordinator)
    const { stuckAfterMs } = life.spec.settings
    const onStuck = (thread: number, error: StreamError) => this.terminate(thread, error)
    this.#watch = new StuckWatch(life.plan, stuckAfterMs, onStuck, machine)
    const started = Array.from({ length: this.workers }, (_, thread) => this.#startWorker(thread))
    this.reports = started.map(({ reports }) => reports)
    this.#start(this.workers, (init) => {
      const lines = { workers: started.map(({ control }) => control), main: line }
      void new Coordinator(init, lines, undefined, machine).run(async () => life.job)
    })
  }

  /** How many threads run subtasks. Behind them, the coordinator. */
  get workers(): number {
    return this.#life.plan.plan.threads
  }

  /** A thread is terminated, wherever it is: the main thread hears of it some time later. False: it has ended before. */
  terminate(thread: number, error: StreamError): boolean {
    const { schedule, main } = this.#parts
    if (!schedule.lives(this.#actor(thread))) return false
    schedule.end(this.#actor(thread), 'thread')
    const what = () => `hears that ${this.#actor(thread)} has ended`
    const run = () => {
      if (!this.#closing) this.#died(thread, error)
    }
    schedule.plan({ ms: schedule.delay(END_MS), what, run }, main)
    return true
  }

  /** User code that a thread has called does not return; not one that runs none at present. */
  hang(thread: number): void {
    if (this.plan.beats.read(thread) === undefined) return
    this.#parts.schedule.hang(this.#actor(thread))
  }

  async dispose(): Promise<void> {
    const { schedule, main } = this.#parts
    this.#closing = true
    this.#watch.close()
    const { promise, resolve } = Promise.withResolvers<void>()
    const run = () => {
      this.end('thread')
      resolve()
    }
    schedule.plan({ ms: schedule.delay(END_MS), what: () => 'ends all threads', run }, main)
    await promise
  }

  /** All of them end where they are. */
  end(end: End): void {
    for (let thread = 0; thread <= this.workers; thread++)
      this.#parts.schedule.end(this.#actor(thread), end)
  }

  ref(): void {}

  unref(): void {}

  #actor(thread: number): string {
    const { name } = this.#parts
    return thread === this.workers ? `${name} coordinator` : `${name} thread ${thread}`
  }

  /** A thread begins to run some time after it was started. */
  #start(thread: number, run: (init: ThreadInit) => void): void {
    const { schedule } = this.#parts
    // None of them may block: they are one.
    const init = { ...this.#life.initOf(thread), mayBlock: false }
    const event = { ms: schedule.delay(START_MS), what: () => 'starts', run: () => run(init) }
    schedule.plan(event, this.#actor(thread))
  }

  #startWorker(thread: number): {
    control: ControlPort<FromWorker, ToWorker>
    reports: ControlPort<Report, never>
  } {
    const { schedule, machine, main, settingsOf = (_, same) => same } = this.#parts
    const actor = this.#actor(thread)
    const [control, coordinator] = simulatedLine<FromWorker, ToWorker>(
      schedule,
      this.#actor(this.workers),
      actor,
    )
    const [reports, reporter] = simulatedLine<Report, never>(schedule, main, actor)
    this.#start(thread, (init) => {
      const settings = settingsOf(thread, init.settings)
      const lines = { coordinator, main: reporter }
      void new JobThread({ ...init, settings }, lines, machine).run(async () => this.#life.job)
    })
    return { control, reports }
  }
}

/** What ends a thread from outside. */
export function terminated(thread: string): StreamError {
  return new StreamError('SAGE_WORKER_EXIT', `injected: ${thread} was terminated`)
}
