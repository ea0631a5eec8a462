import { unreachable } from '../../codec/assert.ts'
import type { Duration } from '../../codec/duration.ts'
import { StreamError } from '../../codec/errors.ts'
import { checkKey } from '../../codec/key.ts'
import type { RuntimeContext } from '../contract/context.ts'
import type { OutputTag } from '../contract/function.ts'
import { functionName } from '../contract/function-form.ts'
import {
  emptyScope,
  type KeyedBackend,
  type OperatorCall,
  type RecordScope,
  type Room,
} from '../contract/operator.ts'
import { Packet, type PartitionStrategy } from '../contract/packet.ts'
import { checkTimestamp, isPromise, itemsOf, promiseReturned } from '../contract/result-checks.ts'
import { readUserMetrics, type UserMetrics } from '../contract/user-metrics.ts'
import type { LogLine } from './harness-context.ts'
import {
  type InstanceSetting,
  OperatorInstance,
  type OperatorSnapshot,
} from './harness-instance.ts'
import { factoryOf, type SubjectOptions } from './harness-subject.ts'
import { ManualClock } from './manual-clock.ts'

export type { OperatorSnapshot } from './harness-instance.ts'

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
  /** The inputs whose records all subtasks get: while one is processed, broadcast state may be written. Default: none. */
  readonly broadcast?: readonly number[]
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
  readonly #options: HarnessOptions
  readonly #scope: RecordScope = emptyScope()
  readonly #side = new Map<string, unknown[]>()
  readonly #setting: InstanceSetting
  #instance: OperatorInstance
  #origin = nowhere
  /** What was refused and what was emitted behind it. */
  readonly #held: Packet[] = []
  #emitted = 0
  /** What has to settle before the next call. */
  #turn: Promise<void> | undefined
  #ended = false

  constructor(subject: unknown, options: HarnessOptions) {
    const { name = functionName(subject, 'operator'), subtask = 0, parallelism = 1 } = options
    const { combined = false, broadcast = [] } = options
    this.#options = options
    this.#setting = {
      factory: factoryOf(subject, options),
      name,
      subtask,
      parallelism,
      scope: this.#scope,
      out: {
        collect: (value) => this.#emit(value),
        collectTo: (tag, value) => this.#emitTo(tag, value),
      },
      clock: new ManualClock(options.startMs),
      logs: this.logs,
      combined,
      countDropped: (count = 1) => {
        this.dropped += count
      },
      broadcast: broadcast.length > 0,
    }
    this.#instance = new OperatorInstance(this.#setting)
    this.#open()
  }

  /** What the operator keeps per key. */
  get keyed(): KeyedBackend {
    return this.#instance.keyed
  }

  get ctx(): RuntimeContext {
    return this.#instance.ctx
  }

  /** Records that reached a side output. */
  sideOutput(tag: OutputTag<any>): unknown[] {
    return this.#side.get(tag.id) ?? []
  }

  /** The operator's own metrics as they stand; gauges are asked for their values. */
  metrics(): UserMetrics {
    if (!this.#ended) this.#instance.registry.sample()
    return readUserMetrics(this.#instance.metrics)
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
      this.#flush([...(this.#instance.operator.endOfBatch?.() ?? [])])
      return true
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  /**
   * What the operator keeps as a checkpoint would have it, between two records. Throws `SAGE_CODEC_UNSUPPORTED` for what is no
   * data.
   */
  snapshot(): OperatorSnapshot {
    this.#requireTurn('snapshot')
    return this.#instance.snapshot()
  }

  /**
   * Goes on as a job does that resumes: a new instance of the operator takes back what a snapshot holds and is opened; the one
   * before it is left as if its thread had died. What was emitted stays in `output`. Of several snapshots, those of all subtasks
   * of before, it takes what is `subtask`'s of `parallelism`; throws `SAGE_RESCALE` where that cannot be told.
   */
  restore(snapshot: OperatorSnapshot | readonly OperatorSnapshot[]): void {
    this.#requireTurn('restore')
    this.#instance = new OperatorInstance(this.#setting)
    this.#instance.restore('length' in snapshot ? snapshot : [snapshot])
    this.#open()
  }

  #requireTurn(call: string): void {
    if (this.#turn === undefined) return
    throw new StreamError('SAGE_OPTION', `${call}: expected no call under way: await push first`)
  }

  /** Moves the processing time on, which the operator reads as `ctx.clock.now()`; what is due happens. */
  advanceTime(d: Duration): Promise<void> | undefined {
    return this.#inTurn(() => {
      this.#setting.clock.advance(d)
      const now = this.#setting.clock.now()
      if (this.#instance.operator.dueAt === undefined || this.#instance.operator.dueAt > now) return
      this.#pass((room) => this.#instance.operator.onProcessingTime?.(now, room))
    })
  }

  /** Moves event time on: no pushed record will have an earlier timestamp, or is late. */
  advanceWatermark(watermark: number): Promise<void> | undefined {
    return this.#inTurn(() => {
      this.#pass((room) => this.#instance.operator.onWatermark?.(watermark, room))
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
      this.#pass((room) => this.#instance.operator.onWatermark?.(Number.POSITIVE_INFINITY, room))
      this.#flush(this.#instance.operator.finish?.())
      this.#instance.registry.sample()
      await this.#instance.operator.complete?.()
    } finally {
      await this.#instance.operator.close?.()
    }
  }

  #open(): void {
    this.#inTurn(() => this.#instance.operator.open?.())
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

  #call(value: unknown): unknown {
    const { input } = this.#origin
    this.#instance.broadcast.writable = this.#options.broadcast?.includes(input) === true
    try {
      return this.#callOf(input)(value, this.ctx, this.#setting.out)
    } finally {
      this.#instance.broadcast.writable = false
    }
  }

  #callOf(input: number): OperatorCall {
    const { call } = this.#instance.operator
    if (typeof call === 'function') return call
    if (call[input] === undefined) unreachable(`input ${input} of ${call.length}`)
    return call[input]
  }

  /** One record through the operator, as the table of `OperatorShape` says. */
  #apply(value: unknown): unknown {
    const { shape } = this.#setting.factory
    if (shape === 'forward') return this.#emit(value)
    const result = this.#call(value)
    if (shape === 'sink') return result
    if (shape === 'async') return this.#await(result)
    if (shape === 'flatMap') {
      // Whole before the first is passed on, as in a job.
      for (const item of [...itemsOf(result)]) this.#emit(item)
      return undefined
    }
    if (isPromise(result)) throw promiseReturned(shape === 'key' ? 'keyBy' : shape)
    if (shape === 'key') this.#setKey(result)
    if (shape === 'timestamp') return this.#stamp(value, checkTimestamp(result))
    if (shape === 'map') this.#emit(result)
    else if (shape !== 'process' && (shape !== 'filter' || result)) this.#emit(value)
    return undefined
  }

  /** What a promise gives goes out with what travelled with its record. */
  #await(result: unknown): unknown {
    if (!isPromise(result)) return this.#emit(result)
    const { key, timestamp } = this.#scope
    const origin = this.#origin
    return result.then((value) => {
      Object.assign(this.#scope, { key, timestamp })
      this.#origin = origin
      this.#emit(value)
      this.#relieve()
    })
  }

  /** The watermark that holds at a record is that of the records before it. */
  #stamp(value: unknown, timestamp: number): void {
    const { watermarks } = this.#instance.operator
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
