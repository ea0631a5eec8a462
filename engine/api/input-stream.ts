import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'
import type { GraphNode } from '../graph/node.ts'
import { pushEndOf, readEndOf } from './ends.ts'
import { UnkeyedStream } from './keyed-stream.ts'
import { OutputStream } from './output-stream.ts'
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

/**
 * Where and how long an `ask` waits for its answer.
 *
 * @typeParam R - the records of the output
 */
export interface AskOptions<R> {
  /** An output of the same job, behind the stream. */
  readonly reply: OutputStream<R>
  /**
   * From the call on, waiting for room included; then it rejects with `SAGE_TIMEOUT`. More than 64 ms are rounded up
   * by less than 2 %. `Infinity`: it waits until the job ends.
   */
  readonly timeout: Duration
  /** Gives up: the ask rejects with the signal's reason. A record that was not accepted yet is not pushed. */
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
  /**
   * Pushes the record, and resolves with the first record derived from it that reaches the output `reply`.
   *
   * The correlation travels with the record as its timestamp does: through operators that make records of one record
   * (`map`, `filter`, `flatMap`, `keyBy`, `process`, `coMap`, `reduce`, …) and from thread to thread; not through
   * what gathers records first (finals, windows, timers). Every record with it that reaches `reply` is for the asker and
   * never for the output's reader: those behind the first, and those that come too late, are dropped and counted as
   * `dropped` of the output. At other outputs it is a record like any other.
   *
   * Rejects with `SAGE_TIMEOUT` when none came, also because the record was filtered out or left out after an error; as
   * `push` does for what cannot be pushed; with the job's error, or `SAGE_STREAM_ENDED`, when the job ends before; with
   * `SAGE_OPTION` for an output that does not lie behind this stream.
   */
  ask<R>(value: T, options: AskOptions<R>): Promise<R>
  /** No more records: what was accepted is processed, then the stream ends. */
  end(): void
}

/** The stream of `createStream`; typed as {@link InputStream}. */
export class FedStream extends UnkeyedStream {
  readonly name: string
  /** Outputs that were found to lie behind this stream. */
  readonly #replies = new Set<GraphNode>()

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
      return pushEndOf(this.node).push(value, checkSignal('push', options?.signal))
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

  ask(value: unknown, options: AskOptions<any>): Promise<any> {
    try {
      this.#requireRecord(value)
      const { reply, timeoutMs, signal } = this.#askOptions(options)
      return pushEndOf(this.node).ask(value, readEndOf(reply).replies, timeoutMs, signal)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async ready(): Promise<void> {
    await pushEndOf(this.node).ready()
  }

  end(): void {
    pushEndOf(this.node).end()
  }

  #askOptions(options: unknown) {
    if (typeof options !== 'object' || options === null) {
      throw new StreamError(
        'SAGE_OPTION',
        `ask: expected { reply, timeout, signal? }, got ${describe(options)}`,
      )
    }
    const { reply, timeout, signal } = options as Partial<AskOptions<unknown>>
    return {
      reply: this.#replyOf(reply),
      timeoutMs: durationMs(timeout as Duration, 'ask.timeout'),
      signal: checkSignal('ask', signal),
    }
  }

  #replyOf(reply: unknown): GraphNode {
    const node = reply instanceof OutputStream ? reply.node : undefined
    if (node !== undefined && this.#replies.has(node)) return node
    if (node === undefined || !liesBehind(node, this.node)) {
      const got = node === undefined ? describe(reply) : `output '${node.name}', which is none`
      throw new StreamError(
        'SAGE_OPTION',
        `ask.reply: expected an output of the same job behind stream '${this.name}', got ${got}`,
      )
    }
    this.#replies.add(node)
    return node
  }

  #requireRecord(value: unknown): void {
    if (value !== null && value !== undefined) return
    throw new StreamError(
      'SAGE_NULL_RECORD',
      `push to stream '${this.name}': expected a record, got ${value}`,
    )
  }
}

function checkSignal(method: string, signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal
  throw new StreamError(
    'SAGE_OPTION',
    `${method}.signal: expected an AbortSignal, got ${describe(signal)}`,
  )
}

/** Whether records of `source` may reach `node`. */
function liesBehind(node: GraphNode, source: GraphNode): boolean {
  const seen = new Set<GraphNode>()
  const open = [node]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === source) return true
    if (seen.has(next)) continue
    seen.add(next)
    for (const { from } of next.inputs) open.push(from)
  }
  return false
}
