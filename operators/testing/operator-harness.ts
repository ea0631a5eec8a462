import { unreachable } from '../../codec/assert.ts'
import { StreamError } from '../../codec/errors.ts'
import { checkKey } from '../../codec/key.ts'
import type { RuntimeContext } from '../contract/context.ts'
import type { Collector, OutputTag } from '../contract/function.ts'
import { functionName } from '../contract/function-form.ts'
import type { Operator, OperatorCall, OperatorShape, RecordScope } from '../contract/operator.ts'
import { isPromise, itemsOf, promiseReturned } from '../contract/result-checks.ts'
import { Packet, type PartitionStrategy } from '../packet.ts'
import { harnessContext, type LogLine, recordingLogger } from './harness-context.ts'
import { factoryOf, type SubjectOptions } from './harness-subject.ts'

/** Settings of an operator under test. */
export interface HarnessOptions extends SubjectOptions {
  readonly name?: string
  /**
   * Whether a failing record ends the test (`push` throws) or is left out. Both are counted.
   * Default `'fail'`.
   */
  readonly errors?: 'fail' | 'skip'
  /** Default 1. */
  readonly parallelism?: number
  /** Default 0. */
  readonly subtask?: number
  /** Whether what is pushed are the outputs of the operator's own combiner. Default false. */
  readonly combined?: boolean
  /** The strategy of the packets that a `keyBy` emits. Default `'hash'`. */
  readonly strategy?: PartitionStrategy
}

/** What travels with a pushed record. A pushed `Packet` brings its own. */
export interface PushOptions {
  readonly key?: unknown
  /** Milliseconds since the epoch. */
  readonly timestamp?: number
  /** Index of the input it comes through. Default 0. */
  readonly input?: number
}

/** Where the output at hand comes from. */
interface Origin {
  readonly input: number
  readonly strategy: PartitionStrategy | undefined
  /** Nanoseconds since the epoch. */
  readonly timestamp: number | undefined
}

const nowhere: Origin = { input: 0, strategy: undefined, timestamp: undefined }

/**
 * Runs one operator without a job: `operatorHarness(fn | Class | factory)`, then `push`, then
 * `end`. Works at once where nothing is asynchronous; else await `push` and `end`, which take their
 * turns.
 */
export function operatorHarness(subject: unknown, options: HarnessOptions = {}): OperatorHarness {
  return new OperatorHarness(subject, options)
}

/** See {@link operatorHarness}. */
export class OperatorHarness {
  /** Records that reached the main output. */
  readonly output: unknown[] = []
  /** The same records with what travels with them. */
  readonly packets: Packet[] = []
  readonly logs: LogLine[] = []
  /** Records that failed. */
  errors = 0
  /** Pushed records that were none: `null`, `undefined`, packets that carry either. */
  dropped = 0
  readonly ctx: RuntimeContext
  readonly #operator: Operator
  readonly #shape: OperatorShape
  readonly #options: HarnessOptions
  readonly #scope: RecordScope = { key: undefined, timestamp: Number.NaN }
  readonly #side = new Map<string, unknown[]>()
  readonly #out: Collector
  #origin = nowhere
  /** What has to settle before the next call. */
  #turn: Promise<void> | undefined
  #ended = false

