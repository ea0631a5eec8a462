import { StreamError } from '../../codec/errors.ts'
import { newBatch } from '../../codec/record-codec.ts'
import type { Clock } from '../../operators/contract/context.ts'
import type { WatermarkGenerator } from '../../operators/contract/operator.ts'
import type { Awaitable } from '../../operators/contract/source.ts'
import type { InputChannel } from '../channel/input-channel.ts'
import type { OutputPort } from '../channel/output-port.ts'
import type { GraphNode } from '../graph/node.ts'
import type { TaskMetrics } from '../metrics/task-metrics.ts'
import type { TaskState } from '../metrics/task-times.ts'
import type { ChainOperator, ChainState, CompiledChain } from './chain-model.ts'
import type { ChainTime } from './chain-time.ts'
import { asStreamError, FAILED } from './error-gate.ts'
import {
  type InFlight,
  type InFlightRecord,
  inFlightOf,
  type RestoredBatch,
  type WayIn,
} from './in-flight.ts'
import type { LoopMember } from './loop-member.ts'
import { LOOP_STAGE } from './loop-words.ts'
import { Patience } from './patience.ts'
import { RunSlice } from './run-slice.ts'
import type { SourceDriver } from './source-driver.ts'
import type { CheckpointTaker, TaskCut } from './task-cut.ts'

/** What a step has done: moved records, found nothing to do, or come to its end. */
export type Progress = 'worked' | 'idle' | 'ended'

/**
 * The life of a task:
 *
 * running → finishing (all inputs ended: operators emit what they kept, promises what they give) → settling (promises of sinks) →
 * draining (stop frames behind the last record) → completing (sinks publish, operators close) → ended.
 *
 * With checkpoints: … → draining → waiting (until a checkpoint holds what it has left behind) → completing → ended; and
 * running → suspended, at a barrier behind which nothing more is to be done.
 *
 * In a feedback loop: running → finishing (ordinary inputs have ended, and nothing circulates) → running (what that has emitted
 * circulates, as late records) → settling (nothing circulates any more) → …
 */
type Phase =
  | 'running'
  | 'suspended'
  | 'finishing'
  | 'settling'
  | 'draining'
  | 'waiting'
  | 'completing'
  | 'ended'

/** Records that a checkpoint gives back are worked on in batches of so many. */
const RESTORED_BATCH = 1024

/** What `#reachCut` found. */
type AtCut = 'none' | 'moved' | 'blocked'

/** A share in a checkpoint that is being made durable. */
interface Taking {
  readonly epoch: number
  settled: boolean
  failure?: { readonly error: unknown }
  /** Never rejects. */
  done: Promise<void>
}

/** One ring into a task, and the way into the chain that its records take. */
export interface TaskInput {
  readonly channel: InputChannel
  readonly entry: number
  /** Whether the main thread sends. */
  readonly fromMain: boolean
  readonly way: WayIn
  /** Whether its records are read where they lie. */
  readonly inPlace: boolean
  /** Whether its frames carry timestamps and watermarks. */
  readonly timestamped: boolean
  /** Whether its records come from the task's own feedback loop: round again, or on their way through it. */
  readonly loop: 'round' | 'within' | undefined
}

/** A task's part in a feedback loop. */
export interface TaskLoop {
  readonly member: LoopMember
  /** Those that lead to other tasks of the loop. */
  readonly outputs: readonly OutputPort[]
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
  /** For a task in a feedback loop. */
  readonly loop: TaskLoop | undefined
  /** Takes part in checkpoints; undefined: the job takes none. */
  readonly checkpoints: CheckpointTaker | undefined
  /** What it hands over at a barrier, but for what is in flight. */
  cut(): Omit<TaskCut, 'inFlight'>
  /** Entries of the chain for records that a checkpoint gives back. */
  readonly restored: readonly { readonly way: WayIn; readonly entry: number }[]
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
  /** Whether the step at hand has moved anything. */
  #moved = false
  /** Whether the batch has come round a feedback loop. */
  #cameRound = false
  /** In a feedback loop: all operators have had the end of their input, and what still circulates is late. */
  #late = false
  /** Whether watermarks came with the batch. */
  #timestamped = false
  /** The checkpoint whose barrier has come in on some input, or that starts here; 0: none. */
  #epoch = 0
  /** The checkpoint behind whose barrier nothing is done; 0: none. */
  #suspendsAt = 0
  /** What was emitted for it lies before the barrier. */
  #handedOver = false
  /** Until it has settled, nothing is taken in and no time passes. */
  #taking: Taking | undefined
  /** The checkpoint behind whose barrier nothing is taken in and no time passes until all others have it; 0: none. */
  #held = 0
  /** The last checkpoint that it has had its part in. */
  #lastCut = 0
  /** Whether a feedback loop begins here: all records have come round. */
  readonly #heads: boolean
  /** Where a feedback loop begins: the checkpoint that holds the loop in its stage; 0: none. */
  #announced = 0
  /** Whether the one at hand does not wait for what is in flight, and whether its barriers have gone downstream. */
  #unaligned = false
  #passed = false
  /** Where the batch at hand has come in; undefined: from the source. */
  #way: WayIn | undefined
  #inPlace = false
  readonly #restored: RestoredBatch[] = []
  #finishing: Iterator<unknown> | undefined
  #finished = 0
  #completed: { readonly error?: unknown } | undefined

