import type { RuntimeContext } from './context.ts'
import type { Collector } from './function.ts'
import type { Cut, CutSink, KeyedStore, TimerEntry, TimerQueue } from './keyed-store.ts'
import type { Awaitable, PartitionedSource } from './source.ts'

/**
 * How the engine calls an operator and what it does with the result. A closed set, because the engine
 * compiles neighbouring operators into one function and must know how a record passes each of them.
 *
 * | shape    | `call`                    | the engine then                                                         |
 * |----------|---------------------------|-------------------------------------------------------------------------|
 * | map      | `(value, ctx) => R`       | emits R; null/undefined: nothing; a promise: `SAGE_PROMISE`              |
 * | filter   | `(value, ctx) => unknown` | emits `value` when truthy; a promise: `SAGE_PROMISE`                     |
 * | flatMap  | `(value, ctx) => items`   | emits the items; a string or buffer is one item; `SAGE_NOT_ITERABLE`     |
 * | process  | `(value, ctx, out)`       | nothing: the call emits through `out`; a promise: `SAGE_PROMISE`         |
 * | inspect  | `(value, ctx) => void`    | emits `value`; a promise: `SAGE_PROMISE`                                 |
 * | key      | `(value, ctx) => key`     | checks the key (`SAGE_KEY`), sets `ctx.key`, emits `value`               |
 * | sink     | `(value, ctx) => unknown` | emits nothing; a promise is awaited within `capacity`                    |
 * | async    | `(value, ctx) => R`       | as map; a promise is awaited within `capacity`, and emits what it gives  |
 * | timestamp| `(value, ctx) => number`  | checks it (`SAGE_TIMESTAMP`), sets `ctx.timestamp`, emits `value`        |
 * | forward  | never called              | emits `value`                                                           |
 */
export type OperatorShape =
  | 'map'
  | 'filter'
  | 'flatMap'
  | 'process'
  | 'inspect'
  | 'key'
  | 'sink'
  | 'async'
  | 'timestamp'
  | 'forward'

/** The record at hand, shared by all operators of one chain: what `ctx.key` and `ctx.timestamp` read. */
export interface RecordScope {
  key: unknown
  /** Milliseconds since the epoch; NaN while no timestamps are assigned. */
  timestamp: number
  /** No record with an earlier timestamp follows this one; -Infinity while nothing is promised. */
  watermark: number
  /** Correlates the record with the `ask` that it is derived from; 0 = none. */
  ask: number
}

/** The scope of no record. */
export function emptyScope(): RecordScope {
  return { key: undefined, timestamp: Number.NaN, watermark: Number.NEGATIVE_INFINITY, ask: 0 }
}

/**
 * Promises event time from the timestamps it is shown: the watermarks of shape `timestamp`. One per subtask; counts by
 * partition where the operator runs behind its source without an exchange between them.
 */
export interface WatermarkGenerator {
  /** What may be promised now: the minimum of its partitions. -Infinity: nothing. */
  readonly watermark: number
  /** Whether all of its partitions are idle: what is downstream should not wait for this one. */
  readonly idle: boolean
  /** The highest timestamp of the partition at hand; a higher one is told by `raise`. */
  readonly highest: number
  /** The partition at hand has shown this timestamp. */
  raise(timestamp: number): void
  /** The records that follow are of this partition. */
  select(partition: string): void
  /** The partition has no more records. */
  end(partition: string): void
  /** Partitions that have not begun may still come: until then nothing is promised. */
  awaiting: boolean
  /** Asked for records at `now` (ms of the job's clock), the partition had none. */
  quiet(partition: string, now: number): void
  /** Forgets how long partitions have been quiet: none was asked, because the job could not take more. */
  pressed(): void
  /** When a partition becomes idle if it stays quiet: ms of the job's clock; Infinity: never. */
  readonly idleAt: number
  /** What it has been shown and has promised, as plain data: for checkpoints. */
  snapshot?(): unknown
  /**
   * Takes back what `snapshot` gave, before the first record: what has been promised still holds.
   *
   * @param all - of all subtasks: any may read what another has read before
   * @param own - of this one, if there are as many as before
   */
  restore?(all: readonly unknown[], own: unknown): void
}