  constructor(subject: unknown, options: HarnessOptions) {
    const { name = functionName(subject, 'operator'), subtask = 0, parallelism = 1 } = options
    const factory = factoryOf(subject, options)
    const logger = recordingLogger(this.logs)
    this.#options = options
    this.#shape = factory.shape
    this.ctx = harnessContext({ name, subtask, parallelism }, this.#scope, logger)
    this.#out = {
      collect: (value) => this.#emit(value),
      collectTo: (tag, value) => this.#emitTo(tag, value),
    }
    this.#operator = factory.create({
      ctx: this.ctx,
      scope: this.#scope,
      out: this.#out,
      combined: options.combined ?? false,
    })
    this.#inTurn(() => this.#operator.open?.())
  }

  /** Records that reached a side output. */
  sideOutput(tag: OutputTag<any>): unknown[] {
    return this.#side.get(tag.id) ?? []
  }

  /** Passes one record in. Its promise, if any, settles when the operator is through with it. */
  push(value: unknown, options: PushOptions = {}): Promise<void> | undefined {
    return this.#inTurn(() => this.#push(value, options))
  }

  /** Tells the operator that the records at hand have all been passed in. */
  endOfBatch(): Promise<void> | undefined {
    return this.#inTurn(() => this.#flush(this.#operator.endOfBatch?.()))
  }

  /** End of input: `endOfBatch`, `finish`, `close`. Later calls do nothing. */
  async end(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    try {
      const before = this.endOfBatch()
      if (before !== undefined) await before
      this.#flush(this.#operator.finish?.())
      await this.#operator.complete?.()
    } finally {
      await this.#operator.close?.()
    }
  }

  #inTurn(action: () => unknown): Promise<void> | undefined {
    const result = this.#turn === undefined ? action() : this.#turn.then(action)
    if (!isPromise(result)) return undefined
    const turn = Promise.resolve(result).then(() => {
      if (this.#turn === turn) this.#turn = undefined
    })
    // Whoever awaits it sees its failure; so does the next call.
    turn.catch(() => undefined)
    this.#turn = turn
    return turn
  }

  #push(value: unknown, options: PushOptions): unknown {
    const packet = value instanceof Packet ? value : undefined
    const payload: unknown = packet === undefined ? value : packet.payload
    if (payload === null || payload === undefined) return this.#drop(payload)
    this.#place(packet, options)
    try {
      const result = this.#apply(payload)
      if (isPromise(result)) return result.then(undefined, (error) => this.#fail(error))
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#place(undefined, {})
    }
    return undefined
  }

  #drop(payload: null | undefined): void {
    this.dropped++
    this.ctx.logger.warning(`${payload} is no record and was dropped`)
  }

  #place(packet: Packet | undefined, { key, timestamp, input = 0 }: PushOptions): void {
    const at = packet === undefined ? key : packet.partitionKey
    this.#scope.key = at === undefined ? undefined : checkKey(at)
    this.#scope.timestamp =
      packet === undefined ? (timestamp ?? Number.NaN) : packet.timestamp / 1e6
    this.#origin = {
      input: packet?.inputIndex ?? input,
      strategy: packet?.partitionStrategy,
      timestamp: packet?.timestamp ?? (timestamp === undefined ? undefined : timestamp * 1e6),
    }
  }

  #callOf(input: number): OperatorCall {
    const { call } = this.#operator
    if (typeof call === 'function') return call
    if (call[input] === undefined) unreachable(`input ${input} of ${call.length}`)
    return call[input]
  }

  /** One record through the operator, as the table of `OperatorShape` says. */
  #apply(value: unknown): unknown {
    if (this.#shape === 'forward') return this.#emit(value)
    const result = this.#callOf(this.#origin.input)(value, this.ctx, this.#out)
    if (this.#shape === 'sink') return result
    if (this.#shape === 'flatMap') {
      // Whole before the first is passed on, as in a job.
      for (const item of [...itemsOf(result)]) this.#emit(item)
      return undefined
    }
    if (isPromise(result)) throw promiseReturned(this.#shape === 'key' ? 'keyBy' : this.#shape)
    if (this.#shape === 'key') this.#setKey(result)
    if (this.#shape === 'map') this.#emit(result)
    else if (this.#shape !== 'process' && (this.#shape !== 'filter' || result)) this.#emit(value)
    return undefined
  }

  #setKey(key: unknown): void {
    this.#scope.key = checkKey(key)
    this.#origin = { ...this.#origin, strategy: this.#options.strategy ?? 'hash' }
  }

  #flush(items: Iterable<unknown> | undefined): void {
    for (const item of items ?? []) this.#emit(item)
    this.#place(undefined, {})
  }

  #emit(value: unknown): void {
    if (value === null || value === undefined) return
    const { input, strategy, timestamp } = this.#origin
    this.output.push(value)
    this.packets.push(new Packet(value, input, this.#scope.key, strategy, timestamp))
  }

  #emitTo(tag: OutputTag<any>, value: unknown): void {
    if (value === null || value === undefined) return
    const items = this.#side.get(tag.id)
    if (items === undefined) this.#side.set(tag.id, [value])
    else items.push(value)
  }

  #fail(thrown: unknown): void {
    this.errors++
    const { name, subtask } = this.ctx
    const error =
      thrown instanceof StreamError
        ? thrown.at(name, subtask)
        : new StreamError('SAGE_USER_ERROR', messageOf(thrown), {
            operator: name,
            subtask,
            cause: thrown,
          })
    this.ctx.logger.error(error.message)
    if (this.#options.errors !== 'skip') throw error
  }
}

function messageOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return `a function of the user failed: ${message}`
}
