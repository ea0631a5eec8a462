import type { GraphNode } from '../graph/node.ts'
import type { TaskMetrics } from '../metrics/task-metrics.ts'
import type { TaskState } from '../metrics/task-times.ts'
import { BarrierHandler } from './barrier-handler.ts'
import { ChainDriver } from './chain-driver.ts'
import type { InFlightRecord } from './in-flight.ts'
import { Inbox } from './inbox.ts'
import { closeAll, completeAll, openAll } from './operator-lifecycle.ts'
import type { TaskCut } from './task-cut.ts'
import type { Progress, TaskParts } from './task-parts.ts'

/**
 * The life of a task:
 *
 * running → finishing (all inputs ended: operators emit what they kept, promises what they give) → settling (promises of sinks) →
 * draining (stop frames behind the last record) → completing (sinks publish, operators close) → ended.
 *
 * With checkpoints: … → draining → waiting (until a checkpoint holds what it has left behind) → completing → ended. One that is
 * to stand still behind a barrier stays in `running`, suspended.
 *
 * In a feedback loop: running → finishing (ordinary inputs have ended, and nothing circulates) → running (what that has emitted
 * circulates, as late records) → settling (nothing circulates any more) → …
 */
type Phase = 'running' | 'finishing' | 'settling' | 'draining' | 'waiting' | 'completing' | 'ended'

/**
 * One subtask of a chain. `step` runs it for a while and never blocks; whoever drives it (a worker's loop, the
 * calling thread, a simulator) calls again. No input is taken while an output is pressed: so pressure runs
 * upstream, ring by ring, to the source.
 *
 * Records come in through its `Inbox`, run through its `ChainDriver`, and are cut in two at checkpoints by its `BarrierHandler`; the task
 * says whose turn it is.
 */
export class Task {
  readonly #parts: TaskParts
  readonly #inbox: Inbox
  readonly #chain: ChainDriver
  readonly #barriers: BarrierHandler
  #phase: Phase = 'running'
  /** Whether the step at hand has moved anything. */
  #moved = false
  #completed: { readonly error?: unknown } | undefined

  constructor(parts: TaskParts) {
    this.#parts = parts
    this.#inbox = new Inbox(parts)
    this.#chain = new ChainDriver(parts)
    this.#barriers = new BarrierHandler(parts, this.#inbox, this.#chain)
  }

  get name(): string {
    return this.#parts.name
  }

  /** Where the driver of this task writes its time. */
  get metrics(): TaskMetrics {
    return this.#parts.metrics
  }

  // --- what its driver asks -------------------------------------------------------------------

