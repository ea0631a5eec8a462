import type { Key } from '../../codec/key.ts'
import type { Encodable, ValueSink } from '../../codec/value-io.ts'

/**
 * One state of an operator: a value per key, found by the key's slot. `undefined` is no value. A value may be changed in
 * place, if `set` (or `touch`) is called for its slot afterwards, and if `get` has given it since the last barrier: a `Cut`
 * takes it before it gives it.
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
  /** Puts what `encode` gives, without making it: where there are many. */
  readonly put?: (value: any, sink: ValueSink) => void
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

/** A key as a cut hands it over: good until the call returns, then it stands for another one. It is written as a `KeyedEntry`. */
export interface KeyedItem extends Encodable {
  readonly group: number
  readonly key: Key
  toValue(): KeyedEntry
}

/** Key groups from `from` up to, not including, `to`. */
export interface GroupRange {
  readonly from: number
  readonly to: number
}

/** What there is, and what of it has changed since a mark. */
export interface ChangeCounts {
  /** By key group: how many keys it has. */
  readonly keys: Uint32Array
  /**
   * How many of the keys that were there at the mark have been set, touched, cleared or removed. Where other marks were drawn
   * since, a key may count once for each.
   */
  readonly replaced: number
}

/** What a cut takes of a store that is not everything. */
export interface CutRange {
  /** A mark that was not forgotten: what has been set, touched, cleared or removed since is taken. */
  readonly since: number
  /** Of these key groups what has not changed, too. */
  readonly whole: GroupRange
}

/** How much work is done in one go. */
export interface Slice {
  /** So many bytes have been written, or as many other things done that cost as much. True: enough for now. */
  spent(work: number): boolean
}

/**
 * Takes an item of a cut; gives how many bytes it made of it. It may change afterwards.
 *
 * @param early - it comes before its turn, since it is about to change
 */
export type CutSink<E> = (item: E, early: boolean) => number

/**
 * What there was at one moment, handed over bit by bit while it goes on changing: what is about to change, or is given to
 * whoever may change it, is handed over first, as it was. So a large state is written between records, not before them.
 */
export interface Cut {
  /**
   * Hands over more, until the slice is spent; true: that was all, and the cut is over. Throws what `encode` of a column or the
   * sink threw, be it meanwhile: the cut is then over, too.
   */
  advance(slice: Slice): boolean
  /** Nothing more is handed over. */
  abandon(): void
}

/** A cut of a store. */
export interface KeyedCut extends Cut {
  /** The mark that was drawn with it: what a later one may take as `since`. */
  readonly mark: number
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
   * Draws a line: a cut `since` the number it gives takes what has been set, touched, cleared or removed later. Until the
   * first one nothing is remembered, which costs nothing.
   */
  mark(): number
  /** What there is, and how much of it has changed since a mark that was not forgotten. */
  countsSince(mark: number): ChangeCounts
  /**
   * Takes what there is now, or some of it, and draws a mark. Keys that were removed come first, the others key group by
   * key group but for those that come early. One at a time: the one before must be over.
   */
  cut(sink: CutSink<KeyedItem>, range?: CutRange): KeyedCut
  /** No cut will be `since` a mark up to this one. */
  forget(mark: number): void
  /** Puts back what `entries` or a cut of a store of the same operator gave. Not while a cut is under way. */
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
  /** Takes all timers that there are now. One at a time. */
  cut(sink: (slot: number, at: number) => number): Cut
}
