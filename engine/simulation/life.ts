import type { StreamError } from '../../codec/errors.ts'
import type { Logger } from '../../operators/contract/logger.ts'
import { BaseEnvironment } from '../api/base-environment.ts'
import { submitGraph } from '../api/submit-graph.ts'
import { type EnvironmentConfig, resolveConfig } from '../job/config.ts'
import type { JobHandle } from '../job/job-handle.ts'
import type { JobBody, JobHost, JobLife } from '../job/job-host.ts'
import type { JobPlan } from '../job/job-plan.ts'
import { LoopTurn } from '../job/loop-turn.ts'
import type { MainProgram } from './main-program.ts'
import { Finding } from './oracle.ts'
import type { RestartRules } from './restart-rules.ts'
import { SimulatedThreads, type ThreadParts, terminated } from './simulated-threads.ts'

/** What a life of a job is made of. */
export interface LifeParts extends Omit<ThreadParts, 'main'> {
  /** Unlike that of any other life. */
  readonly owner: string
  readonly config: EnvironmentConfig
  readonly rules: RestartRules
  build(env: BaseEnvironment): void
  /** What the main thread does with the job, once it is submitted. */
  program(job: JobHandle): MainProgram
  /** How its threads are started, and what the main thread has of them: as they are, but in tests of the simulator. */
  startOf?(life: JobLife): JobLife
  bodyOf?(body: JobBody, life: JobLife): JobBody
  /** A line for the trace. */
  note(line: string): void
  /** The job is started, for the how manieth time. */
  onLaunch(start: number): void
  /** Something has gone wrong with it, and it will be started again. */
  onRestart(error: StreamError): void
  /** What must never be. */
  onFinding(finding: Error): void
}

/** How a job has ended, as its handle says. */
export type Ending =
  | { readonly status: 'finished' | 'stopped' | 'cancelled' }
  | { readonly status: 'failed'; readonly error: StreamError }

class SimulatedEnvironment extends BaseEnvironment {
  readonly platform = 'simulation'
}

/**
 * A job in one process, from its submission to its end: the handle of the engine, on a main thread that is an actor of the schedule,
 * and its threads, on a machine that is simulated. It may fail, and be started again, several times.
 */
export class Life {
  /** How it ended, once it has. */
  outcome: Ending | undefined
  /** Whether it has ever run. */
  running = false
  /** Checkpoints that were completed. */
  completed = 0
  /** How often it was started again. */
  restarts = 0
  /** Savepoints that were asked for, by their directories, to stand still behind. */
  readonly #wanted = new Set<string>()
  /** The savepoint that the job stood still behind, where it did. */
  savepoint: string | undefined
  /** Whether the coordinator of its last start was terminated: nobody has let go of what that held. */
  beheaded = false
  readonly #parts: LifeParts
  readonly #main: string
  #job: JobHandle | undefined
  #program: MainProgram | undefined
  #threads: SimulatedThreads | undefined
  #starts = 0
  /** Whether its end was asked for: for certain, or perhaps. */
  #ending: 'no' | 'perhaps' | 'yes' = 'no'
  #drains = false
  #suspended = false

  constructor(parts: LifeParts) {
    this.#parts = parts
    this.#main = `${parts.name} main`
  }