/** How the engine passes a record in: see `OperatorShape` for what it does with the result. */
export type OperatorCall = (value: any, ctx: RuntimeContext, out: Collector) => unknown

/**
 * Whether what an operator emits outside of a call still finds room downstream; asked between two records. When it says no,
 * the operator keeps the rest and is called again when there is room.
 */
export type Room = () => boolean

/** What a sink of two phases finds when its job begins from a checkpoint. */
export interface SinkRecovery {
  /** The checkpoint that the job begins from. Those that follow have greater numbers than any before. */
  readonly epoch: number
  /** What subtasks had prepared for it: this subtask's share. Each is dealt to exactly one of the subtasks that exist now. */
  readonly pending: readonly unknown[]
  /** Checkpoints behind which the job has gone back, oldest first: all of them, for every subtask. */
  readonly later: readonly LaterCheckpoint[]
}

/** A complete checkpoint that the job has gone back behind: what it and those before it had prepared may be visible. */
export interface LaterCheckpoint {
  readonly epoch: number
  /** What all subtasks had prepared for it; undefined: it is damaged, and cannot be read. */
  readonly pending: readonly unknown[] | undefined
}

/**
 * One operator on one subtask. Everything is called on one thread, one call at a time (but for `commit`):
 *
 * `restore` (where a job resumes) → `open` → (`call` | `endOfBatch` | `onWatermark` | `onIdle` | `onProcessingTime`)* → `onWatermark(Infinity)` (all inputs have
 * ended) → `finish` → `complete` → `close`.
 *
 * `finish` and `complete` are not called when the job is cancelled or fails; `close` always is.
 *
 * A sink of two phases makes visible exactly what complete checkpoints hold. The subtask calls `prepare` at each barrier and
 * puts what it gives into the checkpoint; when that is complete on the disk, the thread calls `commit`; a job that begins
 * from a checkpoint calls `recover` before `open`. At the end of input: `finish` → `prepare` → `commit` → `complete` →
 * `close`. A crash may come
 *
 * - before or in `prepare`, or before the checkpoint is complete: the job begins from an earlier one; what had been prepared
 *   is in no checkpoint, never becomes visible, and is removed by `recover` or `open`;
 * - between that and the end of `commit`: the job begins from this one, whose `recover` does what is left of the commit;
 * - in `recover`: it is called again with the same, or, from another checkpoint, with more in `later`.
 */
