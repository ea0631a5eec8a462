import { StreamError } from '../../codec/errors.ts'
import { newBatch } from '../../codec/record-codec.ts'
import type { InputChannel } from '../channel/input-channel.ts'
import { Deque } from './deque.ts'
import { type LoopTurn, thisLoop } from './loop-turn.ts'
import type { MainEnd } from './main-loop.ts'
import type { Replies } from './replies.ts'

const UNREAD_WARNING_MS = 2_000
const DONE = Promise.resolve({ done: true, value: undefined } as const)

/**
 * The main thread's end of an `output`: what has arrived waits here, at most about `capacity` records, then in its ring,
 * then upstream. Read once, as an async iterable or an array. A reader that is as fast as the job leaves the event loop
 * its turns all the same.
 *
 * Where a job is started again, the reader goes on: it gets what the new life emits once more, unless it has heard of the end
 * before, of which nothing is missing.
 */
export class StreamOutput<T = unknown> implements MainEnd {
  /** The asks that this output answers. */
  readonly replies: Replies
  readonly #name: string
  /** Undefined between two lives of the job. */
  #channel: InputChannel | undefined
  readonly #capacity: number
  readonly #warn: (message: string) => void
  readonly #loop: LoopTurn
  readonly #batch = newBatch()
  readonly #arrived = new Deque<T>()
  /** Calls of `next` that wait for a record, or for the next turn. */
  readonly #readers = new Deque<(result: Promise<IteratorResult<T>>) => void>()
  #taken = false
  #discarding = false
  #ended = false
  /** Whether all that this output ever gives has arrived: what comes in a later life of the job repeats it. */
  #complete = false
  #failure: StreamError | undefined
  #pumping = false
  /** Takes back what is to be said of an output that nobody reads. */
  #stopWarning: (() => void) | undefined
  /** Records that came after the reader had left or repeat what is complete, and answers for which no ask waited any more. */
  dropped = 0
  /** Records that the reader has taken. */
  read = 0

  constructor(
    name: string,
    channel: InputChannel,
    capacity: number,
    replies: Replies,
    warn: (message: string) => void,
    loop = thisLoop,
  ) {
    this.replies = replies
    this.#name = name
    this.#channel = channel
    this.#capacity = capacity
    this.#warn = warn
    this.#loop = loop
  }

