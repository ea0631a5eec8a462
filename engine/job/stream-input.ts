import { StreamError } from '../../codec/errors.ts'
import { emptyScope } from '../../operators/contract/operator.ts'
import type { OutputChannel } from '../channel/output-channel.ts'
import { type Linked, LinkedQueue } from '../task/linked-queue.ts'
import { AbortCalls } from './abort-calls.ts'
import { type LoopTurn, thisLoop } from './loop-turn.ts'
import type { MainEnd } from './main-loop.ts'
import type { ReplayLog } from './replay-log.ts'
import type { Replies } from './replies.ts'
import type { Reply } from './reply.ts'

/** A call that waits for room: a push of one record or many, or `ready`, which has none. */
class Waiting implements Linked {
  before: this | undefined
  behind: this | undefined
  readonly records: readonly unknown[]
  /** The number of the ask whose record it is; 0: of none. */
  readonly ask: number
  /** Index of the first record that is not accepted yet. */
  next = 0
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
  /** Takes back what was to happen at an abort. */
  unwatch: (() => void) | undefined

  constructor(
    records: readonly unknown[],
    ask: number,
    resolve: () => void,
    reject: (reason: unknown) => void,
  ) {
    this.before = undefined
    this.behind = undefined
    this.records = records
    this.ask = ask
    this.resolve = resolve
    this.reject = reject
  }
}

const ACCEPTED = Promise.resolve()

/**
 * The main thread's end of a `createStream`. A push is accepted when its record has been encoded and the ring has not
 * refused what came before; until then it waits, in the order of the calls. Records accepted in one go travel in one
 * frame. However many wait, and however fast the job takes them, the event loop gets its turns.
 *
 * Where a job is started again, calls wait between its lives. What was accepted in the one before and is in no checkpoint is
 * sent again before all else where a log keeps it; else it is lost, and counted.
 */
export class StreamInput implements MainEnd {
  readonly #name: string
  /** Undefined between two lives of the job. */
  #channel: OutputChannel | undefined
  readonly #capacity: number
  readonly #onSent: () => void
  readonly #log: ReplayLog | undefined
  readonly #onFull: () => void
  readonly #loop: LoopTurn
  readonly #waiting = new LinkedQueue<Waiting>()
  readonly #aborts = new AbortCalls()
  readonly #scope = emptyScope()
  #flushing = false
  /** The turn in which a frame was last sent at the next microtask. Further ones wait until no promise goes on. */
  #flushTurn = Number.NaN
  #pumping = false
  #closed: StreamError | undefined
  #ending = false
  #endQueued = false
  #endSent = false
  /** Records accepted in this life of the job, and how many of them its last checkpoint holds. */
  #accepted = 0
  #kept = 0
  /** Records that were accepted and then lost, because the job was started again. */
  dropped = 0

