import { newBatch } from '../../codec/record-codec.ts'
import type { Clock } from '../../operators/contract/context.ts'
import type { WatermarkGenerator } from '../../operators/contract/operator.ts'
import type { Awaitable } from '../../operators/contract/source.ts'
import type { InputChannel } from '../channel/input-channel.ts'
import type { OutputPort } from '../channel/output-port.ts'
import type { TaskMetrics } from '../metrics/task-metrics.ts'
import type { TaskState } from '../metrics/task-times.ts'
import type { ChainOperator, ChainState, CompiledChain } from './chain-model.ts'
import type { ChainTime } from './chain-time.ts'
import { asStreamError, FAILED } from './error-gate.ts'
import { Patience } from './patience.ts'
import { RunSlice } from './run-slice.ts'
import type { SourceDriver } from './source-driver.ts'

/** What a step has done: moved records, found nothing to do, or come to its end. */
export type Progress = 'worked' | 'idle' | 'ended'

/**
 * The life of a task:
 *
 * running → finishing (all inputs ended: operators emit what they kept) → settling (promises of sinks) →
 * draining (stop frames behind the last record) → completing (sinks publish, operators close) → ended.
 */
type Phase = 'running' | 'finishing' | 'settling' | 'draining' | 'completing' | 'ended'

/** One ring into a task, and the way into the chain that its records take. */
export interface TaskInput {
  readonly channel: InputChannel
  readonly entry: number
  /** Whether its frames carry timestamps and watermarks. */
  readonly timestamped: boolean
}

/** Everything a task is made of. */
export interface TaskParts {
  readonly name: string
  readonly subtask: number
  readonly chain: CompiledChain
  readonly state: ChainState
  readonly time: ChainTime
  /** Whether watermarks come in or are made here: without, time passes only at the end. */
  readonly timed: boolean
  /** Those of the operators that assign timestamps. */
  readonly generators: readonly WatermarkGenerator[]
  /** The job's. */
  readonly clock: Clock
  readonly operators: readonly ChainOperator[]
  readonly inputs: readonly TaskInput[]
  /** For a task that reads a source: entry 0 of its chain. */
  readonly source: SourceDriver | undefined
  readonly outputs: readonly OutputPort[]
  readonly metrics: TaskMetrics
  /** Monotonic milliseconds. */
  nowMs(): number
  wake(): void
}

/**
 * One subtask of a chain. `step` runs it for a while and never blocks; whoever drives it (a worker's loop, the
 * calling thread, a simulator) calls again. No input is taken while an output is pressed: so pressure runs
 * upstream, ring by ring, to the source.
 */
export class Task {
  readonly #parts: TaskParts
  readonly #batch = newBatch()
  readonly #slice: RunSlice
  readonly #patience: Patience
  #phase: Phase = 'running'
  #entry = 0
  #next = 0
  #turn = 0
  #touched = false
  /** Whether watermarks came with the batch. */
  #timestamped = false
  #finishing: Iterator<unknown> | undefined
  #finished = 0
  #completed: { readonly error?: unknown } | undefined

  constructor(parts: TaskParts) {
    this.#parts = parts
    this.#slice = new RunSlice(parts.nowMs)
    this.#patience = new Patience(parts.outputs)
  }

  get name(): string {
    return this.#parts.name
  }

  /** Where the driver of this task writes its time. */
  get metrics(): TaskMetrics {
    return this.#parts.metrics
  }