  constructor(parts: TaskParts) {
    this.#parts = parts
    this.#slice = new RunSlice(parts.nowMs)
    this.#patience = new Patience(parts.outputs)
    this.#heads = parts.inputs.length > 0 && parts.inputs.every(({ loop }) => loop === 'round')
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
    if (this.#stands) return 'busy'
    for (const { errors, gate } of this.#parts.operators)
      if (errors.busy || gate?.busy === true) return 'busy'
    return 'idle'
  }

  get ended(): boolean {
    return this.#phase === 'ended'
  }

  /** Whether a promise is pending, so that the event loop must run. */
  get asynchronous(): boolean {
    if (this.#phase === 'completing' || this.#taking !== undefined) return true
    return this.#parts.source?.waiting === true || this.pending
  }

  /** Whether records are on their way in a promise: the end of input and checkpoints wait for them. */
  get pending(): boolean {
    for (const { gate } of this.#parts.operators) if (gate?.pending === true) return true
    return false
  }

  /** When it wants to be called again for the time alone, in monotonic ms. */
  get dueMs(): number {
    const { source, operators, state } = this.#parts
    // A source that may not be asked, because an output is pressed, is due when the pressure goes.
    const asks = this.#phase === 'running' && !state.pressed && !this.#stands
    let due = asks && source !== undefined ? source.dueMs : Number.POSITIVE_INFINITY
    for (const { errors, gate } of operators)
      due = Math.min(due, errors.dueMs, gate?.dueMs ?? Number.POSITIVE_INFINITY)
    due = Math.min(due, this.#patience.dueMs)
    return asks ? Math.min(due, this.#clockDueMs()) : due
  }

  /** Whether it takes nothing in because of a checkpoint, and lets no time pass. */
  get #stands(): boolean {
    return this.#taking !== undefined || this.#held !== 0 || this.#unaligned
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
    if (this.#phase === 'waiting' || this.#phase === 'suspended') return !state.pressed
    if (this.#phase !== 'running' || state.pressed || this.asynchronous) return false
    if (this.#epoch !== 0 || this.#held !== 0) return false
    if (this.#parts.outputs.some(({ waiting }) => waiting)) return false
    return source === undefined || source.quiet
  }

  /**
   * For a task in a feedback loop, after a look that found nothing to move: whether nothing is left that could begin to
   * circulate by itself.
   */
  get atRest(): boolean {
    const { time, inputs, loop } = this.#parts
    if (this.#phase !== 'running' || this.#announced !== 0) return false
    if (!this.quiet || time.dueAt < Number.POSITIVE_INFINITY) return false
    if (loop!.member.stage !== LOOP_STAGE.running) return this.#late
    return inputs.every((input) => input.loop !== undefined || input.channel.ended)
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
    const member = this.#parts.loop?.member
    member?.begin()
    this.#moved = false
    try {
      while (this.#moveOn(this.#relieve())) {
        this.#moved = true
        if (this.#parts.nowMs() >= deadlineMs) break
      }
    } finally {
      // Also after a failure: what was emitted before it has left this operator.
      this.#flush()
    }
    if (this.#phase === 'ended') return 'ended'
    if (this.#moved) member?.moved()
    else if (member?.rest(this) !== true) return 'idle'
    return 'worked'
  }

  /**
   * All hear of a checkpoint before it begins anywhere: a feedback loop then stays in its stage until it has had its part, or
   * the checkpoint was given up.
   */
  announce(epoch: number): void {
    if (!this.#heads || this.#phase === 'ended') return
    if (this.#announced === 0) this.#parts.loop!.member.words.hold()
    this.#announced = epoch
  }

  #letLoopGo(epoch: number): void {
    if (epoch !== this.#announced || epoch === 0) return
    this.#announced = 0
    this.#parts.loop!.member.words.letGo()
    // The question whether anything circulates may wait for this subtask.
    this.#parts.wake()
  }

  /**
   * Begins a checkpoint here: for tasks that have no barriers coming in, or none but those that come round, and for all where it
   * does not wait for what is in flight. One that has come to its end takes part by what it has handed over then; so does
   * one whose feedback loop has begun to end.
   *
   * @param suspend - whether to stand still behind the barrier
   */
  trigger(epoch: number, suspend: boolean): void {
    if (this.#phase !== 'running' || this.#loopEnds) {
      this.#letLoopGo(epoch)
      return
    }
    if (epoch <= this.#epoch || epoch <= this.#lastCut) return
    this.#begin(epoch)
    this.#suspendsAt = suspend ? epoch : 0
    // What the main thread has pushed before lies before the barrier.
    for (const { channel } of this.#parts.inputs) channel.markPublished()
  }

  /** The checkpoint was given up: where it was to stand still behind it, it does not. */
  goOn(epoch: number): void {
    this.#letLoopGo(epoch)
    if (epoch !== this.#suspendsAt) return
    this.#suspendsAt = 0
    if (this.#phase === 'suspended') this.#phase = 'running'
  }

  /** What it would hand over now. */
  cut(): TaskCut {
    return { ...this.#parts.cut(), inFlight: () => this.#inFlight() }
  }

  /**
   * Takes back what a checkpoint held that was on its way to `node`: it comes before all else. To be called before the first step,
   * for one operator of the chain after the other: what was on its way to a later one is ahead, and comes first.
   *
   * @throws StreamError `SAGE_CHECKPOINT_INCOMPATIBLE`, `SAGE_RESCALE`: the program has no such way any more
   */
  restoreInFlight(node: GraphNode, records: Iterable<InFlightRecord>): void {
    const own: RestoredBatch[] = []
    for (const record of records) {
      const { entry, way } = this.#entryFor(node, record)
      let last = own.at(-1)
      if (last?.entry !== entry || last.batch.count >= RESTORED_BATCH) {
        last = { entry, way, batch: newBatch() }
        own.push(last)
      }
      const { batch } = last
      batch.values.push(record.value)
      batch.keys.push(record.key)
      batch.timestamps.push(record.timestamp ?? Number.NaN)
      batch.count++
    }
    this.#restored.unshift(...own)
  }

  #entryFor(node: GraphNode, { edge, combined = false }: InFlightRecord) {
    const found = this.#parts.restored.find(({ way }) => way.node === node && way.edge === edge)
    if (found?.way.combined === combined) return found
    const code = found === undefined ? 'SAGE_CHECKPOINT_INCOMPATIBLE' : 'SAGE_RESCALE'
    const what = found === undefined ? `an input ${edge}` : 'its input pre-reduced as before'
    throw new StreamError(
      code,
      `the checkpoint holds records on their way to operator '${node.name}': expected it to have ${what}; ` +
        'a savepoint, or one of mode aligned, holds none but what goes round loops',
    )
  }

  /** Whether checkpoints begin here: its records come from a source, from the main thread or round a feedback loop. */
  get begins(): boolean {
    const { source, inputs } = this.#parts
    return this.#heads || source !== undefined || inputs.every(({ fromMain }) => fromMain)
  }

  get #loopEnds(): boolean {
    const { loop } = this.#parts
    return loop !== undefined && loop.member.words.stage !== LOOP_STAGE.running
  }

  /** Sources end; what they have handed over is still processed. */
  stop(): void {
    this.#parts.source?.end()
  }

  /** Ends at once: nothing is emitted any more; operators and source are closed. Failures of closing are reported together. */
  async abort(): Promise<void> {
    if (this.#phase === 'completing' || this.#phase === 'ended') return
    this.#phase = 'ended'
    // What sinks are about is done before they are closed.
    await this.#taking?.done
    await this.#closeAll()
  }

  /** False: nothing can move at present. */
  #moveOn(free: boolean): boolean {
    return this.#unaligned ? this.#workUnaligned(free) : free && this.#advance()
  }

  /** Moves on by one slice of records or one phase; false: nothing can move at present. */
  #advance(): boolean {
    switch (this.#phase) {
      case 'running':
        if (this.#taking !== undefined) return this.#whenTaken(this.#taking)
        if (this.#held !== 0 && !this.#mayGoOn()) return false
        if (this.#runSlice() || this.#passTime()) return true
        return this.#epoch === 0 ? this.#takeInput() : this.#workToCut()
      case 'suspended':
      case 'waiting':
        return false
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
    state.pressed = false
    for (const output of outputs) if (output.waiting && output.flush()) state.pressed = true
    // Downstream first: what holds there keeps what is upstream from emitting more.
    for (let k = operators.length - 1; k >= 0; k--) this.#letGo(operators[k])
    // A retry or a result may have been emitted.
    for (const output of outputs) if (output.pressed) state.pressed = true
    const { pressed } = state
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

  /** Tries again what is due, and passes on what has settled. */
  #letGo({ errors, gate }: ChainOperator): void {
    let moved = errors.busy && errors.resume()
    if (gate?.pending === true && gate.pump()) moved = true
    if (errors.busy || gate?.busy === true) this.#parts.state.pressed = true
    if (!moved) return
    this.#moved = true
    this.#touched = true
    this.#parts.time.touch()
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
    if (this.#restored.length > 0) {
      this.#takeRestored(this.#restored.shift()!)
      return true
    }
    const found = this.#parts.source === undefined ? this.#poll() : this.#pull()
    if (found === 'records') {
      this.#next = 0
      this.#touched = true
      // They were emitted by the end of input, which comes before them here too.
      if (this.#turnsWith()) this.#phase = 'finishing'
      return true
    }
    if (found === 'time') return true
    if (this.#touched) return this.#endOfBatch()
    if (found !== 'ended') {
      this.#growQuiet()
      return false
    }
    this.#phase = this.#late ? 'settling' : 'finishing'
    return true
  }

  #takeRestored({ entry, way, batch }: RestoredBatch): void {
    const { time, timed, generators } = this.#parts
    const { count, values, keys, timestamps } = batch
    Object.assign(this.#batch, { count, values, keys, timestamps, asked: false })
    this.#entry = entry
    this.#way = way
    this.#inPlace = false
    this.#timestamped = false
    if (timed) time.select(undefined)
    for (const generator of generators) generator.select('')
    this.#next = 0
    this.#touched = true
  }

  /** A checkpoint is on its way: what belongs to it comes first. */
  #workToCut(): boolean {
    const at = this.#reachCut()
    return at === 'moved' || (at === 'none' && this.#takeInput())
  }

  /** Takes the checkpoint once all inputs have come to its barrier and all they brought has had its effect. */
  #reachCut(): AtCut {
    const { inputs, operators, checkpoints } = this.#parts
    if (this.#restored.length > 0) return 'none'
    const reached = (channel: InputChannel): boolean =>
      this.begins ? channel.caughtUp : channel.ended || channel.epoch >= this.#epoch
    if (!inputs.every(({ channel }) => reached(channel))) return 'none'
    if (!this.#handedOver) {
      this.#handedOver = true
      this.#endOfBatch()
      for (const k of operators.keys()) this.#emptyInto(k)
      return 'moved'
    }
    if (this.#touched) return this.#endOfBatch() ? 'moved' : 'blocked'
    // What is on its way in a promise, or waits for a retry, belongs to it.
    if (this.pending || operators.some(({ errors }) => errors.busy)) return 'blocked'
    // A restart repeats nothing that lies before the barrier: the main thread finds it in its ring, whatever becomes of this thread.
    for (const output of this.#parts.outputs) if (output.flush()) return 'blocked'
    const share = checkpoints!.take(this.#epoch, this.cut())
    if (share !== undefined) {
      this.#awaitShare(this.#epoch, share)
      return 'blocked'
    }
    this.#passBarrier()
    return 'moved'
  }

  /**
   * A checkpoint that does not wait for what is in flight: nothing more is worked on; the barriers go downstream; what lies before
   * those that come in is taken out of the rings, unworked. That makes room for whoever sends here, so that its barrier
   * comes: no subtask waits for the work of another. Then state and what is in flight are of one cut.
   *
   * Where a feedback loop begins, it is done so in any checkpoint: the barrier that comes in is its own, come round. What it
   * holds is what circulates.
   */
  #workUnaligned(free: boolean): boolean {
    const { checkpoints, inputs } = this.#parts
    if (this.#taking !== undefined) return this.#whenTaken(this.#taking)
    const epoch = this.#epoch
    // Given up: where others wait for its barrier, that goes first.
    if (!checkpoints!.takes(epoch) && (this.#passed || checkpoints!.unaligned(epoch))) {
      this.#leaveCut()
      return true
    }
    let moved = false
    for (const { channel, fromMain } of inputs) {
      if (!this.#readsInPlace && channel.takeAhead(epoch, fromMain)) moved = true
    }
    if (!this.#passed) return (free && this.#workToBarrier()) || moved
    if (!inputs.every(({ channel, fromMain }) => channel.hasTaken(epoch, fromMain))) return moved
    const share = checkpoints!.take(epoch, this.cut())
    if (share === undefined) this.#passBarrier()
    else this.#awaitShare(epoch, share)
    return true
  }

  /** Whether the batch at hand lies in a ring still. */
  get #readsInPlace(): boolean {
    return this.#inPlace && this.#next < this.#batch.count
  }

  /** What has begun comes to its end: a source's batch, one that is read in place, time, promises, retries, micro-batches. */
  #workToBarrier(): boolean {
    const { operators, outputs } = this.#parts
    const whole = this.#way === undefined || this.#inPlace
    if ((whole && this.#runSlice()) || this.#passTime()) return true
    if (!this.#handedOver) {
      this.#handedOver = true
      this.#endOfBatch()
      for (const k of operators.keys()) this.#emptyInto(k)
      return true
    }
    if (this.#touched) return this.#endOfBatch()
    if (this.pending || operators.some(({ errors }) => errors.busy)) return false
    for (const output of outputs) if (output.flush()) return false
    for (const output of outputs) output.barrier(this.#epoch)
    this.#passed = true
    return true
  }

  *#inFlight(): Iterable<InFlight> {
    if (this.#way !== undefined && this.#next < this.#batch.count)
      yield inFlightOf(this.#way, this.#batch, this.#next)
    for (const { way, batch } of this.#restored) yield inFlightOf(way, batch)
    for (const { channel, way } of this.#parts.inputs) {
      for (const batch of channel.waitingAhead(newBatch())) yield inFlightOf(way, batch)
    }
  }

  #awaitShare(epoch: number, share: Promise<void>): void {
    const taking: Taking = { epoch, settled: false, done: share }
    taking.done = share
      .catch((error: unknown) => {
        taking.failure = { error }
      })
      .finally(() => {
        taking.settled = true
        this.#parts.wake()
      })
    this.#taking = taking
  }

  /** Goes on once the share in a checkpoint is durable. Meanwhile a later one may have begun here. */
  #whenTaken({ epoch, settled, failure }: Taking): boolean {
    if (!settled) return false
    this.#taking = undefined
    if (failure !== undefined) throw failure.error
    if (epoch === this.#epoch) this.#passBarrier()
    return true
  }

  #passBarrier(): void {
    const { outputs, checkpoints } = this.#parts
    if (!this.#passed) for (const output of outputs) output.barrier(this.#epoch)
    if (checkpoints!.holds(this.#epoch)) this.#held = this.#epoch
    if (this.#epoch === this.#suspendsAt) this.#phase = 'suspended'
    this.#lastCut = this.#epoch
    this.#leaveCut()
  }

  #leaveCut(): void {
    this.#letLoopGo(this.#epoch)
    this.#epoch = 0
    this.#unaligned = false
    this.#passed = false
  }

  /** Whether the others have come to their barriers, too, or the checkpoint was given up. */
  #mayGoOn(): boolean {
    if (this.#parts.checkpoints!.holds(this.#held)) return false
    this.#held = 0
    return true
  }

  /** One by one: an operator sets the key of each before it gives it. */
  #emptyInto(k: number): void {
    const { operators, chain, time } = this.#parts
    time.resetScope(k)
    for (const value of operators[k].operator.beforeBarrier?.() ?? []) {
      if (value !== null && value !== undefined) chain.emit[k](value)
    }
    this.#checkFatal()
  }

  /** There are no records at present: in time, what waits for them is idle. */
  #growQuiet(): void {
    const { generators, source, clock, time } = this.#parts
    if (generators.length === 0) return
    if (source === undefined) for (const one of generators) one.quiet('', clock.now())
    time.touch()
  }

  /** Whether the batch has come round a loop that has begun to end while it was looked for. */
  #turnsWith(): boolean {
    const { loop } = this.#parts
    return loop !== undefined && !this.#late && this.#cameRound && loop.member.turned
  }

  /** Whether nothing comes through an input before this task has had the end of its own. */
  #isOver({ channel, loop }: TaskInput): boolean {
    if (loop === undefined) return channel.ended
    const { stage } = this.#parts.loop!.member
    if (this.#late) return stage === LOOP_STAGE.over
    return loop === 'round'
      ? stage !== LOOP_STAGE.running
      : channel.watermark === Number.POSITIVE_INFINITY
  }

  /** The next frame of any input, in turn. */
  #poll(): 'records' | 'time' | 'empty' | 'ended' {
    const { inputs, time, timed, generators, loop } = this.#parts
    // Behind its barrier what circulates waits for that of the ordinary inputs.
    const full = loop !== undefined && this.#epoch === 0 && loop.member.full
    let open = false
    let ended = false
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[this.#turn]
      this.#turn = (this.#turn + 1) % inputs.length
      const { channel } = input
      const over = channel.ended
      // Behind its barrier, an input waits for the others.
      if (this.#epoch !== 0 && channel.epoch >= this.#epoch && !over) {
        open = true
        continue
      }
      if (full && input.loop === undefined && !over) {
        open = true
        continue
      }
      // Before this task has had its end, what lies behind it waits.
      if (loop !== undefined && this.#isOver(input)) continue
      const polled = channel.poll(this.#batch)
      if (polled === 'records') {
        this.#entry = input.entry
        this.#way = input.way
        this.#inPlace = input.inPlace
        this.#cameRound = input.loop === 'round'
        this.#timestamped = input.timestamped
        if (timed) time.select(channel)
        for (const generator of generators) generator.select('')
        return 'records'
      }
      if (polled === 'barrier') {
        this.#hearBarrier(channel.epoch)
        return 'time'
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

  /** The first barrier of a checkpoint; a later one takes the place of one that was given up. */
  #hearBarrier(epoch: number): void {
    if (epoch <= this.#epoch || epoch <= this.#lastCut) return
    const { checkpoints } = this.#parts
    const unaligned = checkpoints!.unaligned(epoch)
    // Where a loop begins it is its own, come round, unless others have begun by themselves.
    if (this.#heads && !unaligned) return
    // No subtask waits for the barriers of one that was given up.
    if (unaligned && !checkpoints!.takes(epoch)) return
    this.#begin(epoch)
  }

  #begin(epoch: number): void {
    this.#epoch = epoch
    this.#handedOver = false
    this.#passed = false
    this.#unaligned = this.#heads || this.#parts.checkpoints!.unaligned(epoch)
  }

  #pull(): 'records' | 'empty' | 'ended' {
    const { source, operators } = this.#parts
    try {
      const pulled = source!.pull()
      if (pulled === 'records') {
        this.#way = undefined
        this.#entry = 0
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
    for (let k = this.#finished; k < this.#parts.operators.length; k++) this.#handOver(k)
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
        const retried = errors.fail(error, undefined, undefined)
        if (retried !== FAILED) this.#emitAll(k, retried as Iterable<unknown>)
        // What waits for its retry comes before the rest, for which there will be another turn.
        done = errors.busy
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
        // What is on its way must be out before those behind it hear of the end.
        if (operators[k].shape === 'async' && operators[k].gate!.pending)
          return this.#touched && this.#endOfBatch()
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
    if (this.#parts.loop === undefined) this.#phase = 'settling'
    else this.#beginLate(this.#parts.loop)
    return true
  }

  /** What the end has emitted may come round: until nothing does, this goes on. */
  #beginLate({ outputs }: TaskLoop): void {
    for (const output of outputs) output.endTime()
    this.#late = true
    this.#parts.state.late = true
    this.#parts.time.beginLate()
    this.#finished = 0
    this.#phase = 'running'
  }

  #anyPressed(): boolean {
    for (const output of this.#parts.outputs) if (output.pressed) return true
    return false
  }

  /** Waits for the promises of sinks, whose failures may still go to dead letters. */
  #settle(): boolean {
    if (this.pending) return false
    for (const output of this.#parts.outputs) output.end()
    this.#phase = 'draining'
    return true
  }

  #drained(): boolean {
    const { checkpoints } = this.#parts
    if (checkpoints === undefined) return this.#beginCompleting()
    this.#phase = 'waiting'
    checkpoints.takeLast(this.cut(), () => {
      if (this.#phase !== 'waiting') return
      this.#beginCompleting()
      this.#parts.wake()
    })
    return true
  }

  #beginCompleting(): boolean {
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
