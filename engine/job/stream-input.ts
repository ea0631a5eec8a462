import { describe, StreamError } from '../../codec/errors.ts'
import { emptyScope } from '../../operators/contract/operator.ts'
import type { OutputChannel } from '../channel/output-channel.ts'
import type { MainEnd } from './main-loop.ts'

interface Waiting {
  readonly value: unknown
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/**
 * The main thread's end of a `createStream`. A push is accepted when its record has been encoded and the ring has not
 * refused what came before; until then it waits, in the order of the calls. Records accepted in one turn of
 * the event loop travel in one frame.
 */
export class StreamInput implements MainEnd {
  readonly #name: string
  readonly #channel: OutputChannel
  readonly #capacity: number
  readonly #waiting: Waiting[] = []
  readonly #scope = emptyScope()
  #flushing = false
  #closed: StreamError | undefined
  #ending = false

  constructor(name: string, channel: OutputChannel, capacity: number) {
    this.#name = name
    this.#channel = channel
    this.#capacity = capacity
  }

  /** Resolves when the record is accepted; rejects for a record that cannot be carried, after the end, or on an abort. */
  push(value: unknown, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    try {
      if (this.tryPush(value)) return Promise.resolve()
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#wait(value, signal)
  }

  /** Pushes one after the other; resolves when all are accepted. */
  async pushMany(values: readonly unknown[]): Promise<void> {
    const pushes: Promise<void>[] = []
    for (const value of values) pushes.push(this.push(value))
    await Promise.all(pushes)
  }

  /** Accepts the record now or not at all: false when there is no room. */
  tryPush(value: unknown): boolean {
    this.#checkOpen()
    if (value === null || value === undefined) {
      throw new StreamError(
        'SAGE_NULL_RECORD',
        `push to '${this.#name}': expected a record, got ${describe(value)}, which is never one`,
      )
    }
    if (this.#waiting.length > 0 || !this.#hasRoom()) return false
    this.#accept(value)
    return true
  }

  /** Resolves when the next push would be accepted at once. */
  async ready(): Promise<void> {
    this.#checkOpen()
    while (this.#waiting.length > 0 || !this.#hasRoom()) await this.#wait(undefined)
  }

  /** Whether all that was pushed so far, and the end, lies in the ring. */
  get clear(): boolean {
    if (this.#closed !== undefined) return true
    if (this.#waiting.length > 0 || this.#channel.pressed || this.#channel.gathered > 0)
      return false
    return this.#sentEnd || !this.#ending
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
    for (const { reject } of this.#waiting.splice(0)) reject(this.#closed)
  }

  pump(): boolean {
    if (this.#closed !== undefined || this.#sentEnd) return false
    let moved = this.#channel.pressed && this.#channel.drain()
    while (this.#waiting.length > 0 && this.#hasRoom()) {
      moved = true
      this.#admit(this.#waiting.shift()!)
    }
    if (this.#ending && this.#waiting.length === 0) this.#sendEnd()
    else if (moved) this.#channel.flush()
    return moved
  }

  #sentEnd = false

  #sendEnd(): void {
    if (!this.#endQueued) this.#channel.end()
    this.#endQueued = true
    this.#sentEnd = !this.#channel.pressed
  }

  #endQueued = false

  #hasRoom(): boolean {
    return !this.#channel.pressed && this.#channel.gathered < this.#capacity
  }

  #admit({ value, resolve, reject }: Waiting): void {
    try {
      if (value !== undefined) this.#accept(value)
      resolve()
    } catch (error) {
      reject(error)
    }
  }

  #accept(value: unknown): void {
    this.#channel.append(value, this.#scope)
    if (this.#flushing) return
    this.#flushing = true
    queueMicrotask(() => {
      this.#flushing = false
      if (!this.#endQueued) this.#channel.flush()
      if (this.#waiting.length > 0) this.pump()
    })
  }

  #wait(value: unknown, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        value,
        resolve: () => {
          signal?.removeEventListener('abort', abort)
          resolve()
        },
        reject: (reason) => {
          signal?.removeEventListener('abort', abort)
          reject(reason)
        },
      }
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        reject(signal!.reason)
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiting.push(waiting)
    })
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw this.#closed
    if (this.#ending)
      throw new StreamError(
        'SAGE_STREAM_ENDED',
        `push to '${this.#name}': expected an open stream, but it has ended`,
      )
  }
}