  /**
   * @param onSent - called when records that had room were sent on
   * @param log - keeps what no checkpoint holds
   * @param onFull - called when that has no room before the next checkpoint
   */
  constructor(
    name: string,
    channel: OutputChannel,
    capacity: number,
    onSent: () => void,
    log?: ReplayLog,
    onFull: () => void = () => {},
    loop = thisLoop,
  ) {
    this.#name = name
    this.#channel = channel
    this.#capacity = capacity
    this.#onSent = onSent
    this.#log = log
    this.#onFull = onFull
    this.#loop = loop
    if (log !== undefined) channel.keepFrames(this.#keep)
  }

  /** Resolves when the record is accepted; rejects for a record that cannot be carried, after the end, or on an abort. */
  push(value: unknown, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    const over = this.#over()
    if (over !== undefined) return Promise.reject(over)
    if (this.#waiting.size > 0 || !this.#mayAccept()) return this.#wait([value], signal)
    try {
      this.#accept(value, 0)
      return ACCEPTED
    } catch (error) {
      return Promise.reject(this.#refusal('push', error))
    }
  }

  /**
   * Accepts the records one after the other, before those of any later call; resolves with the last. The first that
   * cannot be carried rejects: those before it are accepted, none behind it is.
   */
  pushMany(values: readonly unknown[]): Promise<void> {
    const over = this.#over()
    if (over !== undefined) return Promise.reject(over)
    const accepted = this.#wait(values)
    this.#admitWaiting()
    return accepted
  }

  /** Accepts the record now or not at all: false when there is no room. */
  tryPush(value: unknown): boolean {
    const over = this.#over()
    if (over !== undefined) throw over
    if (this.#waiting.size > 0 || !this.#hasRoom()) return false
    try {
      this.#accept(value, 0)
      return true
    } catch (error) {
      throw this.#refusal('tryPush', error)
    }
  }

  /**
   * Pushes a record and resolves with the first one derived from it that `replies` gets to see. Waits for room as `push` does,
   * within the timeout.
   */
  ask(
    value: unknown,
    replies: Replies,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<any> {
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    const over = this.#over()
    if (over !== undefined) return Promise.reject(over)
    return new Promise((resolve, reject) => {
      const reply = replies.open(timeoutMs, resolve, reject)
      if (this.#waiting.size > 0 || !this.#mayAccept()) this.#holdBack(value, reply, replies)
      else {
        try {
          this.#accept(value, reply.id)
        } catch (error) {
          replies.fail(reply, this.#refusal('ask', error))
          return
        }
      }
      if (signal !== undefined)
        reply.unwatch = this.#aborts.add(signal, () => replies.fail(reply, signal.reason))
    })
  }

  /** Resolves when the next push would be accepted at once. */
  async ready(): Promise<void> {
    for (;;) {
      const over = this.#over()
      if (over !== undefined) throw over
      if (this.#waiting.size === 0 && this.#mayAccept()) return
      await this.#wait([])
    }
  }

  /** Whether all that was pushed so far, and the end, lies in the ring. */
  get clear(): boolean {
    if (this.#closed !== undefined) return true
    const channel = this.#channel
    // What was accepted lies nowhere any more.
    if (channel === undefined) return true
    if (this.#waiting.size > 0 || channel.pressed || channel.gathered > 0) return false
    return this.#endSent || !this.#ending
  }

  /** Calls that wait for room. */
  get queued(): number {
    return this.#waiting.size
  }

  /** No more records. Those that wait are still accepted, in order, before the end. */
  end(): void {
    if (this.#ending) return
    this.#ending = true
    this.pump()
  }

  /** The job has ended: what waits is refused with `error`. */
  close(error: StreamError): void {
    this.#closed ??= error
    this.#ending = true
    for (let first = this.#waiting.first; first !== undefined; first = this.#waiting.first)
      this.#leave(first).reject(this.#closed)
  }

  /** A checkpoint is complete that holds the first `records` of this life of the job. */
  checkpointed(records: number): void {
    this.#kept = records
    this.#log?.release(records)
    if (this.#waiting.size > 0) this.pump()
  }

  /** Whether what no checkpoint holds is fed again in the next life. */
  get replays(): boolean {
    return this.#log !== undefined
  }

  /** Whether it leads into a life of the job. */
  get attached(): boolean {
    return this.#channel !== undefined
  }

  /** Whether what is kept leaves no room before the next checkpoint. */
  get full(): boolean {
    return this.#log?.full === true
  }

  readonly #keep = (frame: Uint8Array, records: number): void => {
    const { full, keep } = this.#log!
    keep(frame, records)
    if (!full && this.full) this.#onFull()
  }

  /** The job has failed and will be started again. What waits goes on waiting, what nobody has kept is lost. */
  detach(): void {
    if (this.#log === undefined) this.dropped += this.#accepted - this.#kept
    // The frame at hand is kept, too.
    else this.#channel?.flush()
    this.#accepted = 0
    this.#kept = 0
    this.#channel = undefined
  }

  /** The next life of the job begins, and takes what waits. An end that was asked for is sent once more. */
  attach(channel: OutputChannel): void {
    this.#channel = channel
    this.#endQueued = false
    this.#endSent = false
    if (this.#log !== undefined) {
      for (const { frame, records } of this.#log.again()) channel.resend(frame, records)
      channel.keepFrames(this.#keep)
    }
    // Where nothing is sent again, nobody may come to ask for more.
    this.pump()
  }

  pump(): boolean {
    const channel = this.#channel
    if (channel === undefined || this.#closed !== undefined || this.#endSent) return false
    const drained = channel.pressed && channel.drain()
    const moved = this.#admitWaiting() || drained
    if (this.#ending && this.#waiting.size === 0) this.#sendEnd(channel)
    else if (moved) channel.flush()
    return moved
  }

  #sendEnd(channel: OutputChannel): void {
    if (!this.#endQueued) channel.end()
    this.#endQueued = true
    this.#endSent = !channel.pressed
  }

  #hasRoom(): boolean {
    const channel = this.#channel
    if (channel === undefined || channel.pressed || this.full) return false
    return channel.gathered < this.#capacity
  }

  /** Whether a record may be accepted now. Where only the event loop's turn is in the way, the next one pumps. */
  #mayAccept(): boolean {
    if (!this.#hasRoom()) return false
    if (!this.#loop.spent()) return true
    this.#pumpNextTurn()
    return false
  }

  #pumpNextTurn(): void {
    if (this.#pumping) return
    this.#pumping = true
    this.#loop.machine.soon(() => {
      this.#pumping = false
      this.pump()
    })
  }

  #admitWaiting(): boolean {
    let moved = false
    for (
      let first = this.#waiting.first;
      first !== undefined && this.#mayAccept();
      first = this.#waiting.first
    ) {
      this.#admit(first)
      moved = true
    }
    return moved
  }

  /** Accepts the next record of a call that waits; the last one settles it. */
  #admit(waiting: Waiting): void {
    const { records, next } = waiting
    try {
      if (next < records.length) this.#accept(records[waiting.next++], waiting.ask)
      if (waiting.next === records.length) this.#leave(waiting).resolve()
    } catch (error) {
      const what = waiting.ask === 0 ? 'push' : 'ask'
      const where = records.length === 1 ? what : `record ${next} of ${records.length} pushed`
      this.#leave(waiting).reject(this.#refusal(where, error))
    }
  }

  #accept(value: unknown, ask: number): void {
    this.#scope.ask = ask
    this.#channel!.append(value, this.#scope)
    this.#accepted++
    if (this.#flushing) return
    this.#flushing = true
    if (this.#flushTurn === this.#loop.number) process.nextTick(this.#flush)
    else queueMicrotask(this.#flush)
    this.#flushTurn = this.#loop.number
  }

  readonly #flush = (): void => {
    this.#flushing = false
    if (!this.#endQueued) this.#channel?.flush()
    this.#onSent()
    if (this.#waiting.size > 0) this.pump()
  }

  #wait(records: readonly unknown[], signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = new Waiting(records, 0, resolve, reject)
      this.#waiting.push(waiting)
      if (signal === undefined) return
      waiting.unwatch = this.#aborts.add(signal, () => {
        this.#leave(waiting).reject(signal.reason)
        // It may have been the last before the end.
        this.pump()
      })
    })
  }

  #holdBack(value: unknown, reply: Reply, replies: Replies): void {
    const admitted = () => {
      reply.withdraw = undefined
    }
    const waiting = new Waiting([value], reply.id, admitted, (reason) => {
      admitted()
      replies.fail(reply, reason)
    })
    this.#waiting.push(waiting)
    reply.withdraw = () => {
      this.#leave(waiting)
      this.pump()
    }
  }

  #leave(waiting: Waiting): Waiting {
    this.#waiting.remove(waiting)
    waiting.unwatch?.()
    return waiting
  }

  /** Why nothing is taken any more. */
  #over(): StreamError | undefined {
    if (this.#closed !== undefined || !this.#ending) return this.#closed
    return new StreamError(
      'SAGE_STREAM_ENDED',
      `push to '${this.#name}': expected an open stream, but it has ended`,
    )
  }

  /** What a record that cannot be carried is refused with: its codec does not know the place. */
  #refusal(what: string, error: unknown): unknown {
    if (!(error instanceof StreamError)) return error
    return new StreamError(error.code, `${what} to '${this.#name}': ${error.message}`, {
      operator: this.#name,
      subtask: 0,
      ...('cause' in error ? { cause: error.cause } : {}),
    })
  }
}