  /** After a step that was 'idle': what keeps this subtask from working. */
  get state(): TaskState {
    if (this.#chain.anyPressed) return 'backpressured'
    if (this.#phase === 'settling' || this.#phase === 'completing') return 'busy'
    return this.#barriers.stands || this.#chain.busy ? 'busy' : 'idle'
  }

  get ended(): boolean {
    return this.#phase === 'ended'
  }

  /** Whether a promise is pending, so that the event loop must run. */
  get asynchronous(): boolean {
    if (this.#phase === 'completing' || this.#barriers.taking) return true
    return this.#parts.source?.waiting === true || this.pending
  }

  /** Whether records are on their way in a promise: the end of input and checkpoints wait for them. */
  get pending(): boolean {
    return this.#chain.pending
  }

  /** When it wants to be called again for the time alone, in monotonic ms. */
  get dueMs(): number {
    const { source, state } = this.#parts
    const due = this.#chain.dueMs
    // A source that may not be asked, because an output is pressed, is due when the pressure goes.
    if (!this.#runs || state.pressed || this.#barriers.stands) return due
    return Math.min(due, source?.dueMs ?? Number.POSITIVE_INFINITY, this.#clockDueMs())
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
    if (this.#phase === 'waiting' || this.#barriers.suspended) return !state.pressed
    if (this.#phase !== 'running' || state.pressed || this.asynchronous) return false
    if (!this.#barriers.quiet) return false
    if (this.#parts.outputs.some(({ waiting }) => waiting)) return false
    return source === undefined || source.quiet
  }

  /**
   * For a task in a feedback loop, after a look that found nothing to move: whether nothing is left that could begin to
   * circulate by itself.
   */
  get atRest(): boolean {
    const { time, inputs } = this.#parts
    const loop = this.#parts.loop!
    if (!this.#runs || loop.held) return false
    if (!this.quiet || time.dueAt < Number.POSITIVE_INFINITY) return false
    if (loop.ended) return loop.late
    return inputs.every((input) => input.loop !== undefined || input.channel.ended)
  }

  /** Has an idle source asked again by the next step. */
  askSource(): void {
    this.#parts.source?.askNow()
  }

  // --- its life -------------------------------------------------------------------------------

  /** Opens the operators, sinks first, so that none receives a record before it is open. */
  open(): Promise<void> {
    return openAll(this.#parts)
  }

  /** Works until `deadlineMs` (about), or until there is nothing to do. Throws the failure that ends the job. */
  step(deadlineMs: number): Progress {
    const member = this.#parts.loop?.member
    member?.begin()
    this.#moved = false
    try {
      while (this.#moveOn()) {
        this.#moved = true
        if (this.#parts.nowMs() >= deadlineMs) break
      }
    } finally {
      // Also after a failure: what was emitted before it has left this operator.
      this.#chain.flush()
    }
    if (this.#phase === 'ended') return 'ended'
    if (this.#moved) member?.moved()
    else if (member?.rest(this) !== true) return 'idle'
    return 'worked'
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
    await this.#barriers.taken
    await closeAll(this.#parts)
  }

  // --- checkpoints ----------------------------------------------------------------------------

  /** Whether checkpoints begin here: its records come from a source, from the main thread or round a feedback loop. */
  get begins(): boolean {
    return this.#barriers.begins
  }

  /**
   * All hear of a checkpoint before it begins anywhere: a feedback loop then stays in its stage until it has had its part, or
   * the checkpoint was given up.
   */
  announce(epoch: number): void {
    if (this.#phase !== 'ended') this.#parts.loop?.hold(epoch)
  }

  /**
   * Begins a checkpoint here: for tasks that have no barriers coming in, or none but those that come round, and for all where it
   * does not wait for what is in flight. One that has come to its end takes part by what it has handed over then; so does
   * one whose feedback loop has begun to end.
   *
   * @param suspend - whether to stand still behind the barrier
   */
  trigger(epoch: number, suspend: boolean): void {
    if (this.#runs && this.#parts.loop?.ends !== true) this.#barriers.trigger(epoch, suspend)
    else this.#barriers.letLoopGo(epoch)
  }

  /** The checkpoint was given up: where it was to stand still behind it, it does not. */
  goOn(epoch: number): void {
    this.#barriers.goOn(epoch)
  }

  /** What it would hand over now. */
  cut(): TaskCut {
    return this.#barriers.cut()
  }

  /**
   * Takes back what a checkpoint held that was on its way to `node`: it comes before all else. To be called before the first step,
   * for one operator of the chain after the other.
   *
   * @throws StreamError `SAGE_CHECKPOINT_INCOMPATIBLE`, `SAGE_RESCALE`: the program has no such way any more
   */
  restoreInFlight(node: GraphNode, records: Iterable<InFlightRecord>): void {
    this.#inbox.restore(node, records)
  }

  // --- its steps ------------------------------------------------------------------------------

  get #runs(): boolean {
    return this.#phase === 'running' && !this.#barriers.suspended
  }

  /** False: nothing can move at present. */
  #moveOn(): boolean {
    if (this.#chain.relieve()) this.#moved = true
    const free = !this.#parts.state.pressed
    return this.#barriers.unaligned ? this.#barriers.overtake(free) : free && this.#advance()
  }

  /** Moves on by one slice of records or one phase; false: nothing can move at present. */
  #advance(): boolean {
    switch (this.#phase) {
      case 'running':
        return this.#run()
      case 'finishing':
        return this.#finish()
      case 'settling':
        return this.#settle()
      case 'draining':
        return this.#drained()
      case 'waiting':
        return false
      case 'completing':
        return this.#complete()
      case 'ended':
        return false
    }
  }

  #run(): boolean {
    if (this.#barriers.suspended) return false
    if (this.#barriers.taking) return this.#barriers.settle()
    if (!this.#barriers.mayGoOn()) return false
    if (this.#chain.runSlice(this.#inbox) || this.#chain.passTime()) return true
    if (this.#barriers.epoch === 0) return this.#takeInput()
    // A checkpoint is on its way: what belongs to it comes first.
    const at = this.#barriers.align()
    return at === 'moved' || (at === 'none' && this.#takeInput())
  }

  #takeInput(): boolean {
    const found = this.#inbox.take(this.#barriers.epoch)
    if (found === 'records') {
      this.#chain.touched = true
      // They were emitted by the end of input, which comes before them here too.
      if (this.#inbox.cameRound && this.#parts.loop!.turns) this.#phase = 'finishing'
      return true
    }
    if (found === 'barrier') this.#barriers.hear(this.#inbox.heard)
    if (found === 'time' || found === 'barrier') return true
    if (this.#chain.touched) {
      this.#chain.endOfBatch()
      return true
    }
    if (found === 'empty') {
      this.#inbox.growQuiet()
      return false
    }
    this.#phase = this.#parts.loop?.late === true ? 'settling' : 'finishing'
    return true
  }

  #finish(): boolean {
    const progress = this.#chain.finish()
    if (progress !== 'ended') return progress === 'worked'
    const { loop } = this.#parts
    if (loop === undefined) {
      this.#phase = 'settling'
      return true
    }
    // What the end has emitted may come round: until nothing does, this goes on.
    loop.beginLate()
    this.#chain.beginLate()
    this.#phase = 'running'
    return true
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
    void completeAll(this.#parts)
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

  #complete(): boolean {
    if (this.#completed === undefined) return false
    this.#phase = 'ended'
    if ('error' in this.#completed) throw this.#completed.error
    return false
  }
}
