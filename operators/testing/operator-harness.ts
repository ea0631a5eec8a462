import { unreachable } from '../../codec/assert.ts'
import type { Duration } from '../../codec/duration.ts'
import { StreamError } from '../../codec/errors.ts'
import { checkKey } from '../../codec/key.ts'
import type { RuntimeContext } from '../contract/context.ts'
import type { Collector, OutputTag } from '../contract/function.ts'
import { functionName } from '../contract/function-form.ts'
import { METRIC_SLOTS, MetricRegistry } from '../contract/metric-registry.ts'
import type { MetricKind } from '../contract/metrics.ts'
import {
  emptyScope,
  type KeyedBackend,
  type Operator,
  type OperatorCall,
  type OperatorShape,
  type RecordScope,
  type Room,
} from '../contract/operator.ts'
import { Packet, type PartitionStrategy } from '../contract/packet.ts'
import { checkTimestamp, isPromise, itemsOf, promiseReturned } from '../contract/result-checks.ts'
import { type MetricCells, readUserMetrics, type UserMetrics } from '../contract/user-metrics.ts'
import { KeyedState } from '../state/keyed-state.ts'
import {
  harnessContext,
  type LogLine,
  MAX_PARALLELISM,
  recordingLogger,
} from './harness-context.ts'
import { factoryOf, type SubjectOptions } from './harness-subject.ts'
import { ManualClock } from './manual-clock.ts'

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
  /**
   * Whether every second record that the operator emits is refused at first, as by a ring that is
   * full: what the same call emits behind it waits too, and `finish` is asked for its next record
   * only when there is room again; the key and the timestamp that it had set are gone by then.
   * Its records are the same as without, or it does not keep to the contract. Default false.
   */
  readonly pressed?: boolean
  /** The processing time at the beginning, in milliseconds since the epoch. Default 0. */
  readonly startMs?: number
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
 *
 * ```ts
 * const words = operatorHarness((line: string) => line.split(' '), { shape: 'flatMap' })
 * words.push('to be', { key: 'k' })
 * expect(words.output).toEqual(['to', 'be'])
 * ```
 *
 * Its processing time stands still until `advanceTime`.
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
  /**
   * Records left out without an error: pushed ones that were none (`null`, `undefined`, packets that carry either), and
   * those that the operator itself counts, as late ones.
   */
  dropped = 0
  readonly ctx: RuntimeContext
  /** What the operator keeps per key. */
  readonly keyed: KeyedBackend
  readonly #operator: Operator
  readonly #shape: OperatorShape
  readonly #options: HarnessOptions
  readonly #scope: RecordScope = emptyScope()
  readonly #side = new Map<string, unknown[]>()
  readonly #out: Collector
  readonly #clock: ManualClock
  readonly #metrics: MetricCells[] = []
  readonly #registry: MetricRegistry
  #origin = nowhere
  /** What was refused and what was emitted behind it. */
  readonly #held: Packet[] = []
  #emitted = 0
  /** What has to settle before the next call. */
  #turn: Promise<void> | undefined
  #ended = false

  constructor(subject: unknown, options: HarnessOptions) {
    const { name = functionName(subject, 'operator'), subtask = 0, parallelism = 1 } = options
    const factory = factoryOf(subject, options)
    const logger = recordingLogger(this.logs)
    this.#options = options
    this.#shape = factory.shape
    this.#clock = new ManualClock(options.startMs)
    const place = { name, subtask, parallelism }
    const keyed = new KeyedState(
      { name, keyed: true, maxParallelism: MAX_PARALLELISM, clock: this.#clock },
      this.#scope,
    )
    this.keyed = keyed
    const allocate = (kind: MetricKind, metric: string): Float64Array => {
      const cells = new Float64Array(METRIC_SLOTS[kind])
      this.#metrics.push({ kind, name: metric, cells })
      return cells
    }
    this.#registry = new MetricRegistry(name, allocate, logger)
    this.ctx = harnessContext(place, this.#scope, logger, this.#clock, keyed, this.#registry)
    this.#out = {
      collect: (value) => this.#emit(value),
      collectTo: (tag, value) => this.#emitTo(tag, value),
    }
    this.#operator = factory.create({
      ctx: this.ctx,
      scope: this.#scope,
      out: this.#out,
      keyed,
      combined: options.combined ?? false,
      countDropped: (count = 1) => {
        this.dropped += count
      },
    })
    this.#inTurn(() => this.#operator.open?.())
  }

  /** Records that reached a side output. */
  sideOutput(tag: OutputTag<any>): unknown[] {
    return this.#side.get(tag.id) ?? []
  }

  /** The operator's own metrics as they stand; gauges are asked for their values. */
  metrics(): UserMetrics {
    if (!this.#ended) this.#registry.sample()
    return readUserMetrics(this.#metrics)
  }

  /** Passes one record in. Its promise, if any, settles when the operator is through with it. */
  push(value: unknown, options: PushOptions = {}): Promise<void> | undefined {
    return this.#inTurn(() => this.#push(value, options))
  }

  /** Tells the operator that the records at hand have all been passed in. */
  endOfBatch(): Promise<void> | undefined {
    return this.#inTurn(() => {
      while (!this.#handedOver());
    })
  }

  /** False: something failed and was left out; there may be more behind it. */
  #handedOver(): boolean {
    try {
      // Whole before the first is passed on, as in a job.
      this.#flush([...(this.#operator.endOfBatch?.() ?? [])])
      return true
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  /** Moves the processing time on, which the operator reads as `ctx.clock.now()`; what is due happens. */
  advanceTime(d: Duration): Promise<void> | undefined {
    return this.#inTurn(() => {
      this.#clock.advance(d)
      const now = this.#clock.now()
      if (this.#operator.dueAt === undefined || this.#operator.dueAt > now) return
      this.#pass((room) => this.#operator.onProcessingTime?.(now, room))
    })
  }

  /** Moves event time on: no pushed record will have an earlier timestamp, or is late. */
  advanceWatermark(watermark: number): Promise<void> | undefined {
    return this.#inTurn(() => {
      this.#pass((room) => this.#operator.onWatermark?.(watermark, room))
      if (watermark > this.#scope.watermark) this.#scope.watermark = watermark
    })
  }

  /** End of input: `endOfBatch`, the end of event time, `finish`, `close`. Later calls do nothing. */
  async end(): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    try {
      const before = this.endOfBatch()
      if (before !== undefined) await before
      this.#pass((room) => this.#operator.onWatermark?.(Number.POSITIVE_INFINITY, room))
      this.#flush(this.#operator.finish?.())
      this.#registry.sample()
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
      this.#relieve()
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
    if (this.#shape === 'timestamp') return this.#stamp(value, checkTimestamp(result))
    if (this.#shape === 'map') this.#emit(result)
    else if (this.#shape !== 'process' && (this.#shape !== 'filter' || result)) this.#emit(value)
    return undefined
  }

  /** The watermark that holds at a record is that of the records before it. */
  #stamp(value: unknown, timestamp: number): void {
    const { watermarks } = this.#operator
    this.#scope.timestamp = timestamp
    this.#origin = { ...this.#origin, timestamp: timestamp * 1e6 }
    this.#emit(value)
    if (timestamp > watermarks!.highest) watermarks!.raise(timestamp)
  }

  #setKey(key: unknown): void {
    this.#scope.key = checkKey(key)
    this.#origin = { ...this.#origin, strategy: this.#options.strategy ?? 'hash' }
  }

  /** Lets time pass, as often as there must be made room, and as something failed and was left out. */
  #pass(show: (room: Room) => boolean | undefined): void {
    for (let done = false; !done; ) {
      this.#place(undefined, {})
      try {
        done = show(() => this.#held.length === 0) !== false
      } catch (error) {
        this.#fail(error)
      } finally {
        this.#relieve()
      }
    }
  }

  #flush(items: Iterable<unknown> | undefined): void {
    for (const item of items ?? []) {
      this.#emit(item)
      if (this.#held.length > 0) this.#relieve()
    }
    this.#relieve()
  }

  /** There is room again, and no record at hand. */
  #relieve(): void {
    for (const packet of this.#held.splice(0)) this.#deliver(packet)
    this.#place(undefined, {})
  }

  #emit(value: unknown): void {
    if (value === null || value === undefined) return
    const { input, strategy } = this.#origin
    const packet = new Packet(value, input, this.#scope.key, strategy, this.#timestamp())
    const refused = this.#options.pressed === true && ++this.#emitted % 2 === 0
    if (refused || this.#held.length > 0) this.#held.push(packet)
    else this.#deliver(packet)
  }

  /** That of the record at hand, or what the operator has set in its place; in ns. */
  #timestamp(): number | undefined {
    const { timestamp } = this.#origin
    const set = this.#scope.timestamp
    if (Number.isNaN(set)) return undefined
    return timestamp !== undefined && timestamp / 1e6 === set ? timestamp : set * 1e6
  }

  #deliver(packet: Packet): void {
    this.output.push(packet.payload)
    this.packets.push(packet)
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
