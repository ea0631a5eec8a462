import { EventEmitter } from 'node:events'
import {
  describe,
  type ErrorData,
  errorFromData,
  errorToData,
  StreamError,
} from '../../codec/errors.ts'
import type { DeadLetter } from '../../operators/contract/error-policy.ts'
import { LOG_LEVELS, type Logger } from '../../operators/contract/logger.ts'
import type { FedRecords } from '../checkpoint/manifest.ts'
import type { ExplainFormat } from '../graph/explain.ts'
import { readMetrics } from '../metrics/metrics-reader.ts'
import type { OperatorMetrics } from '../metrics/operator-metrics.ts'
import { sharedMs } from '../metrics/task-times.ts'
import type { CheckpointInfo, CompletedReport, Outcome, Report, ToMain } from '../thread/control.ts'
import { DEAD_LETTERS_MAX } from '../thread/dead-letter-office.ts'
import type { Machine } from '../thread/machine.ts'
import { CheckpointRequests } from './checkpoint-requests.ts'
import type { JobBody, JobHost, KeepAlive } from './job-host.ts'
import type { JobPlan } from './job-plan.ts'
import type { JobResult, JobStatus } from './job-result.ts'
import { MainLoop } from './main-loop.ts'
import { PrintOutput } from './print-output.ts'
import { ReplayLog } from './replay-log.ts'
import { Replies } from './replies.ts'
import type { RestartPolicy } from './restart-decision.ts'
import { Restarts } from './restarts.ts'
import { Settling } from './settling.ts'
import { checkStopOptions, type StopOptions } from './stop-options.ts'
import { StreamInput } from './stream-input.ts'
import { StreamOutput } from './stream-output.ts'

/** When a checkpoint that a stream waits for has failed, another one is asked for so much later. */
const RETRY_MS = 1_000

/** What a job is made of, for all of its lives. */
export interface JobParts<IO> {
  readonly id: string
  readonly name: string
  readonly logger: Logger
  readonly io: IO
  readonly restart: RestartPolicy
  readonly host: JobHost
  /** Plans the job and allocates memory for one life of it. */
  plan(): JobPlan
  /**
   * Starts all that works on a plan's memory.
   *
   * @param life - unlike that of any other life of the job
   * @param since - the job's first checkpoint of its own: it begins with the newest, and not with what was configured
   * @param died - tells of a failure that the coordinator cannot tell
   */
  launch(
    plan: JobPlan,
    life: number,
    since: number | undefined,
    died: (error: StreamError) => void,
  ): JobBody
  /** Gives up the checkpoint directory, which a coordinator that has died held. */
  unlock(): Promise<void>
}

/**
 * A submitted job, on the thread that submitted it.
 *
 * A job that fails may be started again (`config.restart`): with new threads, on new memory, from its newest checkpoint. To its
 * users it is the same job: streams and outputs go on. The numbers of `metrics()` count from the last start, but for what
 * streams and outputs have dropped; dead letters of a time that is repeated come twice.
 *
 * @typeParam IO - the streams and outputs that the job's definition returned
 */
export class JobHandle<IO = Record<string, unknown>> {
  readonly id: string
  readonly name: string
  readonly #io: IO
  readonly #parts: JobParts<IO>
  readonly #logger: Logger
  readonly #events = new EventEmitter()
  readonly #machine: Machine
  readonly #startedMs: number
  readonly #inputs = new Map<number, StreamInput>()
  readonly #outputs = new Map<number, StreamOutput>()
  readonly #prints = new Map<number, PrintOutput>()
  readonly #settling: Settling
  readonly #restarts: Restarts
  #plan: JobPlan
  #loop: MainLoop
  /** Settles when this life runs, or the first behind it that does; another one once that has failed. */
  #running = Promise.withResolvers<void>()
  readonly #finished = Promise.withResolvers<JobResult>()
  readonly #deadLetters: DeadLetter[] = []
  #deadLettersDropped = 0
  readonly #requests = new CheckpointRequests()
  #status: JobStatus = 'created'
  /** Undefined between two lives. */
  #body: JobBody | undefined
  /** The number of this life: what was sent in an earlier one is not heard any more. */
  #life = 0
  /** The life in which streams with `replay` were last fed. */
  #fedLife = 0
  #hasRun = false
  /** The first checkpoint of this job's own that was complete. */
  #firstCheckpoint: number | undefined
  /** Whether a coordinator has died, and no later one has taken over what it held. */
  #orphaned = false
  #unreferenced = false
  /** Between two lives: the wait for the next, and how the job ends instead. */
  #delay: { readonly alive: KeepAlive; readonly over: () => void } | undefined
  #wish: 'stopped' | 'cancelled' | undefined
  #observed = false

