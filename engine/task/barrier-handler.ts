import type { InputChannel } from '../channel/input-channel.ts'
import type { ChainDriver } from './chain-driver.ts'
import type { Inbox } from './inbox.ts'
import type { TaskCut } from './task-cut.ts'
import type { TaskParts } from './task-parts.ts'

/** What the way to a barrier has found: nothing to do with it, something that moved, or something to wait for. */
export type AtBarrier = 'none' | 'moved' | 'blocked'

/** A share in a checkpoint that is being made durable. */
interface Taking {
  readonly epoch: number
  settled: boolean
  failure?: { readonly error: unknown }
  /** Never rejects. */
  done: Promise<void>
}

/**
 * A subtask's part in checkpoints. The first barrier of one that comes in, or `trigger` where it begins, has the subtask
 * cut its input in two; it hands its state over in the cut, and sends the barrier on.
 *
 * - Aligned: each input waits behind its barrier until all have come to theirs and all they brought has had its effect.
 * - Unaligned: nothing more is worked on; the barriers go downstream at once, and what lies before those that come in belongs to
 *   the checkpoint, unworked. So does what circulates, where a feedback loop begins, in any checkpoint.
 *
 * Then it may have to stand still: until its share is durable, until all others have had theirs, or for good.
 */
export class BarrierHandler {
  readonly #parts: TaskParts
  readonly #inbox: Inbox
  readonly #chain: ChainDriver
  /** Whether a feedback loop begins here: all records have come round. */
  readonly #heads: boolean
  /** Whether checkpoints begin here: its records come from a source, from the main thread or round a feedback loop. */
  readonly begins: boolean
  /** The checkpoint whose barrier has come in on some input, or that starts here; 0: none. */
  #epoch = 0
  /** The last checkpoint that it has had its part in. */
  #lastCut = 0
  /** The checkpoint behind whose barrier nothing is done; 0: none. */
  #suspendsAt = 0
  #suspended = false
  /** What was emitted for it lies before the barrier. */
  #handedOver = false
  /** Whether the one at hand does not wait for what is in flight, and whether its barriers have gone downstream. */
  #unaligned = false
  #passed = false
  /** Until it has settled, nothing is taken in and no time passes. */
  #taking: Taking | undefined
  /** The checkpoint behind whose barrier nothing is taken in and no time passes until all others have it; 0: none. */
  #held = 0

  constructor(parts: TaskParts, inbox: Inbox, chain: ChainDriver) {
    this.#parts = parts
    this.#inbox = inbox
    this.#chain = chain
    const { source, inputs, loop } = parts
    this.#heads = loop?.begins === true
    this.begins = this.#heads || source !== undefined || inputs.every(({ fromMain }) => fromMain)
  }

  /** The checkpoint whose barrier is on its way through here; 0: none. */
  get epoch(): number {
    return this.#epoch
  }

  /** Whether it is one for which nothing more is worked on. */
  get unaligned(): boolean {
    return this.#unaligned
  }

  /** Whether the task stands behind a barrier until `goOn`. */
  get suspended(): boolean {
    return this.#suspended
  }

  /** Whether a share is being made durable. */
  get taking(): boolean {
    return this.#taking !== undefined
  }

  /** Settles when no share is being made durable; never rejects. */
  get taken(): Promise<void> | undefined {
    return this.#taking?.done
  }

  /** Whether nothing is taken in because of a checkpoint, and no time passes. */
  get stands(): boolean {
    return this.#taking !== undefined || this.#held !== 0 || this.#unaligned
  }

  /** Whether no checkpoint is on its way through here. */
  get quiet(): boolean {
    return this.#epoch === 0 && this.#held === 0
  }

  // --- how one begins -------------------------------------------------------------------------

