import type { RuntimeContext } from './context.ts'
import type { Logger } from './logger.ts'
import type { StopSignal } from './packet.ts'
import type { Awaitable, IDLE } from './source.ts'
import type { StreamState } from './stream-state.ts'

/** Receives the records that a function emits. */
export interface Collector<R = any> {
  /** Emits one record. `null` and `undefined` mean "no output". */
  collect(value: R): void
  /** Emits one record to a side output, read with `stream.sideOutput(tag)`. Unread side outputs are discarded. */
  collectTo<S>(tag: OutputTag<S>, value: S): void
}

/** Names a side output of an operator. Tags with equal `id` are the same output. */
export class OutputTag<T> {
  readonly id: string
  declare readonly __type?: T

  constructor(id: string) {
    this.id = id
  }
}

/**
 * Base of all function classes.
 *
 * Life, once per subtask: `new Class(options)` → `ctx` is injected → `open()` → `execute`… → `close()`.
 * A throw in the constructor, `open` or `close` always fails the job.
 */
export abstract class BaseFunction {
  /** Injected after construction and before `open`. */
  declare ctx: RuntimeContext

  /** The same as `ctx.logger`. */
  get logger(): Logger {
    return this.ctx.logger
  }

  /** The operator's name. */
  get name(): string {
    return this.ctx.name
  }

  /** Called once before the first record. */
  open(): Awaitable<void> {}

  /** Called once after the last record, also when the job fails or is cancelled while this thread lives. */
  close(): Awaitable<void> {}
}

/** Produces records; see `env.fromSource`. */
export abstract class SourceFunction<T = any> extends BaseFunction {
  /** The next record; `null`, `undefined` or a `StopSignal` at the end, `IDLE` for nothing yet. May be async. */
  abstract execute(): Awaitable<T | null | undefined | typeof IDLE | StopSignal>
}

/** One record in, one or none (`null`, `undefined`) out. */
export abstract class MapFunction<T = any, R = any> extends BaseFunction {
  /** The record to emit; `null` and `undefined`: none. Must not be async. */
  abstract execute(data: T): R | null | undefined
}

/** One record in, one or none out, once its promise has settled; see `stream.asyncMap`. */
export abstract class AsyncMapFunction<T = any, R = any> extends BaseFunction {
  /** `ctx` shows this record until the first `await`; behind it, another may be at hand. */
  abstract execute(data: T): Awaitable<R | null | undefined>
}

/** A `MapFunction` that remembers, together with all other subtasks and operators of the job. */
export abstract class MemoryFunction<T = any, R = any> extends MapFunction<T, R> {
  /** The job's default store: `ctx.shared()`. Not yet there in the constructor. */
  get memory(): StreamState {
    return this.ctx.shared()
  }
}

/** Keeps the records for which `execute` returns something truthy. */
export abstract class FilterFunction<T = any> extends BaseFunction {
  /** Something truthy: the record goes on. Must not be async. */
  abstract execute(data: T): unknown
}

/** One record in, any number out: those returned first, then those collected. */
export abstract class FlatMapFunction<T = any, R = any> extends BaseFunction {
  /** Returns an iterable of records, or one record, or calls `out.collect`. Must not be async. */
  abstract execute(
    data: T,
    out: Collector<R>,
  ): Iterable<R | null | undefined> | R | null | undefined | void
  /**
   * Called once per subtask after the last record and before `close`; may emit. What it emits has no key, also on a keyed stream:
   * `ctx.key` is undefined behind it, and what keeps state per key refuses it (`SAGE_NOT_KEYED`) until a `keyBy`.
   */
  finish?(out: Collector<R>): void
}

/** Extracts a record's key. */
export abstract class KeyByFunction<T = any, K = any> extends BaseFunction {
  /** The key: see `Key`. */
  abstract execute(data: T): K
}

/** Consumes records. A promise it returns is awaited (see `capacity` of sinks). */
export abstract class SinkFunction<T = any> extends BaseFunction {
  /** Consumes one record; may be async. */
  abstract execute(data: T): unknown
  /**
   * Called once per subtask after the last record has been written, before `close`; not when the job fails or
   * is cancelled. A sink that publishes its result as a whole does it here.
   */
  finish?(): Awaitable<void>
}

/** One method per connected stream: `map0`, `map1`, … Every connected input needs its method. */
export abstract class BaseCoMapFunction<R = any> extends BaseFunction {
  /** For the records of the first stream: the record to emit; `null` and `undefined`: none. */
  abstract map0(data: any): R | null | undefined
  /** For those of the second. */
  abstract map1(data: any): R | null | undefined
}

/**
 * Joins two keyed streams: `execute(payload, key, tag)` with tag 0 for the left (first) stream and 1 for
 * the right one, or, in its place, methods `left(payload, key)` and `right(payload, key)`.
 * Returns an iterable of results (may be empty).
 */
export abstract class BaseJoinFunction<A = any, B = any, K = any, R = any> extends BaseFunction {
  /** For every record of both streams, unless there are `left` and `right`. */
  execute?(
    payload: A | B,
    key: K,
    tag: 0 | 1,
  ): Iterable<R | null | undefined> | R | null | undefined | void
}

/** The general record function: any number of records to any output. */
export abstract class ProcessFunction<T = any, R = any> extends BaseFunction {
  /** For every record. Emits through `out`. Must not be async. */
  abstract process(value: T, ctx: RuntimeContext, out: Collector<R>): void
  /**
   * A timer of `ctx.timers` is due: `ctx.key` is its key, `ctx.timestamp` its time where it is one of event time. May emit,
   * use state and register timers. Event-time timers still pending at the end of input are due then; those of
   * processing time are not called any more.
   */
  onTimer?(time: number, ctx: RuntimeContext, out: Collector<R>): void
  /**
   * Called once per subtask after the last record and before `close`; may emit. What it emits has no key, also on a keyed stream:
   * `ctx.key` is undefined behind it, and what keeps state per key refuses it (`SAGE_NOT_KEYED`) until a `keyBy`.
   */
  finish?(out: Collector<R>): void
}
