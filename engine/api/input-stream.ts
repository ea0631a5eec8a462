import { describe, StreamError } from '../../codec/errors.ts'
import type { GraphNode } from '../graph/node.ts'
import { pushEndOf } from './ends.ts'
import { UnkeyedStream } from './keyed-stream.ts'
import { CURSOR, type Cursor } from './stream-scope.ts'
import type { DataStream } from './streams.ts'

/** What a push may be told. */
export interface PushOptions {
  /**
   * Gives up waiting for room: the push rejects with the signal's reason and the record is not
   * accepted.
   */
  readonly signal?: AbortSignal
}

/** A stream that the main thread feeds, once its job is submitted. */
export interface InputStream<T> extends DataStream<T> {
  readonly name: string
  /**
   * Resolves when the record is accepted: it has been copied, and room was found for it. Until then it must not be
   * changed. Calls are accepted in order, however many wait. Rejects with `SAGE_NULL_RECORD`, with the codec's error for a
   * record that cannot be carried (the stream goes on), with `SAGE_STREAM_ENDED` after the end, with the job's error
   * when it failed.
   */
  push(value: T, options?: PushOptions): Promise<void>
  /**
   * Pushes all of them, in order, with nothing of later calls between them; resolves when the last is accepted. When one
   * is null, none is pushed. When one cannot be carried, it rejects and says which: those before it are accepted, none
   * behind it is.
   */
  pushMany(values: Iterable<T>): Promise<void>
  /** Pushes if there is room now and nobody waits for it; says whether it did. */
  tryPush(value: T): boolean
  /** Resolves when there is room and nobody waits for it: the next push is accepted at once. */
  ready(): Promise<void>
  /** No more records: what was accepted is processed, then the stream ends. */
  end(): void
}

/** The stream of `createStream`; typed as {@link InputStream}. */
export class FedStream extends UnkeyedStream {
  readonly name: string

  constructor(cursor: Cursor, name: string) {
    super(cursor)
    this.name = name
  }

  /** @internal */
  get node(): GraphNode {
    return this[CURSOR].node
  }

  push(value: unknown, options?: PushOptions): Promise<void> {
    try {
      this.#requireRecord(value)
      return pushEndOf(this.node).push(value, signalOf(options))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async pushMany(values: Iterable<unknown>): Promise<void> {
    const records = [...values]
    for (const record of records) this.#requireRecord(record)
    await pushEndOf(this.node).pushMany(records)
  }

  tryPush(value: unknown): boolean {
    this.#requireRecord(value)
    return pushEndOf(this.node).tryPush(value)
  }

  async ready(): Promise<void> {
    await pushEndOf(this.node).ready()
  }

  end(): void {
    pushEndOf(this.node).end()
  }

  #requireRecord(value: unknown): void {
    if (value !== null && value !== undefined) return
    throw new StreamError(
      'SAGE_NULL_RECORD',
      `push to stream '${this.name}': expected a record, got ${value}`,
    )
  }
}

function signalOf(options: PushOptions | undefined): AbortSignal | undefined {
  const signal = options?.signal
  if (signal === undefined || signal instanceof AbortSignal) return signal
  throw new StreamError(
    'SAGE_OPTION',
    `push.signal: expected an AbortSignal, got ${describe(signal)}`,
  )
}