  /** @internal Made by `submit`. */
  constructor(parts: JobParts<IO>) {
    this.id = parts.id
    this.name = parts.name
    this.#parts = parts
    this.#logger = parts.logger
    this.#io = parts.io
    this.#machine = parts.host.loop.machine
    this.#startedMs = this.#machine.nowMs()
    this.#restarts = new Restarts(parts.restart, this.#machine)
    this.#plan = parts.plan()
    this.#openEnds()
    this.#loop = this.#listen()
    const handle = this
    this.#settling = new Settling({
      get words() {
        return handle.#plan.settle
      },
      ringAll: () => this.ringAll(),
      inputs: this.#inputs.values().toArray(),
      outputs: this.#outputs.values().toArray(),
      prints: this.#prints.values().toArray(),
      machine: this.#machine,
      ended: this.#finished.promise,
    })
    // A failure that nobody asks for is told by `status`, or by the script's end: never as an unhandled rejection.
    this.#finished.promise.catch(() => {})
    this.#running.promise.catch(() => {})
    this.#launch()
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

  /** @internal Wakes all threads that run subtasks. */
  ringAll(): void {
    this.#plan.ringAll()
  }

  /**
   * Stops gracefully: sources end, what was accepted is processed and emitted. Idempotent.
   * Rejects with the job's failure if it fails on the way. A job that waits for its restart ends as it is; one that is to
   * leave a savepoint is started first.
   */
  async stop(options: StopOptions = {}): Promise<JobResult> {
    const { savepoint, drain = false } = checkStopOptions(options)
    if (savepoint !== undefined) await this.#savepoint(savepoint, !drain)
    if (savepoint !== undefined && !drain) return this.finished
    this.#stopping = !this.#ending
    if (this.#body === undefined) this.#endWaiting('stopped')
    else this.#body.coordinator.post({ type: 'stop' })
    for (const input of this.#inputs.values()) input.end()
    return this.finished
  }

  /**
   * @internal Ends behind a checkpoint, without an end of its input: what is open stays so for the next run. A job that takes no
   * checkpoints stops; one that waits for its restart ends as it is. Rejects when the checkpoint could not be taken, and the
   * job goes on.
   */
  async suspend(): Promise<JobResult> {
    if (!this.#plan.takesCheckpoints || this.#body === undefined) return this.stop()
    await this.#request('suspend()', undefined, true)
    return this.finished
  }

  /** Ends at once; what is in flight is lost. Idempotent. */
  async cancel(): Promise<JobResult> {
    this.#cancelling = true
    if (this.#body === undefined) this.#endWaiting('cancelled')
    else this.#body.coordinator.post({ type: 'cancel' })
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
      this.#endedMs ?? sharedMs(this.#machine.nowMs()),
      (node) => this.#inputs.get(node) ?? this.#outputs.get(node),
    )
  }

  /** The physical plan: which operators run fused, how parallel, on which threads, and what crosses between them. */
  explain(format: ExplainFormat = 'text'): string {
    return this.#plan.explain(this.name, format)
  }

  /**
   * Calls the listener on the thread that submitted the job: at each change of `status`, for each checkpoint that is
   * complete, and before each restart, with the failure that is its cause.
   */
  on(event: 'status', listener: (status: JobStatus) => void): this
  on(event: 'checkpoint', listener: (info: CheckpointInfo) => void): this
  on(event: 'restart', listener: (error: StreamError) => void): this
  on(event: string, listener: (...args: any[]) => void): this {
    this.#events.on(event, listener)
    return this
  }

  /** Lets the process end although the job runs, or waits for its restart. */
  unref(): void {
    this.#unreferenced = true
    this.#body?.unref()
    this.#delay?.alive.unref()
  }

  /** The reverse of `unref`. */
  ref(): void {
    this.#unreferenced = false
    this.#body?.ref()
    this.#delay?.alive.ref()
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
    do {
      await this.#running.promise
      // What was accepted before lies before the barriers.
      await this.#settling.pushed()
      if (this.#ending) {
        throw new StreamError('SAGE_CANCELLED', `${what}: expected a running job, but it has ended`)
      }
    } while (this.#status !== 'running')
    return this.#ask(path, suspend)
  }

  #ask(path: string | undefined, suspend: boolean): Promise<CheckpointInfo> {
    const wanted = { suspend, ...(path === undefined ? {} : { path }) }
    return this.#requests.ask(wanted, (request) =>
      this.#body?.coordinator.post({ type: 'checkpoint', request }),
    )
  }

  /** What a stream keeps for the next life leaves no room: a checkpoint releases it. */
  async #makeRoom(input: StreamInput): Promise<void> {
    while (input.full && !this.#ending) {
      try {
        do await this.#running.promise
        while (this.#status !== 'running' && !this.#ending)
        await this.#ask(undefined, false)
      } catch (error) {
        if (this.#ending) return
        const { message } = error as Error
        this.#logger.warning(`job '${this.name}': pushes wait for a checkpoint: ${message}`)
        await new Promise<void>((resolve) => void this.#machine.after(RETRY_MS, resolve))
      }
    }
  }

  #checkpointed({ info, requests, pushed }: CompletedReport): void {
    if (pushed !== undefined) {
      this.#firstCheckpoint ??= info.id
      this.#restarts.progressed()
      for (const [node, records] of pushed) this.#inputs.get(node)?.checkpointed(records)
    }
    // What fails from here on fails a job that was to end.
    if (this.#requests.answer(requests, info)) this.#stopping = true
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
    const { loop } = this.#parts.host
    const warn = (message: string) => this.#logger.warning(`job '${this.name}': ${message}`)
    for (const exchange of this.#plan.plan.exchanges) {
      const { body, id, name } = exchange.to
      if (exchange.fromChain === undefined && body.type === 'input') {
        const replays = body.replay === true && this.#plan.takesCheckpoints
        const input: StreamInput = new StreamInput(
          name,
          this.#plan.sender(exchange),
          body.capacity,
          () => this.#loop.expect(),
          replays ? new ReplayLog() : undefined,
          () => void this.#makeRoom(input),
          loop,
        )
        this.#inputs.set(id, input)
      }
      if (exchange.toChain !== undefined || body.type !== 'output') continue
      const channel = this.#plan.receiver(exchange)
      if (body.factory !== undefined) this.#prints.set(id, new PrintOutput(channel, loop))
      else {
        const numbers = { first: id, step: this.#plan.graph.nodes.length }
        const replies = new Replies(name, numbers, loop.machine)
        this.#outputs.set(id, new StreamOutput(name, channel, body.capacity, replies, warn, loop))
      }
    }
  }

  #attachEnds(): void {
    for (const exchange of this.#plan.plan.exchanges) {
      const { id } = exchange.to
      const input = this.#inputs.get(id)
      // Those wait until it is known what need not be fed again.
      if (exchange.fromChain === undefined && input?.replays === false)
        input.attach(this.#plan.sender(exchange))
      if (exchange.toChain !== undefined) continue
      const end = this.#outputs.get(id) ?? this.#prints.get(id)
      end?.attach(this.#plan.receiver(exchange))
    }
  }

  /**
   * It is known what this life begins with. A checkpoint of the life before may have been complete without its coordinator having
   * come to tell.
   */
  #resumed(fed: FedRecords | undefined): void {
    this.#orphaned = false
    const records = new Map(fed?.life === this.#fedLife ? fed.records : [])
    this.#fedLife = this.#life
    for (const exchange of this.#plan.plan.exchanges) {
      const { id } = exchange.to
      const input = this.#inputs.get(id)
      if (exchange.fromChain !== undefined || input?.replays !== true || input.attached) continue
      input.checkpointed(records.get(id) ?? 0)
      input.attach(this.#plan.sender(exchange))
      // The loop has looked at it before: what waits, and the end, would wait for a ring of the bell.
      input.pump()
      this.#loop.expect()
    }
  }

  /** The next life begins where the ends are attached to the plan's memory. */
  #launch(): void {
    const life = ++this.#life
    const isThis = () => this.#life === life
    this.#endedMs = undefined
    const body = this.#parts.launch(this.#plan, life, this.#firstCheckpoint, (error) => {
      if (!isThis()) return
      this.#orphaned = true
      this.#conclude({ status: 'failed', error: errorToData(error) })
    })
    this.#body = body
    body.coordinator.onMessage((message) => {
      if (isThis()) this.#hear(message)
    })
    for (const report of body.reports) report.onMessage((message) => this.#receive(message))
    if (this.#unreferenced) body.unref()
  }

  #hear(message: ToMain): void {
    if (message.type === 'running') this.#begin()
    else if (message.type === 'resumed') this.#resumed(message.fed)
    else if (message.type === 'checkpoint') this.#checkpointed(message)
    else if (message.type === 'refused') this.#refused(message.error, message.requests)
    else if (message.type === 'log') this.#receive(message)
    else this.#conclude(message.outcome)
  }

  #begin(): void {
    this.#hasRun = true
    this.#running.resolve()
    this.#setStatus('running')
  }

  #listen(): MainLoop {
    const ends = [...this.#inputs.values(), ...this.#outputs.values(), ...this.#prints.values()]
    const awaited = () => this.#outputs.values().some((output) => output.awaited)
    return new MainLoop(this.#plan.mainBell, ends, this.#plan.spinMs, awaited, this.#machine)
  }

  /** This life is over. */
  #conclude(outcome: Outcome): void {
    this.#life++
    const body = this.#body!
    this.#body = undefined
    if (outcome.status !== 'failed') {
      // Ended inputs may have drained the workers before the coordinator heard of the stop.
      const status = outcome.status === 'finished' && this.#stopping ? 'stopped' : outcome.status
      void this.#end(status, body)
      return
    }
    const failure = asFailure(errorFromData(outcome.error))
    const decision = this.#restarts.decide(failure.code, {
      hasRun: this.#hasRun,
      ending: this.#stopping || this.#cancelling,
    })
    if (decision.type === 'restart') void this.#restart(failure, decision.delayMs, body)
    else void this.#end('failed', body, failure)
  }

  async #restart(failure: StreamError, delayMs: number, body: JobBody): Promise<void> {
    // Who waits for a life that has never run goes on to wait for the next.
    if (this.#status === 'running') {
      this.#running = Promise.withResolvers()
      this.#running.promise.catch(() => {})
    }
    this.#requests.close(failure)
    // Nothing more goes where nobody takes it.
    for (const input of this.#inputs.values()) input.detach()
    this.#logger.warning(
      `job '${this.name}' has failed and starts again in ${delayMs} ms: ${failure.message}`,
    )
    this.#status = 'restarting'
    // A listener that throws must not keep the job from starting again.
    queueMicrotask(() => this.#events.emit('status', 'restarting'))
    queueMicrotask(() => this.#events.emit('restart', failure))
    await body.dispose()
    this.#loop.close()
    for (const output of this.#outputs.values()) output.detach(failure)
    for (const print of this.#prints.values()) print.finish()
    this.#endedMs = sharedMs(this.#machine.nowMs())
    await this.#wait(delayMs)
    if (this.#wish !== undefined) {
      await this.#end(this.#wish)
      return
    }
    try {
      this.#startAgain()
    } catch (error) {
      await this.#end('failed', undefined, asFailure(error))
    }
  }

  #startAgain(): void {
    const { settle } = this.#plan
    this.#plan = this.#parts.plan()
    this.#attachEnds()
    this.#loop = this.#listen()
    this.#settling.moved(settle)
    this.#launch()
  }

  #wait(delayMs: number): Promise<void> {
    if (this.#wish !== undefined) return Promise.resolve()
    return new Promise((resolve) => {
      const alive = this.#parts.host.keepAlive()
      if (this.#unreferenced) alive.unref()
      const over = () => {
        stopTimer()
        alive.release()
        this.#delay = undefined
        resolve()
      }
      const stopTimer = this.#machine.after(delayMs, over)
      this.#delay = { alive, over }
    })
  }

  /** The job was to be started again, and ends instead. */
  #endWaiting(status: 'stopped' | 'cancelled'): void {
    if (this.#ending) return
    this.#wish ??= status
    this.#delay?.over()
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

  async #end(status: JobStatus, body?: JobBody, failure?: StreamError): Promise<void> {
    this.#ending = true
    await body?.dispose()
    if (this.#orphaned) await this.#unlock()
    for (const print of this.#prints.values()) print.finish()
    const reason = failure ?? ended(this.name, status)
    this.#requests.close(failure ?? unanswered(this.name, status))
    // First: what waits here is not accepted any more, and so is not answered.
    for (const input of this.#inputs.values()) input.close(reason)
    for (const output of this.#outputs.values()) output.close(reason, failure !== undefined)
    this.#loop.close()
    this.#endedMs ??= sharedMs(this.#machine.nowMs())
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

  async #unlock(): Promise<void> {
    try {
      await this.#parts.unlock()
    } catch (error) {
      const { message } = error as Error
      this.#logger.warning(`job '${this.name}': its checkpoints stay locked: ${message}`)
    }
  }

  #endedMs: number | undefined
  #ending = false
  #stopping = false
  #cancelling = false

  #result(status: JobStatus): JobResult {
    return {
      status,
      durationMs: this.#machine.nowMs() - this.#startedMs,
      restarts: this.#restarts.count,
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

function unanswered(job: string, status: string): StreamError {
  return new StreamError(
    'SAGE_CANCELLED',
    `checkpoint: job '${job}' has ended (${status}) before it was complete`,
  )
}

function checkpointsDisabled(what: string): StreamError {
  return new StreamError(
    'SAGE_CHECKPOINT_DISABLED',
    `${what}: expected a job with config.checkpoint, got one without`,
  )
}
