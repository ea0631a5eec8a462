import type { Duration } from '../../codec/duration.ts'

/** State of one value per key: what `ctx.state(name, init)` gives. Valid for the key of the record at hand. */
export interface ValueState<S> {
  /**
   * The value of the key at hand; where there is none, what `init()` gives. An object or array that was read may be changed
   * in place. `null` and `undefined` take the value away.
   */
  get value(): S
  set value(value: S | null | undefined)
  /** Takes the value away. */
  clear(): void
}

/** State of a list per key: what `ctx.listState(name)` gives. */
export interface ListState<T> extends Iterable<T> {
  readonly length: number
  /** The elements, in the order in which they were added. Not to be changed. */
  get(): readonly T[]
  /** Adds one element at the end. */
  add(value: T): void
  /** Adds elements at the end. */
  addAll(values: Iterable<T>): void
  /** Puts these elements in the place of those that were there. */
  update(values: Iterable<T>): void
  /** Takes all elements away. */
  clear(): void
}

/** State of a map per key: what `ctx.mapState(name)` gives. The keys of the map are primitives. */
export interface MapState<MK, V> extends Iterable<[MK, V]> {
  readonly size: number
  /** The value; undefined where there is none. */
  get(key: MK): V | undefined
  /** Whether there is a value. */
  has(key: MK): boolean
  /** Sets the value of one key of the map. */
  set(key: MK, value: V): void
  /** Takes a key of the map away. Whether it was there. */
  delete(key: MK): boolean
  /** The keys of the map, in the order in which they came. */
  keys(): Iterable<MK>
  /** The values, in the order of `keys`. */
  values(): Iterable<V>
  /** Both, in the order of `keys`. */
  entries(): Iterable<[MK, V]>
  /** Takes all of them away. */
  clear(): void
}

/**
 * A map that is equal on all subtasks of an operator: what `ctx.broadcastState(name)` gives, to operators with a broadcast input.
 * Its records come to all subtasks, and only while one of them is processed may the map be changed (else `SAGE_STATE`), and only
 * by what the record says: so all come to the same. Records of the other inputs read it; what they read is not to be
 * changed. Its keys are primitives. Flink's broadcast state.
 *
 * With a broadcast input of one subtask, all see the changes in one order; of several, each sender's in its own.
 */
export interface BroadcastState<MK = any, V = any> extends MapState<MK, V> {}

/** Options of `ctx.state`, `listState` and `mapState`. */
export interface StateOptions {
  /**
   * What has not been set for so long is gone (a duration, by the job's clock); reading does not prolong it, nor does a
   * change in place without setting. Flink's `OnCreateAndWrite`, `NeverReturnExpired`. Default: for ever.
   */
  readonly ttl?: Duration
}

/**
 * Timers of the key at hand: what `ctx.timers` gives to a `ProcessFunction` with `onTimer`. One timer per key, kind and
 * time: registering it again changes nothing. As in Flink.
 */
export interface Timers {
  /**
   * Calls `onTimer` once the watermark has reached `at` (ms since the epoch). One in the past fires as soon as event time
   * moves on.
   *
   * @throws StreamError `SAGE_TIMESTAMP` for what is no number
   */
  registerEventTime(at: number): void
  /** Calls `onTimer` once the job's clock shows `at`. */
  registerProcessingTime(at: number): void
  /** Takes back the timers of both kinds at this time. Whether there was one. */
  delete(at: number): boolean
}
