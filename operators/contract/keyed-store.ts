import type { Key } from '../../codec/key.ts'

/**
 * One state of an operator: a value per key, found by the key's slot. `undefined` is no value. A value may be changed in
 * place, if `set` (or `touch`) is called for its slot afterwards.
 */
export interface StateColumn<S = any> {
  readonly name: string
  /** The value; undefined: there is none. */
  get(slot: number): S | undefined
  /** Puts a value in the place of the one that was there. */
  set(slot: number, value: S): void
  /** Whatever the value at `slot` refers to has been changed in place. */
  touch(slot: number): void
  /** Takes the value away. The slot stays: see `KeyedStore.release`. */
  clear(slot: number): void
}

/** A number per key, kept without an object for each. NaN is no value. */
export interface NumberColumn extends StateColumn<number> {
  /** The number, or NaN. */
  at(slot: number): number
}

/** How a column is kept. */
export interface ColumnOptions {
  /** A value that has not been set for so long is gone, in ms of the job's clock. Default: for ever. */
  readonly ttlMs?: number
  /**
   * What is written into a checkpoint for a value: for values that are no data themselves. Default: the value.
   */
  readonly encode?: (value: any) => unknown
  /** Makes a value of that again. */
  readonly decode?: (data: any, key: Key) => unknown
}

/** A key as it stands in a snapshot: its key group, and what every column holds for it, by name. */
export interface KeyedEntry {
  readonly group: number
  readonly key: Key
  /** Absent: the key has been removed. */
  readonly values: Readonly<Record<string, unknown>> | undefined
}

/** Key groups from `from` up to, not including, `to`. */
export interface GroupRange {
  readonly from: number
  readonly to: number
}

/** By key group: how many keys it has, and how many of them have changed. */
export interface GroupCounts {
  readonly keys: Uint32Array
  readonly changed: Uint32Array
}

/** A timer as it stands in a snapshot. */
export interface TimerEntry {
  readonly group: number
  readonly key: Key
  readonly domain: TimeDomain
  readonly at: number
}

/** In which kind of time a timer is registered. */
export type TimeDomain = 'event' | 'processing'

/**
 * The keyed state of one operator on one subtask: what is kept for each of its keys, in columns. Used by one thread.
 *
 * A key has a slot as long as something is kept for it; slots of other keys are given away again.
 */
export interface KeyedStore {
  /** How many keys something is kept for. */
  readonly size: number
  /** The slot of a key, or -1. */
  find(key: Key): number
  /** The slot of a key, which gets one where it has none. */
  slot(key: Key): number
  /** The key of a slot that is in use. */
  keyAt(slot: number): Key
  /** The column of a name; the options are those of the first call. */
  column<S>(name: string, options?: ColumnOptions): StateColumn<S>
  /** The column of a name that no other column has, for numbers. */
  numbers(name: string): NumberColumn
  /** Gives the slot away if no column has a value there and nothing holds it. */
  release(slot: number): void
  /** Keeps a slot in use whether columns have values there or not, until `unhold` is called as often. */
  hold(slot: number): void
  /** Takes one `hold` back. */
  unhold(slot: number): void
  /** The slots in use, in no particular order. Those that are given away meanwhile may be left out. */
  slots(): Iterable<number>

  /** All keys, key group by key group, in no particular order within one. */
  entries(): Iterable<KeyedEntry>
  /**
   * Draws a line: `changedSince` with the number it gives tells what has been set, touched, cleared or removed later. Until
   * the first one nothing is remembered, which costs nothing.
   */
  mark(): number
  /** How many keys there are, and how many of them have been set, touched or cleared since a mark that was not forgotten. */
  countsSince(mark: number): GroupCounts
  /**
   * What has changed since a mark that was not forgotten, and of the key groups of `whole` what has not changed, too; key
   * group by key group.
   */
  changedSince(mark: number, whole?: GroupRange): Iterable<KeyedEntry>
  /** `changedSince` will not be asked for marks up to this one. */
  forget(mark: number): void
  /** Puts back what `entries` or `changedSince` of a store of the same operator gave. */
  restore(entries: Iterable<KeyedEntry>): void
}

/** When a key wants to be called: the timers of one operator on one subtask, in one kind of time. */
export interface TimerQueue {
  /** How many timers are registered. */
  readonly size: number
  /** The time of the earliest timer; Infinity: there is none. */
  readonly next: number
  /** Registers a timer; one that the key already has at that time is the same. */
  register(slot: number, at: number): void
  /** Whether there was such a timer. */
  delete(slot: number, at: number): boolean
  /**
   * Takes the earliest timer out if it is due at `now`: gives its slot, or -1. By time, then by order of registration. Its
   * time is then `firedAt`; the slot is held until `done`.
   */
  take(now: number): number
  readonly firedAt: number
  /** The call for the timer taken last is over: its slot may be given away. */
  done(): void
  /** All timers: slot and time, in no particular order. */
  timers(): Iterable<readonly [slot: number, at: number]>
}