export interface Operator {
  /** One function for all inputs, or one per input index (co-operators). */
  readonly call: OperatorCall | readonly OperatorCall[]
  /** Before the first record. */
  open?(): Awaitable<void>
  /**
   * End of all inputs: what is still to be emitted. Pulled one item at a time and only while there is
   * room downstream, so it may be long. Set `scope.key` before each item that has a key.
   */
  finish?(): Iterable<unknown>
  /**
   * The records that were at hand have all been passed in; more may come. For operators that gather a
   * micro-batch: emits as `finish` does. Called before the task looks for input again and before `finish`.
   */
  endOfBatch?(): Iterable<unknown>
  /**
   * A checkpoint is about to be taken: what is held only on its way (partial results) is emitted, as `finish` does, so that
   * what lies before the barrier has left. After `endOfBatch`.
   */
  beforeBarrier?(): Iterable<unknown>
  /**
   * For sinks of two phases, at a barrier, or at the end of input for the checkpoint that this subtask ends with: makes all
   * it has taken in durable, but not visible, and gives, as plain data, what any subtask of the operator can make it visible
   * by: all that has been prepared and not been committed yet, for earlier checkpoints too (which may have been given up);
   * undefined: nothing. No record comes until its promise has settled. Epochs grow from call to call. A failure ends the
   * job.
   */
  prepare?(epoch: number): Awaitable<unknown>
  /**
   * The checkpoint `epoch` is complete: makes visible what has been prepared for it and for those before. Called once per
   * complete checkpoint of the job's directory, one at a time, in their order, but beside all else: records and `prepare`
   * may come before its promise has settled. Called for a savepoint that the job ends with; not for others, nor for checkpoints
   * that were given up: what one of these holds becomes visible by the next checkpoint, or by `recover`. A failure ends the
   * job; the next run repeats it by `recover`.
   */
  commit?(epoch: number): Awaitable<void>
  /**
   * The job begins from a checkpoint: makes visible what that had `pending`, where it is not yet, and takes back what
   * `later` ones have made visible. Before `open`; of several subtasks at the same time, on several threads. May be called
   * again for the same after a crash. Not called where neither that checkpoint nor a later one knows the operator.
   */
  recover?(recovery: SinkRecovery): Awaitable<void>
  /**
   * For operators that gather: repeats the processing of the records on which `call` or `endOfBatch` threw last, for a
   * retry; the result is that of a `call` (shape `process`: no items). Without it a retry makes the same `call` again.
   *
   * It also repeats what `onWatermark` or `onProcessingTime` threw on, and then emits through `out`; without it those are
   * not retried.
   *
   * @param value - the record of the call that threw; outside of calls what `gathered` had given
   * @param input - the input of that record
   */
  again?(value?: any, input?: number): unknown
  /**
   * Event time has come to `watermark`: emits through its `out` what is due, as long as there is `room`. True when all of
   * it is out; false: it is called again with the same. Called before any record behind this watermark, with the scope of
   * no record; what it emits goes downstream under the watermark before. An error concerns what it was about to
   * emit, which it must have given up by then: if the operator's policy says so, it is called again for the rest.
   */
  onWatermark?(watermark: number, room: Room): boolean
  /**
   * Those downstream have been told not to wait for this subtask's time, as it is idle: what it emits from here on may be late
   * for them though it is not here.
   */
  onIdle?(): void
  /** When it next wants `onProcessingTime`, in ms of the job's clock; Infinity: not at all. Read after every batch. */
  readonly dueAt?: number
  /** The job's clock shows `now` >= `dueAt`: as `onWatermark`. */
  onProcessingTime?(now: number, room: Room): boolean
  /** For shape `timestamp`. */
  readonly watermarks?: WatermarkGenerator
  /**
   * The records on which it threw last, where that is not the record of a `call`: for the dead letter, and for `again`. Asked
   * at each failure outside of a call, and for a dead letter.
   */
  gathered?(): unknown
  /** The record that was read last by a call of user code that had several at hand and threw; undefined: none was. */
  failedAt?(): RecordAtFault | undefined
  /**
   * What this subtask keeps beside its keyed and broadcast state, as plain data that is a copy: for checkpoints. Called between
   * two records, behind `endOfBatch`. Undefined: nothing.
   */
  snapshot?(): unknown
  /**
   * Takes back what `snapshot` gave on this subtask or, where the parallelism has changed, what the factory's `redistribute` made
   * of those of all. Called at most once, before `open`; keyed state has been put back by then.
   */
  restore?(state: any): void
  /** Everything is out, promises included: for sinks that publish their result as a whole. Before `close`. */
  complete?(): Awaitable<void>
  /** The end, whatever came before. */
  close?(): Awaitable<void>
}

/** The record on which an operator with several records at hand failed. */
export interface RecordAtFault {
  /** The input it came through. */
  readonly input: number
  readonly value: unknown
}

/** What an operator keeps per key. Stores and timers are made when they are first asked for. */
export interface KeyedBackend {
  readonly store: KeyedStore
  readonly eventTimers: TimerQueue
  readonly processingTimers: TimerQueue
  /** Whether anything was ever kept here: else there is nothing to save. */
  readonly used: boolean
  /** All timers, in no particular order. */
  timerEntries(): Iterable<TimerEntry>
  /** Takes all timers that there are now: the cuts together hold them. */
  cutTimers(sink: CutSink<TimerEntry>): readonly Cut[]
  /** Registers timers of a snapshot. */
  restoreTimers(entries: Iterable<TimerEntry>): void
  /** Set by an operator that passes time to these timers: `ctx.timers` then lets functions register some. */
  hearsTimers: boolean
  /** The slot of the key at hand, or -1. Throws `SAGE_NOT_KEYED`. */
  find(): number
  /** The slot of the key at hand, which gets one where it has none. Throws `SAGE_NOT_KEYED`. */
  slot(): number
  /** The same for those who ask once a record: it does not look whether the key is that of the last call. */
  slotOnce(): number
}