  /** After a step that was 'idle': what keeps this subtask from working. */
  get state(): TaskState {
    if (this.#anyPressed()) return 'backpressured'
    if (this.#phase === 'settling' || this.#phase === 'completing') return 'busy'
    for (const { errors, sink } of this.#parts.operators)
      if (errors.busy || sink?.busy === true) return 'busy'
    return 'idle'
  }

  get ended(): boolean {
    return this.#phase === 'ended'
  }

  /** Whether a promise is pending, so that the event loop must run. */
  get asynchronous(): boolean {
    const { source, operators } = this.#parts
    return (
      this.#phase === 'completing' ||
      source?.waiting === true ||
      operators.some((o) => o.sink?.pending === true)
    )
  }

  /** When it wants to be called again for the time alone, in monotonic ms. */
  get dueMs(): number {
    const { source, operators, state } = this.#parts
    // A source that may not be asked, because an output is pressed, is due when the pressure goes.
    const asks = this.#phase === 'running' && !state.pressed
    let due = asks && source !== undefined ? source.dueMs : Number.POSITIVE_INFINITY
    for (const { errors } of operators) due = Math.min(due, errors.dueMs)
    due = Math.min(due, this.#patience.dueMs)
    return asks ? Math.min(due, this.#clockDueMs()) : due
  }

  /** When the job's clock should be looked at next, in monotonic ms. */
  #clockDueMs(): number {
    const { time, generators, nowMs, clock } = this.#parts
    let due = time.dueAt
    for (const { idleAt } of generators) due = Math.min(due, idleAt)
    return due === Number.POSITIVE_INFINITY ? due : nowMs() + due - clock.now()
  }

  /**
   * After a step that was 'idle': whether nothing is left of what this subtask has taken in. It is not when an output
   * or a sink refuses, a record waits for its retry, a promise is pending, or the end is on its way.
   */
  get quiet(): boolean {
    const { source, state } = this.#parts
    if (this.#phase === 'ended') return true
    if (this.#phase !== 'running' || state.pressed || this.asynchronous) return false
    if (this.#parts.outputs.some(({ waiting }) => waiting)) return false
    return source === undefined || source.quiet
  }

  /** Has an idle source asked again by the next step. */
  askSource(): void {
    this.#parts.source?.askNow()
  }

  /** Opens the operators, sinks first, so that none receives a record before it is open. */
  async open(): Promise<void> {
    for (const made of [...this.#parts.operators].reverse())
      await this.#placed(made, () => made.operator.open?.())
  }

  /** Works until `deadlineMs` (about), or until there is nothing to do. Throws the failure that ends the job. */
  step(deadlineMs: number): Progress {
    let worked = false
    try {
      while (this.#relieve() && this.#advance()) {
        worked = true
        if (this.#parts.nowMs() >= deadlineMs) break
      }
    } finally {
      // Also after a failure: what was emitted before it has left this operator.
      this.#flush()
    }
    if (this.#phase === 'ended') return 'ended'
    return worked ? 'worked' : 'idle'
  }

  /** Sources end; what they have handed over is still processed. */
  stop(): void {
    this.#parts.source?.end()
  }

  /** Ends at once: nothing is emitted any more; operators and source are closed. Failures of closing are reported together. */
  async abort(): Promise<void> {
    if (this.#phase === 'completing' || this.#phase === 'ended') return
    this.#phase = 'ended'
    await this.#closeAll()
  }

  /** Moves on by one slice of records or one phase; false: nothing can move at present. */
  #advance(): boolean {
    switch (this.#phase) {
      case 'running':
        return this.#runSlice() || this.#passTime() || this.#takeInput()
      case 'finishing':
        return this.#finish()
      case 'settling':
        return this.#settle()
      case 'draining':
        return this.#drained()
      case 'completing':
        return this.#complete()
      case 'ended':
        return false
    }
  }

  /** Lets go what has been held back; true when there is room for more. */
  #relieve(): boolean {
    const { state, operators, outputs } = this.#parts
    let pressed = false
    for (const output of outputs) if (output.waiting && output.flush()) pressed = true
    for (const { errors, sink } of operators) {
      if (errors.busy) errors.resume()
      sink?.pump()
      if (errors.busy || sink?.busy === true) pressed = true
    }
    // A retry or a sink may have emitted again.
    for (const output of outputs) if (output.pressed) pressed = true
    state.pressed = pressed
    if (pressed) for (const generator of this.#parts.generators) generator.pressed()
    if (this.#patience.any) this.#losePatience()
    this.#checkFatal()
    return !pressed
  }

  #losePatience(): void {
    const { state, operators, nowMs, subtask } = this.#parts
    const failure = this.#patience.look(nowMs())
    if (failure !== undefined) state.fatal ??= failure.at(operators.at(-1)!.name, subtask)
  }

  #checkFatal(): void {
    if (this.#parts.state.fatal !== undefined) throw this.#parts.state.fatal
  }

  #runSlice(): boolean {
    const { count } = this.#batch
    if (this.#next >= count) return false
    const to = Math.min(count, this.#next + this.#slice.records)
    this.#slice.begin()
    this.#next = this.#parts.chain.run[this.#entry](this.#batch, this.#next, to)
    this.#slice.end()
    this.#checkFatal()
    if (this.#next >= count) this.#endOfRecords()
    return true
  }

  /** What holds behind the last record of the batch. */
  #endOfRecords(): void {
    const { time, timed } = this.#parts
    if (!timed) return
    if (this.#timestamped) time.raise(this.#batch.watermarks[this.#batch.count])
    time.touch()
  }

  /** Shows operators what has become of event time and of the job's clock. True when that is not done yet. */
  #passTime(): boolean {
    const { time, state } = this.#parts
    const done = time.advance(this.#room) && this.#passClock()
    this.#checkFatal()
    if (!done) state.pressed = true
    return !done
  }

  /** Calls the operators whose hour has come. The time is read once. */
  #passClock(): boolean {
    const { time, clock } = this.#parts
    if (time.dueAt === Number.POSITIVE_INFINITY) return true
    const now = clock.now()
    if (time.dueAt > now) return true
    this.#touched = true
    return time.passClock(now, this.#room)
  }

  readonly #room = (): boolean => !this.#parts.state.pressed && !this.#anyPressed()

  #takeInput(): boolean {
    const found = this.#parts.source === undefined ? this.#poll() : this.#pull()
    if (found === 'records') {
      this.#next = 0
      this.#touched = true
      return true
    }
    if (found === 'time') return true
    if (this.#touched) return this.#endOfBatch()
    if (found !== 'ended') {
      this.#growQuiet()
      return false
    }
    this.#phase = 'finishing'
    return true
  }

  /** There are no records at present: in time, what waits for them is idle. */
  #growQuiet(): void {
    const { generators, source, clock, time } = this.#parts
    if (generators.length === 0) return
    if (source === undefined) for (const one of generators) one.quiet('', clock.now())
    time.touch()
  }

  /** The next frame of any input, in turn. */
  #poll(): 'records' | 'time' | 'empty' | 'ended' {
    const { inputs, time, timed, generators } = this.#parts
    let open = false
    let ended = false
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[this.#turn]
      this.#turn = (this.#turn + 1) % inputs.length
      const { channel } = input
      const over = channel.ended
      const polled = channel.poll(this.#batch)
      if (polled === 'records') {
        this.#entry = input.entry
        this.#timestamped = input.timestamped
        if (timed) time.select(channel)
        for (const generator of generators) generator.select('')
        return 'records'
      }
      if (polled === 'time') {
        time.touch()
        return 'time'
      }
      if (polled === 'empty') open = true
      else if (!over) ended = true
    }
    if (!open) return 'ended'
    // Time no longer waits for a channel that has ended.
    if (ended && timed) time.touch()
    return ended && timed ? 'time' : 'empty'
  }

  #pull(): 'records' | 'empty' | 'ended' {
    const { source, operators } = this.#parts
    try {
      const pulled = source!.pull()
      if (pulled === 'records') {
        this.#batch.values = source!.records
        this.#batch.count = source!.records.length
        if (source!.timestamps !== undefined)
          this.#batch.timestamps = source!.timestamps as number[]
        return 'records'
      }
      return pulled === 'ended' ? 'ended' : 'empty'
    } catch (error) {
      operators[0].errors.giveUp(error, undefined, 1)
      this.#batch.count = 0
      return 'records'
    }
  }

  /** Gathering operators hand over their micro-batches, upstream first. */
  #endOfBatch(): boolean {
    this.#touched = false
    // What was gathered from several records answers none of them.
    this.#parts.state.scope.ask = 0
    for (const k of this.#parts.operators.keys()) this.#handOver(k)
    return true
  }

  #handOver(k: number): void {
    const { operator, errors } = this.#parts.operators[k]
    if (operator.endOfBatch === undefined) return
    for (let done = false; !done; ) {
      try {
        this.#emitAll(k, operator.endOfBatch())
        done = true
      } catch (error) {
        this.#checkFatal()
        const retried = errors.fail(error, undefined, 0)
        if (retried !== FAILED) this.#emitAll(k, retried as Iterable<unknown>)
        // What waits for its retry comes before the rest, for which there must be another turn.
        done = errors.busy
        if (done) this.#touched = true
      }
      this.#checkFatal()
    }
  }

  /** Whole before the first is emitted: what throws midway has emitted nothing. */
  #emitAll(k: number, values: Iterable<unknown>): void {
    for (const value of [...values]) {
      if (value !== null && value !== undefined) this.#parts.chain.emit[k](value)
    }
  }

  /** Emits what operators have kept, one item at a time while there is room. */
  #finish(): boolean {
    const { operators, chain, state } = this.#parts
    while (this.#finished < operators.length) {
      const k = this.#finished
      try {
        // What those before it have emitted at their end may have been gathered here.
        if (this.#finishing === undefined) this.#handOver(k)
        if (operators[k].errors.busy) return true
        if (this.#finishing === undefined && !this.#parts.time.end(k, this.#room)) {
          state.pressed = true
          return true
        }
        this.#checkFatal()
        this.#parts.time.resetScope(k)
        this.#finishing ??= (operators[k].operator.finish?.() ?? [])[Symbol.iterator]()
        for (let item = this.#finishing.next(); item.done !== true; item = this.#finishing.next()) {
          if (item.value !== null && item.value !== undefined) chain.emit[k](item.value)
          if (state.pressed || this.#anyPressed()) return true
        }
      } catch (error) {
        this.#checkFatal()
        operators[k].errors.giveUp(error, undefined, 1)
      }
      this.#finishing = undefined
      this.#finished++
    }
    this.#phase = 'settling'
    return true
  }

  #anyPressed(): boolean {
    for (const output of this.#parts.outputs) if (output.pressed) return true
    return false
  }

  /** Waits for the promises of sinks, whose failures may still go to dead letters. */
  #settle(): boolean {
    if (this.#parts.operators.some(({ sink }) => sink?.pending === true)) return false
    for (const output of this.#parts.outputs) output.end()
    this.#phase = 'draining'
    return true
  }

  #drained(): boolean {
    this.#phase = 'completing'
    this.#parts.metrics.sample()
    void this.#completeAll()
      .then(
        () => {
          this.#completed = {}
        },
        (error: unknown) => {
          this.#completed = { error }
        },
      )
      .finally(() => this.#parts.wake())
    return true
  }

  async #completeAll(): Promise<void> {
    const { operators, source } = this.#parts
    try {
      if (source !== undefined) await this.#placed(operators[0], () => source.close())
      for (const made of operators) await this.#placed(made, () => made.operator.complete?.())
    } catch (error) {
      await this.#closeAll().catch(() => {})
      throw error
    }
    await this.#closeAll()
  }

  /** Closes the source and all operators, whatever one of them throws; then throws the first of that. */
  async #closeAll(): Promise<void> {
    const { operators, source } = this.#parts
    const closings = operators.map(
      (made) => () => this.#placed(made, () => made.operator.close?.()),
    )
    if (source !== undefined)
      closings.unshift(() => this.#placed(operators[0], () => source.close()))
    const failures: unknown[] = []
    for (const close of closings) await close().catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }

  /** What an operator throws outside of a record's way, as an error that says which operator it was. */
  async #placed({ name }: ChainOperator, call: () => Awaitable<void> | undefined): Promise<void> {
    try {
      await call()
    } catch (error) {
      throw asStreamError(error, name, this.#parts.subtask)
    }
  }

  #complete(): boolean {
    if (this.#completed === undefined) return false
    this.#phase = 'ended'
    if ('error' in this.#completed) throw this.#completed.error
    return false
  }

  #flush(): void {
    for (const output of this.#parts.outputs) output.flush()
  }
}