  /** Submits the job. */
  submit(): Promise<void> {
    return this.#act('submits', () => {
      const { config, build } = this.#parts
      const env = new SimulatedEnvironment('simulated', config)
      build(env)
      const spec = { form: 'script', url: '', name: 'simulated', params: undefined } as const
      const resolved = { ...resolveConfig(config), logger: this.#logger() }
      const submission = {
        graph: env.graph,
        services: [],
        config: resolved,
        spec: { ...spec, config: {} },
        io: {},
      }
      this.#follow(submitGraph(submission, this.#host()))
      this.#program = this.#parts.program(this.#job!)
    })
  }

  /** Whether the job has ended, and whoever works with it has heard so. */
  get over(): boolean {
    return this.outcome !== undefined && this.#program!.done
  }

  /** The memory of the job's present start. */
  get plan(): JobPlan {
    return this.#threads!.plan
  }

  /** How many threads run subtasks. */
  get workers(): number {
    return this.#threads!.workers
  }

  /** Whether it was to stop, and to drain before. */
  get drains(): boolean {
    return this.#drains && !this.#suspended
  }

  checkpoint(): Promise<void> {
    return this.#ask('checkpoint()', (job) => job.checkpoint())
  }

  takeSavepoint(path: string): Promise<void> {
    return this.#ask('savepoint()', (job) => job.savepoint(path))
  }

  /** Stands still behind a checkpoint, or a savepoint. */
  suspend(path?: string): Promise<void> {
    if (path !== undefined) this.#wanted.add(path)
    else if (this.#ending === 'no') this.#ending = 'perhaps'
    return this.#ask('suspend()', async (job) => {
      try {
        await (path === undefined ? job.suspend() : job.stop({ savepoint: path }))
        this.#suspended = true
      } catch (error) {
        // One that is complete all the same is none that anyone knows of.
        if (path !== undefined) this.#wanted.delete(path)
        throw error
      }
    })
  }

  stop(): Promise<void> {
    return this.#ask('stop()', (job) => {
      this.#ending = 'yes'
      // One that waits for its restart ends as it is.
      if (job.status !== 'restarting') this.#drains = true
      return job.stop()
    })
  }

  cancel(): Promise<void> {
    return this.#ask('cancel()', (job) => {
      this.#ending = 'yes'
      return job.cancel()
    })
  }

  /** A thread is terminated from outside. Behind the workers, the coordinator. */
  terminate(thread: number): void {
    const isCoordinator = thread === this.workers
    const who = isCoordinator ? 'the coordinator' : 'a worker thread'
    if (this.#threads!.terminate(thread, terminated(who)) && isCoordinator) this.beheaded = true
  }

  /** A worker thread does not return from user code. */
  hang(thread: number): void {
    this.#threads!.hang(thread)
  }

  /** All of it ends where it is. */
  end(end: 'thread' | 'process'): void {
    this.#threads!.end(end)
    this.#parts.schedule.end(this.#main, end)
  }

  #act(what: string, work: () => void): Promise<void> {
    return this.#parts.schedule.happen(this.#main, what, work)
  }

  /** Asks something of the job; that it cannot be done is no finding. */
  #ask(what: string, ask: (job: JobHandle) => Promise<unknown>): Promise<void> {
    return this.#act(what, () => {
      ask(this.#job!).catch((error: Error) => this.#parts.note(`${what}: ${error.message}`))
    })
  }

  #host(): JobHost {
    const { owner, machine, schedule, name, onLaunch, rules } = this.#parts
    const { startOf = (same) => same, bodyOf = (same) => same } = this.#parts
    return {
      loop: new LoopTurn(machine),
      nameJob: () => ({ id: 'simulated', owner }),
      keepAlive: () => ({ ref() {}, unref() {}, release() {} }),
      launch: (life) => {
        this.#starts++
        this.beheaded = false
        this.#hold(() => rules.launched(schedule.nowMs))
        onLaunch(this.#starts)
        const parts = { ...this.#parts, main: this.#main, name: `${name}.${this.#starts}` }
        this.#threads = new SimulatedThreads(startOf(life), parts)
        return bodyOf(this.#threads, life)
      },
    }
  }

  #follow(job: JobHandle): void {
    const { note, schedule, rules, onRestart } = this.#parts
    this.#job = job
    job.on('status', (status) => {
      note(`the job is ${status}`)
      if (status === 'running') this.running = true
    })
    job.on('checkpoint', ({ id, path, bytes }) => {
      this.completed++
      note(`checkpoint ${id} is complete: ${bytes} bytes`)
      const directory = path.slice(0, path.lastIndexOf('/'))
      if (this.#wanted.has(directory)) {
        // Whether whoever has asked for it is answered, nobody sees.
        this.savepoint = path
        if (this.#ending === 'no') this.#ending = 'perhaps'
      }
      if (!directory.includes('savepoints')) rules.checkpointed()
    })
    job.on('restart', (error) => {
      this.restarts++
      this.savepoint = undefined
      note(`the job starts again: ${error.code}: ${error.message}`)
      this.#hold(() => {
        if (this.#ending === 'yes') throw new Finding('the job starts again, and was to end')
        rules.restarting(error.code, schedule.nowMs)
        this.#program!.restarted()
        onRestart(error)
      })
    })
    job.ended.then(
      ({ status }) => {
        this.outcome = { status } as Ending
        this.#hold(() => this.#checkStreams())
      },
      (error: StreamError) => {
        this.outcome = { status: 'failed', error }
        if (this.running && this.#ending === 'no')
          this.#hold(() => rules.gaveUp(error.code, schedule.nowMs))
      },
    )
  }

  #checkStreams(): void {
    const missed = this.#program!.misses()
    if (missed !== undefined) throw new Finding(missed)
  }

  #hold(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.#parts.onFinding(error as Error)
    }
  }

  #logger(): Logger {
    const { note } = this.#parts
    return {
      debug: (message) => note(`DEBUG ${message}`),
      info: (message) => note(`INFO ${message}`),
      warning: (message) => note(`WARNING ${message}`),
      error: (message) => note(`ERROR ${message}`),
    }
  }
}
