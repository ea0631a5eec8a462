import { EventEmitter } from 'node:events'
import { describe, type ErrorData, errorFromData, StreamError } from '../../codec/errors.ts'
import type { DeadLetter } from '../../operators/contract/error-policy.ts'
import { LOG_LEVELS, type Logger } from '../../operators/contract/logger.ts'
import type { ExplainFormat } from '../graph/explain.ts'
import { readMetrics } from '../metrics/metrics-reader.ts'
import type { OperatorMetrics } from '../metrics/operator-metrics.ts'
import { sharedNowMs } from '../metrics/task-times.ts'
import type {
  CheckpointInfo,
  ControlPort,
  FromMain,
  Outcome,
  Report,
  ToMain,
} from '../thread/control.ts'
import { DEAD_LETTERS_MAX } from '../thread/dead-letter-office.ts'
import { CheckpointRequests } from './checkpoint-requests.ts'
import type { JobPlan } from './job-plan.ts'
import type { JobResult, JobStatus } from './job-result.ts'
import { MainLoop } from './main-loop.ts'
import { PrintOutput } from './print-output.ts'
import { Replies } from './replies.ts'
import { Settling } from './settling.ts'
import { StreamInput } from './stream-input.ts'
import { StreamOutput } from './stream-output.ts'

/** Options of `stop`. */
export interface StopOptions {
  readonly savepoint?: string
  readonly drain?: boolean
}

/** What carries a job out: threads, or the calling thread. */
export interface JobBody {
  readonly coordinator: ControlPort<ToMain, FromMain>
  readonly reports: readonly ControlPort<Report, never>[]
  /** Lets go of threads and handles. */
  dispose(): Promise<void>
  ref(): void
  unref(): void
}

/**
 * A submitted job, on the thread that submitted it.
 *
 * @typeParam IO - the streams and outputs that the job's definition returned
 */
export class JobHandle<IO = Record<string, unknown>> {
  readonly id: string
  readonly name: string
  readonly #io: IO
  readonly #plan: JobPlan
  readonly #logger: Logger
  readonly #events = new EventEmitter()
  readonly #started = performance.now()
  readonly #inputs = new Map<number, StreamInput>()
  readonly #outputs = new Map<number, StreamOutput>()
  readonly #prints: PrintOutput[] = []
  readonly #loop: MainLoop
  readonly #settling: Settling
  readonly #running = Promise.withResolvers<void>()
  readonly #finished = Promise.withResolvers<JobResult>()
  readonly #deadLetters: DeadLetter[] = []
  #deadLettersDropped = 0
  readonly #requests = new CheckpointRequests()
  #status: JobStatus = 'created'
  #body: JobBody | undefined
  #observed = false