/** What an operator gets when it is made: the users' view, and the record scope for those who set keys. */
export interface OperatorContext {
  readonly ctx: RuntimeContext
  readonly scope: RecordScope
  /** Where `process`-shaped operators emit outside a call's own `out` (the same object). */
  readonly out: Collector
  /** What it keeps per key. */
  readonly keyed: KeyedBackend
  /** Whether this operator's inputs are the partial results of its own `combiner`. */
  readonly combined: boolean
  /** The operator's own, where it was given one. */
  readonly uid?: string
  /** Whether the job takes checkpoints: else `prepare` and `commit` are never called. */
  readonly checkpointed: boolean
  /** Counts records that it leaves out without an error, as late ones: `dropped` of its metrics. Default 1. */
  countDropped(count?: number): void
}

/** The recipe of an operator: data and functions that live in the graph; `create` runs once per subtask. */
export interface OperatorFactory {
  readonly shape: OperatorShape
  /**
   * For operators behind a hash exchange that can pre-reduce: made once per *sending* subtask and fused
   * behind the key, so that partial results cross threads instead of records. Its outputs are this
   * operator's inputs. Absent where the exchange is fused away.
   */
  readonly combiner?: OperatorFactory
  /** Whether it must see all records in one subtask: its parallelism is 1, and another is refused. Default false. */
  readonly serial?: boolean
  /** Whether its records get timestamps (shape `timestamp`), or have such as it sets in `scope.timestamp` itself. */
  readonly stamps?: boolean
  /** The most promises in flight per subtask; for shapes `sink` and `async`. Default 1. */
  readonly capacity?: number
  /**
   * For shape `async`: whether results leave in the order of the records (default), or as they settle. Never past a watermark,
   * either way.
   */
  readonly ordered?: boolean
  /** For shape `async`: how long one promise may take, in ms (`SAGE_TIMEOUT`). Default: for ever. */
  readonly timeoutMs?: number
  /** For shape `async`: how often a call that failed is made again at once, before the error policy decides. Default 0. */
  readonly retries?: number
  /**
   * For sinks of two phases: whether they can take back what a checkpoint made visible (`recallable`), or cannot (`final`): a
   * job then never goes back behind a checkpoint that is complete. Absent: no checkpoint makes anything visible.
   */
  readonly visibility?: 'recallable' | 'final'
  /** What it alone may write to, as text: a graph in which two operators say the same is refused. */
  readonly claim?: string
  /**
   * For operators with `snapshot`: deals what it gave on all subtasks out to `parallelism` of them. Without it the parallelism of
   * such an operator may not change (`SAGE_RESCALE`).
   */
  readonly redistribute?: (states: readonly any[], parallelism: number) => readonly unknown[]
  /** User functions, for the graph's fingerprint (their source text is compared between workers). */
  readonly functions: readonly Function[]
  /** Makes the operator of one subtask. */
  create(context: OperatorContext): Operator
}

/** The recipe of a source. */
export interface SourceFactory {
  /** Whether there is exactly one partition, whatever the input; such a source has parallelism 1 by default. */
  readonly single: boolean
  /** Whether records stay referenced by whoever made them (collections): `strict` then copies, never freezes them. */
  readonly sharesRecords: boolean
  /** Whether its readers say timestamps of their own. Default false. */
  readonly stamps?: boolean
  /**
   * Whether partitions end by themselves and may be read one after the other, by whichever subtask comes first. Default
   * false: each has its subtask, which reads all of its own side by side.
   */
  readonly bounded?: boolean
  readonly functions: readonly Function[]
  /** Called on the coordinator (for `partitions()`, not for `single` sources) and once per subtask. */
  create(ctx: RuntimeContext): PartitionedSource<unknown, unknown>
}
