import { StreamError } from '../../codec/errors.ts'
import { newBatch } from '../../codec/record-codec.ts'
import type { InputChannel } from '../channel/input-channel.ts'
import { Deque } from './deque.ts'
import { turnSpent } from './loop-turn.ts'
import type { MainEnd } from './main-loop.ts'
import type { Replies } from './replies.ts'

const UNREAD_WARNING_MS = 2_000
const DONE = Promise.resolve({ done: true, value: undefined } as const)

/**
 * The main thread's end of an `output`: what has arrived waits here, at most about `capacity` records, then in its ring,
 * then upstream. Read once, as an async iterable or an array. A reader that is as fast as the job leaves the event loop
 * its turns all the same.
 */
export class StreamOutput<T = unknown> implements MainEnd {
  /** The asks that this output answers. */
  readonly replies: Replies
  readonly #name: string
  readonly #channel: InputChannel
  readonly #capacity: number
  readonly #warn: (message: string) => void
  readonly #batch = newBatch()
  readonly #arrived = new Deque<T>()
  /** Calls of `next` that wait for a record, or for the next turn. */
  readonly #readers = new Deque<(result: Promise<IteratorResult<T>>) => void>()
  #taken = false
  #discarding = false
  #ended = false
  #failure: StreamError | undefined
  #pumping = false
  #warning: NodeJS.Timeout | undefined
  /** Records that came after the reader had left, and answers for which no ask waited any more. */
  dropped = 0
  /** Records that the reader has taken. */
  read = 0

  constructor(
    name: string,
    channel: InputChannel,
    capacity: number,
    replies: Replies,
    warn: (message: string) => void,
  ) {
    this.replies = replies
    this.#name = name
    this.#channel = channel
    this.#capacity = capacity
    this.#warn = warn
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
      if (!turnSpent()) continue
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
    // Behind what nobody has read: at most a ring's.
    while (this.replies.size > 0 && this.#poll());
    this.pump()
    this.replies.close(reason)
    clearTimeout(this.#warning)
  }

  /** Records that have arrived and wait for the reader. */
  get queued(): number {
    return this.#arrived.size
  }

  /** Takes in a frame; false when there was none. */
  #poll(): boolean {
    const polled = this.#channel.poll(this.#batch)
    if (polled === 'ended') this.#ended = true
    if (polled !== 'records') return polled === 'time' || polled === 'barrier'
    const { values, count, asked, asks } = this.#batch
    for (let i = 0; i < count; i++) {
      if (asked && this.replies.owns(asks[i])) {
        if (!this.replies.answer(asks[i], values[i])) this.dropped++
      } else if (this.#discarding) this.dropped++
      else this.#arrived.push(values[i] as T)
    }
    return true
  }

  #next(): Promise<IteratorResult<T>> {
    const spent = turnSpent()
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
    if (!this.#ended || this.#pumping) return undefined
    return this.#failure === undefined ? DONE : Promise.reject(this.#failure)
  }

  #takeNext(): T {
    this.read++
    return this.#arrived.shift()
  }

  #pumpNextTurn(): void {
    if (this.#pumping) return
    this.#pumping = true
    setImmediate(() => {
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
    clearTimeout(this.#warning)
  }

  #discard(): void {
    this.#discarding = true
    this.dropped += this.#arrived.size
    this.#arrived.clear()
    this.pump()
  }

  /** Nobody reads, and the job stands still for it: say so once. */
  #watchUnread(): void {
    if (this.#taken || this.#warning !== undefined || this.#arrived.size < this.#capacity) return
    this.#warning = setTimeout(() => {
      if (!this.#taken)
        this.#warn(`output '${this.#name}' is full and nobody reads it: the job waits`)
    }, UNREAD_WARNING_MS)
    this.#warning.unref()
  }
}