  /** Begins a checkpoint here; see `Task.trigger`. */
  trigger(epoch: number, suspend: boolean): void {
    if (epoch <= this.#epoch || epoch <= this.#lastCut) return
    this.#begin(epoch)
    this.#suspendsAt = suspend ? epoch : 0
    // What the main thread has pushed before lies before the barrier.
    for (const { channel } of this.#parts.inputs) channel.markPublished()
  }

  /** The first barrier of a checkpoint; a later one takes the place of one that was given up. */
  hear(epoch: number): void {
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

  /** The checkpoint was given up; see `Task.goOn`. */
  goOn(epoch: number): void {
    this.letLoopGo(epoch)
    if (epoch !== this.#suspendsAt) return
    this.#suspendsAt = 0
    this.#suspended = false
  }

  /** Nothing of the checkpoint is to come here: it no longer holds a feedback loop in its stage. */
  letLoopGo(epoch: number): void {
    // The question whether anything circulates may wait for this subtask.
    if (this.#parts.loop?.letGo(epoch) === true) this.#parts.wake()
  }

  // --- the cut --------------------------------------------------------------------------------

  /** What would be handed over now. */
  cut(): TaskCut {
    return { ...this.#parts.cut(), inFlight: () => this.#inbox.inFlight() }
  }

  /** Takes the checkpoint once all inputs have come to its barrier and all they brought has had its effect. */
  align(): AtBarrier {
    if (this.#inbox.hasRestored) return 'none'
    for (const { channel } of this.#parts.inputs) if (!this.#reached(channel)) return 'none'
    const emptied = this.#empty()
    if (emptied !== 'none') return emptied
    return this.#take() ? 'moved' : 'blocked'
  }

  #reached(channel: InputChannel): boolean {
    return this.begins ? channel.caughtUp : channel.ended || channel.epoch >= this.#epoch
  }

  /**
   * A checkpoint that does not wait for what is in flight: what lies before the barriers that come in is taken out of the rings,
   * unworked. That makes room for whoever sends here, so that its barrier comes: no subtask waits for the work of another. Then state
   * and what is in flight are of one cut.
   *
   * Where a feedback loop begins, it is done so in any checkpoint: the barrier that comes in is its own, come round. What it
   * holds is what circulates.
   *
   * @param free - whether outputs and operators have room
   * @returns whether anything has moved
   */
  overtake(free: boolean): boolean {
    const { checkpoints } = this.#parts
    if (this.#taking !== undefined) return this.settle()
    const epoch = this.#epoch
    // Given up: where others wait for its barrier, that goes first.
    if (!checkpoints!.takes(epoch) && (this.#passed || checkpoints!.unaligned(epoch))) {
      this.#leave()
      return true
    }
    const moved = this.#inbox.takeAhead(epoch)
    if (!this.#passed) return (free && this.#workToBarrier()) || moved
    if (!this.#inbox.hasTaken(epoch)) return moved
    this.#take()
    return true
  }

  /** What has begun comes to its end: a source's batch, one that is read in place, time, promises, retries, micro-batches. */
  #workToBarrier(): boolean {
    if ((this.#inbox.whole && this.#chain.runSlice(this.#inbox)) || this.#chain.passTime())
      return true
    const emptied = this.#empty()
    if (emptied !== 'none') return emptied === 'moved'
    this.#sendBarriers()
    this.#passed = true
    return true
  }

  /** Has all that belongs to the checkpoint leave the chain and its outputs; 'none': nothing is left. */
  #empty(): AtBarrier {
    if (!this.#handedOver) {
      this.#handedOver = true
      this.#chain.beforeBarrier()
      return 'moved'
    }
    if (this.#chain.touched) {
      this.#chain.endOfBatch()
      return 'moved'
    }
    // What is on its way in a promise, or waits for a retry, belongs to it.
    if (this.#chain.pending || this.#chain.retrying) return 'blocked'
    // A restart repeats nothing that lies before the barrier: the main thread finds it in its ring, whatever becomes of this thread.
    for (const output of this.#parts.outputs) if (output.flush()) return 'blocked'
    return 'none'
  }

  /** Hands over. False: the share is being made durable, and the barrier waits for that. */
  #take(): boolean {
    const share = this.#parts.checkpoints!.take(this.#epoch, this.cut())
    if (share === undefined) this.#pass()
    else this.#awaitShare(this.#epoch, share)
    return share === undefined
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

  // --- behind the barrier ---------------------------------------------------------------------

  /** Goes on once the share in a checkpoint is durable. Meanwhile a later one may have begun here. */
  settle(): boolean {
    const { epoch, settled, failure } = this.#taking!
    if (!settled) return false
    this.#taking = undefined
    if (failure !== undefined) throw failure.error
    if (epoch === this.#epoch) this.#pass()
    return true
  }

  /** Whether the others have come to their barriers, too, or the checkpoint was given up. */
  mayGoOn(): boolean {
    if (this.#held === 0) return true
    if (this.#parts.checkpoints!.holds(this.#held)) return false
    this.#held = 0
    return true
  }

  #pass(): void {
    if (!this.#passed) this.#sendBarriers()
    if (this.#parts.checkpoints!.holds(this.#epoch)) this.#held = this.#epoch
    if (this.#epoch === this.#suspendsAt) this.#suspended = true
    this.#lastCut = this.#epoch
    this.#leave()
  }

  #sendBarriers(): void {
    for (const output of this.#parts.outputs) output.barrier(this.#epoch)
  }

  #leave(): void {
    this.letLoopGo(this.#epoch)
    this.#epoch = 0
    this.#unaligned = false
    this.#passed = false
  }
}
