import { StreamError } from '../../codec/errors.ts'
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
   * Resolves when the record is accepted. Calls are accepted in order. `SAGE_NULL_RECORD`,
   * `SAGE_STREAM_ENDED`.
   */
  push(value: T, options?: PushOptions): Promise<void>
  /** Pushes all of them, in order; none when one is null. */
  pushMany(values: Iterable<T>): Promise<void>
  /** Pushes if there is room now; says whether it did. */
  tryPush(value: T): boolean
  /** Resolves when there is room. */
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

  async push(value: unknown, { signal }: PushOptions = {}): Promise<void> {
    this.#requireRecord(value)
    await pushEndOf(this.node).push(value, signal)
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
