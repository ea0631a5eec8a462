import { StreamError } from '../../codec/errors.ts'
import { newBatch } from '../../codec/record-codec.ts'
import type { InputChannel } from '../channel/input-channel.ts'
import type { MainEnd } from './main-loop.ts'

const UNREAD_WARNING_MS = 2_000

/**
 * The main thread's end of an `output`: what has arrived waits here, at most about `capacity` records, then in its ring,
 * then upstream. Read once, as an async iterable or an array.
 */
export class StreamOutput<T = unknown> implements MainEnd {
  readonly #name: string
  readonly #channel: InputChannel
  readonly #capacity: number
  readonly #warn: (message: string) => void
  readonly #batch = newBatch()
  #arrived: T[] = []
  #next = 0
  #reader: (() => void) | undefined
  #taken = false
  #discarding = false
  #ended = false
  #failure: unknown
  #failed = false
  #warning: NodeJS.Timeout | undefined
  /** Records that came after the reader had left. */
  dropped = 0
  /** Records that the reader has taken. */
  read = 0

  constructor(
    name: string,
    channel: InputChannel,
    capacity: number,
    warn: (message: string) => void,
  ) {
    this.#name = name
    this.#channel = channel
    this.#capacity = capacity
    this.#warn = warn
  }

  /** The records, as they arrive. Throws `SAGE_OUTPUT_READ` the second time. */
  iterate(): AsyncIterableIterator<T> {
    this.#take()
    const iterator: AsyncIterableIterator<T> = {
      next: () => this.#read(),
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
    for await (const record of this.iterate()) all.push(record)
    return all
  }

  pump(): boolean {
    let moved = false
    while (this.#size < this.#capacity) {
      const polled = this.#channel.poll(this.#batch)
      if (polled !== 'records') {
        if (polled === 'ended') this.#ended = true
        break
      }
      moved = true
      this.#keep()
    }
    if (moved || this.#ended || this.#failed) this.#wakeReader()
    this.#watchUnread()
    return moved
  }

  /** The job has ended; what has arrived can still be read, then the failure is thrown. */
  close(failure?: { readonly error: unknown }): void {
    this.pump()
    this.#failed = failure !== undefined
    this.#failure = failure?.error
    this.#jobEnded = true
    clearTimeout(this.#warning)
    this.#wakeReader()
  }

  #jobEnded = false

  get #size(): number {
    return this.#arrived.length - this.#next
  }

  #keep(): void {
    const { values, count } = this.#batch
    if (this.#discarding) {
      this.dropped += count
      return
    }
    if (this.#next > 0) {
      this.#arrived = this.#arrived.slice(this.#next)
      this.#next = 0
    }
    for (let i = 0; i < count; i++) this.#arrived.push(values[i] as T)
  }

  async #read(): Promise<IteratorResult<T>> {
    for (;;) {
      if (this.#size === 0) this.pump()
      if (this.#size > 0) {
        const value = this.#arrived[this.#next]
        this.#arrived[this.#next++] = undefined as T
        this.read++
        return { done: false, value }
      }
      if (this.#failed) throw this.#failure
      if (this.#ended || this.#jobEnded || this.#discarding) return { done: true, value: undefined }
      await new Promise<void>((resolve) => {
        this.#reader = resolve
      })
    }
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
    this.dropped += this.#size
    this.#arrived = []
    this.#next = 0
    this.pump()
  }

  #wakeReader(): void {
    const wake = this.#reader
    this.#reader = undefined
    wake?.()
  }

  /** Nobody reads, and the job stands still for it: say so once. */
  #watchUnread(): void {
    if (this.#taken || this.#warning !== undefined || this.#size < this.#capacity) return
    this.#warning = setTimeout(() => {
      if (!this.#taken)
        this.#warn(`output '${this.#name}' is full and nobody reads it: the job waits`)
    }, UNREAD_WARNING_MS)
    this.#warning.unref()
  }
}
