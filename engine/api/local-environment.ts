import { describe, StreamError } from '../../codec/errors.ts'
import type { Logger } from '../../operators/contract/logger.ts'
import type { EnvironmentConfig } from '../job/config.ts'
import { consoleLogger } from '../job/console-logger.ts'
import type { JobHandle } from '../job/job-handle.ts'
import type { JobResult } from '../job/job-result.ts'
import { announceScript, handOver, isWorker, type JobGraph } from '../thread/job-site.ts'
import { BaseEnvironment } from './base-environment.ts'
import { callSiteOf } from './call-site.ts'
import { expectSubmit, settleSubmit } from './forgotten-submit.ts'
import { failScript, handleSignals } from './script.ts'
import { submitGraph } from './submit-graph.ts'

/** Options of `submit`. */
export interface SubmitOptions {
  /** Resolve with the result when the job has ended, not with its handle when it runs. Default false. */
  readonly autostop?: boolean
}

/**
 * A job in script form: the module that constructs the environment is the job module, which every worker imports. On a
 * worker, `submit` hands the graph over and never returns, so nothing below it runs there.
 */
export class LocalEnvironment extends BaseEnvironment {
  readonly platform = 'local'
  #module: string | undefined
  #job: JobHandle | undefined

  constructor(name: string, config: EnvironmentConfig = {}) {
    super(name, config)
    if (isWorker) announceScript(this)
    else {
      this.#module = this.resolved().module ?? callSiteOf(new.target)
      expectSubmit(this)
    }
  }

  /** @internal Where the main thread warns of what concerns this environment. */
  get warnings(): Pick<Logger, 'warning'> {
    const { logger, logLevel } = this.resolved()
    return logger ?? consoleLogger(logLevel)
  }

  /** @internal What a worker takes over. */
  jobGraph(): JobGraph {
    return { graph: this.graph, services: this.services, clock: this.resolved().clock }
  }

  /**
   * Starts the job. Resolves with its handle once all workers run; with `autostop` with its result once it has
   * ended. Rejects with the `StreamError` of a job that failed.
   */
  submit(options: SubmitOptions & { readonly autostop: true }): Promise<JobResult>
  submit(options?: SubmitOptions & { readonly autostop?: false }): Promise<JobHandle>
  submit(options?: SubmitOptions): Promise<JobHandle | JobResult>
  async submit(options: SubmitOptions = {}): Promise<JobHandle | JobResult> {
    if (isWorker) return handOver(this)
    settleSubmit(this)
    const autostop = checkAutostop(options)
    const job = this.#start()
    if (autostop) return job.finished
    await job.running
    return job
  }

  /** Stops the job, if there is one, and waits for its end. */
  async close(): Promise<void> {
    settleSubmit(this)
    await this.#job?.stop()
  }

  #start(): JobHandle {
    const config = this.resolved()
    if (config.mode === 'threads' && this.#module === undefined) {
      throw new StreamError(
        'SAGE_JOB_MODULE',
        'expected the environment to be constructed in a file that workers can import; ' +
          "pass { module: import.meta.url }, or run with { mode: 'inline' }",
      )
    }
    const job = submitGraph({
      graph: this.graph,
      services: this.services,
      config,
      spec: {
        form: 'script',
        url: this.#module ?? '',
        name: this.name,
        params: undefined,
        config: {},
      },
      io: {},
    })
    this.#job = job
    if (config.signals) handleSignals(job)
    // Before it runs, a failure is `submit`'s to tell.
    job.running.then(
      () => failScript(job),
      () => {},
    )
    return job
  }
}

function checkAutostop(options: unknown): boolean {
  const { autostop = false, ...rest } = (options ?? {}) as { autostop?: unknown }
  if (
    typeof options === 'object' &&
    typeof autostop === 'boolean' &&
    Object.keys(rest).length === 0
  )
    return autostop
  throw new StreamError(
    'SAGE_OPTION',
    `submit: expected { autostop?: boolean }, got ${describe(options)}`,
  )
}