  /** @internal Made by `submit`. */
  constructor(id: string, name: string, plan: JobPlan, logger: Logger, io: IO) {
    this.id = id
    this.name = name
    this.#plan = plan
    this.#logger = logger
    this.#io = io
    this.#openEnds()
    const ends = [...this.#inputs.values(), ...this.#outputs.values(), ...this.#prints]
    const awaited = () => this.#outputs.values().some((output) => output.awaited)
    this.#loop = new MainLoop(plan.mainBell, ends, plan.spinMs, awaited)
    this.#settling = new Settling({
      words: plan.settle,
      ringAll: () => plan.ringAll(),
      inputs: this.#inputs.values().toArray(),
      outputs: this.#outputs.values().toArray(),
      prints: this.#prints,
      ended: this.#finished.promise,
    })
    // A failure that nobody asks for is told by `status`, or by the script's end: never as an unhandled rejection.
    this.#finished.promise.catch(() => {})
    this.#running.promise.catch(() => {})
  }

  get status(): JobStatus {
    return this.#status
  }

  /** The job's streams and outputs, by the names under which its definition returned them. */
  get io(): IO {
    return this.#io
  }

  /** Resolves when the job has finished, stopped or been cancelled; rejects with the `StreamError` of a failed one. */
  get finished(): Promise<JobResult> {
    this.#observed = true
    return this.#finished.promise
  }

  /** @internal Whether anyone has asked for `finished`. */
  get observed(): boolean {
    return this.#observed
  }

  /** @internal The job's end, for the engine itself: asking for it is not observing. */
  get ended(): Promise<JobResult> {
    return this.#finished.promise
  }

  /** @internal Resolves when all workers run; rejects when the job failed before. */
  get running(): Promise<void> {
    return this.#running.promise
  }

  /**
   * For `settled` of `sage-stream/testing`.
   * @internal
   */
  settled(): Promise<void> {
    return this.#settling.settled()
  }

  /** @internal */
  inputOf(node: number): StreamInput {
    return this.#inputs.get(node)!
  }

  /** @internal */
  outputOf(node: number): StreamOutput {
    return this.#outputs.get(node)!
  }

  /** @internal Attaches what carries the job out. Called once, by `startJob`. */
  attach(body: JobBody): void {
    this.#body = body
    body.coordinator.onMessage((message) => {
      if (message.type === 'running') this.#begin()
      else if (message.type === 'checkpoint') this.#checkpointed(message.info, message.requests)
      else if (message.type === 'refused') this.#refused(message.error, message.requests)
      else if (message.type === 'log') this.#receive(message)
      else void this.#end(message.outcome)
    })
    for (const report of body.reports) report.onMessage((message) => this.#receive(message))
  }

  /** @internal Ends the job where its coordinator cannot: it is the coordinator that died. */
  abandon(outcome: Outcome): void {
    void this.#end(outcome)
  }

  /**
   * Stops gracefully: sources end, what was accepted is processed and emitted. Idempotent.
   * Rejects with the job's failure if it fails on the way.
   */
  async stop(options: StopOptions = {}): Promise<JobResult> {
    if (options.savepoint !== undefined)
      await this.#savepoint(options.savepoint, options.drain !== true)
    if (options.savepoint !== undefined && options.drain !== true) return this.finished
    this.#stopping = !this.#ending
    this.#body?.coordinator.post({ type: 'stop' })
    for (const input of this.#inputs.values()) input.end()
    return this.finished
  }

  /** Ends at once; what is in flight is lost. Idempotent. */
  async cancel(): Promise<JobResult> {
    this.#body?.coordinator.post({ type: 'cancel' })
    return this.finished
  }

  /**
   * Takes a checkpoint now. What was pushed and accepted before is in it.
   *
   * @throws StreamError `SAGE_CHECKPOINT_DISABLED`; why it could not be taken
   */
  checkpoint(): Promise<CheckpointInfo> {
    return this.#request('checkpoint()', undefined, false)
  }

  /**
   * Writes a checkpoint that stands by itself into a directory of its own: it is not removed by later ones.
   *
   * @throws StreamError `SAGE_CHECKPOINT_DISABLED`; why it could not be taken
   */
  savepoint(path: string): Promise<CheckpointInfo> {
    return this.#savepoint(path, false)
  }

  /** The live numbers of all operators, read from shared memory without asking a worker. */
  metrics(): OperatorMetrics[] {
    // Of an ended job no state lasts, whatever its threads could still write.
    return readMetrics(
      this.#plan,
      this.#endedMs ?? sharedNowMs(),
      (node) => this.#inputs.get(node) ?? this.#outputs.get(node),
    )
  }

  /** The physical plan: which operators run fused, how parallel, on which threads, and what crosses between them. */
  explain(format: ExplainFormat = 'text'): string {
    return this.#plan.explain(this.name, format)
  }

  /**
   * Calls the listener at each change of `status`, on the thread that submitted the job. Events `checkpoint` and `restart`
   * do not happen yet.
   */
  on(event: 'status', listener: (status: JobStatus) => void): this
  on(event: 'checkpoint', listener: (info: CheckpointInfo) => void): this
  on(event: 'restart', listener: (error: StreamError) => void): this
  on(event: string, listener: (...args: any[]) => void): this {
    this.#events.on(event, listener)
    return this
  }

  /** Lets the process end although the job runs. */
  unref(): void {
    this.#body?.unref()
  }

  /** The reverse of `unref`. */
  ref(): void {
    this.#body?.ref()
  }

  /** The same as `stop()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #savepoint(path: string, suspend: boolean): Promise<CheckpointInfo> {
    if (typeof path !== 'string' || path === '') {
      const message = `savepoint: expected the path of a directory, got ${describe(path)}`
      return Promise.reject(new StreamError('SAGE_OPTION', message))
    }
    return this.#request(
      'savepoint()',
      process.getBuiltinModule('node:path').resolve(path),
      suspend,
    )
  }

  async #request(
    what: string,
    path: string | undefined,
    suspend: boolean,
  ): Promise<CheckpointInfo> {
    if (!this.#plan.takesCheckpoints) throw checkpointsDisabled(what)
    await this.#running.promise
    // What was accepted before lies before the barriers.
    await this.#settling.pushed()
    if (this.#ending) {
      throw new StreamError('SAGE_CANCELLED', `${what}: expected a running job, but it has ended`)
    }
    const wanted = { suspend, ...(path === undefined ? {} : { path }) }
    return this.#requests.ask(wanted, (request) =>
      this.#body?.coordinator.post({ type: 'checkpoint', request }),
    )
  }

  #checkpointed(info: CheckpointInfo, requests: readonly number[]): void {
    this.#requests.answer(requests, info)
    this.#events.emit('checkpoint', info)
  }

  /** One that nobody asked for is told to the log: the job goes on without it. */
  #refused(data: ErrorData, requests: readonly number[]): void {
    const error = asFailure(errorFromData(data))
    this.#requests.refuse(requests, error)
    if (requests.length === 0)
      this.#logger.warning(`job '${this.name}': a checkpoint failed: ${error.message}`)
  }

  #openEnds(): void {
    const warn = (message: string) => this.#logger.warning(`job '${this.name}': ${message}`)
    for (const exchange of this.#plan.plan.exchanges) {
      const { body, id, name } = exchange.to
      if (exchange.fromChain === undefined && body.type === 'input') {
        this.#inputs.set(
          id,
          new StreamInput(name, this.#plan.sender(exchange), body.capacity, () =>
            this.#loop.expect(),
          ),
        )
      }
      if (exchange.toChain !== undefined || body.type !== 'output') continue
      const channel = this.#plan.receiver(exchange)
      if (body.factory !== undefined) this.#prints.push(new PrintOutput(channel))
      else {
        const replies = new Replies(name, { first: id, step: this.#plan.graph.nodes.length })
        this.#outputs.set(id, new StreamOutput(name, channel, body.capacity, replies, warn))
      }
    }
  }

  #begin(): void {
    // Its coordinator may have died behind this message.
    if (this.#ending) return
    this.#setStatus('running')
    this.#running.resolve()
  }

  #receive(report: Report): void {
    if (report.type === 'log') {
      this.#logger[logMethod[LOG_LEVELS.indexOf(report.level)]](report.message, ...report.details)
      return
    }
    const room = DEAD_LETTERS_MAX - this.#deadLetters.length
    for (const letter of report.letters.slice(0, room)) {
      this.#deadLetters.push({ ...letter, error: errorFromData(letter.error) })
    }
    this.#deadLettersDropped += report.dropped + Math.max(0, report.letters.length - room)
  }

  async #end(outcome: Outcome): Promise<void> {
    if (this.#ending) return
    this.#ending = true
    // Ended inputs may have drained the workers before the coordinator heard of the stop.
    const status = outcome.status === 'finished' && this.#stopping ? 'stopped' : outcome.status
    await this.#body?.dispose()
    for (const print of this.#prints) print.finish()
    const failure =
      outcome.status === 'failed' ? asFailure(errorFromData(outcome.error)) : undefined
    const reason = failure ?? ended(this.name, status)
    this.#requests.close(reason)
    // First: what waits here is not accepted any more, and so is not answered.
    for (const input of this.#inputs.values()) input.close(reason)
    for (const output of this.#outputs.values()) output.close(reason, failure !== undefined)
    this.#loop.close()
    this.#endedMs = sharedNowMs()
    const result = this.#result(status)
    if (failure === undefined) {
      this.#running.resolve()
      this.#finished.resolve(result)
    } else {
      this.#running.reject(failure)
      this.#finished.reject(failure)
    }
    // Last: a listener that throws must not keep the job from ending.
    this.#setStatus(status)
  }

  #endedMs: number | undefined
  #ending = false
  #stopping = false

  #result(status: JobStatus): JobResult {
    return {
      status,
      durationMs: performance.now() - this.#started,
      restarts: 0,
      operators: this.metrics(),
      deadLetters: this.#deadLetters,
      deadLettersDropped: this.#deadLettersDropped,
    }
  }

  #setStatus(status: JobStatus): void {
    this.#status = status
    this.#events.emit('status', status)
  }
}

const logMethod = ['debug', 'info', 'warning', 'error'] as const

function asFailure(error: unknown): StreamError {
  if (error instanceof StreamError) return error
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return new StreamError('SAGE_USER_ERROR', what, { cause: error })
}

function ended(job: string, status: string): StreamError {
  return new StreamError(
    'SAGE_STREAM_ENDED',
    `expected a running job, but job '${job}' has ended (${status})`,
  )
}

function checkpointsDisabled(what: string): StreamError {
  return new StreamError(
    'SAGE_CHECKPOINT_DISABLED',
    `${what}: expected a job with config.checkpoint, got one without`,
  )
}