  /** The records, as they arrive. Throws `SAGE_OUTPUT_READ` the second time. */
  iterate(): AsyncIterableIterator<T> {
    this.#take()
    const iterator: AsyncIterableIterator<T> = {
      next: () => this.#next(),
      return: async () => {
        this.#discard()
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  /** All records up to the end of the job. */
  async toArray(): Promise<T[]> {
    const all: T[] = []
    for await (const record of this.iterate()) {
      all.push(record)
      while (this.#arrived.size > 0) all.push(this.#takeNext())
    }
    return all
  }

  /** Whether anyone waits for a record, be it an asker. */
  get awaited(): boolean {
    return this.replies.size > 0 || this.#readers.size > 0
  }

  pump(): boolean {
    let moved = false
    this.#deliver()
    while (this.#arrived.size < this.#capacity && this.#poll()) {
      moved = true
      this.#deliver()
      if (!this.#loop.spent()) continue
      this.#pumpNextTurn()
      break
    }
    this.#deliverEnd()
    this.#watchUnread()
    return moved
  }

  /**
   * The job has ended; what has arrived can still be read, then the failure is thrown. Asks that are not answered by it
   * fail with `reason`.
   */
  close(reason: StreamError, failed: boolean): void {
    if (failed) this.#failure = reason
    this.#ended = true
    // At most a ring's. So a reader that has read it all hears of the end at once, also when the turn is spent.
    while (this.#poll());
    this.#channel = undefined
    this.pump()
    this.replies.close(reason)
    this.#stopWarning?.()
  }

  /** The job has failed and will be started again: what it has emitted is taken over, asks on their way fail with `reason`. */
  detach(reason: StreamError): void {
    // At most a ring's. What lies before a checkpoint's barrier is not emitted again.
    while (this.#poll());
    this.#channel = undefined
    this.pump()
    this.replies.lose(reason)
  }

  /** The next life of the job begins. */
  attach(channel: InputChannel): void {
    this.#channel = channel
  }

  /** Records that have arrived and wait for the reader. */
  get queued(): number {
    return this.#arrived.size
  }

  /** Takes in a frame; false when there was none. */
  #poll(): boolean {
    const polled = this.#channel?.poll(this.#batch) ?? 'empty'
    if (polled === 'ended') {
      this.#ended = true
      this.#complete = true
    }
    if (polled !== 'records') return polled === 'time' || polled === 'barrier'
    const { values, count, asked, asks } = this.#batch
    for (let i = 0; i < count; i++) {
      if (asked && this.replies.owns(asks[i])) {
        if (!this.replies.answer(asks[i], values[i])) this.dropped++
      } else if (this.#discarding || this.#complete) this.dropped++
      else this.#arrived.push(values[i] as T)
    }
    return true
  }

  #next(): Promise<IteratorResult<T>> {
    const spent = this.#loop.spent() && !this.#over
    if (!spent && this.#readers.size === 0) {
      // Early, so that the job goes on while what is here is read.
      if (this.#arrived.size <= this.#capacity >> 1) this.pump()
      const result = this.#arrived.size > 0 ? this.#record() : this.#end()
      if (result !== undefined) return result
    }
    return new Promise((resolve) => {
      this.#readers.push(resolve)
      if (spent) this.#pumpNextTurn()
    })
  }

  #deliver(): void {
    while (this.#readers.size > 0 && this.#arrived.size > 0) this.#readers.shift()(this.#record())
  }

  #deliverEnd(): void {
    if (this.#readers.size === 0 || this.#arrived.size > 0) return
    const end = this.#end()
    while (end !== undefined && this.#readers.size > 0) this.#readers.shift()(end)
  }

  #record(): Promise<IteratorResult<T>> {
    return Promise.resolve({ done: false, value: this.#takeNext() })
  }

  /** What comes when nothing is left; undefined: more may come. Asked only when all that lay in the ring was taken. */
  #end(): Promise<IteratorResult<T>> | undefined {
    if (this.#discarding) return DONE
    // The turn was spent before the ring was empty.
    if (!this.#ended || (this.#pumping && !this.#over)) return undefined
    return this.#failure === undefined ? DONE : Promise.reject(this.#failure)
  }

  /** The job has ended, and nothing is left to read. */
  get #over(): boolean {
    return this.#ended && this.#channel === undefined && this.#arrived.size === 0
  }

  #takeNext(): T {
    this.read++
    return this.#arrived.shift()
  }

  #pumpNextTurn(): void {
    if (this.#pumping) return
    this.#pumping = true
    this.#loop.machine.soon(() => {
      this.#pumping = false
      this.pump()
    })
  }

  #take(): void {
    if (this.#taken)
      throw new StreamError(
        'SAGE_OUTPUT_READ',
        `output '${this.#name}': expected to be read once, but it has a reader`,
      )
    this.#taken = true
    this.#stopWarning?.()
  }

  #discard(): void {
    this.#discarding = true
    this.dropped += this.#arrived.size
    this.#arrived.clear()
    this.pump()
  }

  /** Nobody reads, and the job stands still for it: say so once. */
  #watchUnread(): void {
    if (this.#taken || this.#stopWarning !== undefined || this.#arrived.size < this.#capacity)
      return
    this.#stopWarning = this.#loop.machine.after(UNREAD_WARNING_MS, () => {
      if (!this.#taken)
        this.#warn(`output '${this.#name}' is full and nobody reads it: the job waits`)
    })
  }
}
