import type { Key } from '../../codec/key.ts'
import type { GroupRange, KeyedEntry } from '../../operators/contract/keyed-store.ts'

/**
 * What a piece of state is, and so what its items are and who gets them back:
 *
 * - `keyed`: what a `KeyedStore` gave; by key group
 * - `timers`: registered timers; by key group
 * - `operator`: what a subtask keeps beside its keys; lists that the program deals out again
 * - `source`: positions in partitions
 * - `sink`: what has been written and is not visible yet
 * - `shared`: what stores shared by all subtasks hold
 * - `in-flight`: records that were on their way (unaligned checkpoints, back edges)
 * - `time`: how far event time had come; of another program it is of no account
 */
export type StateKind =
  | 'keyed'
  | 'timers'
  | 'operator'
  | 'source'
  | 'sink'
  | 'shared'
  | 'in-flight'
  | 'time'

/** An item of kind `timers`. */
export interface TimerEntry {
  readonly group: number
  readonly key: Key
  /** The name of the queue, such as `event` or `processing`. */
  readonly queue: string
  readonly at: number
}

/** An item of kind `source`. */
export interface PartitionPosition {
  readonly partition: string
  readonly position: unknown
  /** Whether it is what the job had resumed with: it holds where no other item is of the partition. */
  readonly resumed?: boolean
}

/**
 * The items of each kind. All are data (values of the general codec). Those of `operator`, `sink`, `in-flight` and `time` are
 * whatever their owner reads again.
 */
export interface StateItems {
  readonly keyed: KeyedEntry
  readonly timers: TimerEntry
  readonly operator: unknown
  readonly source: PartitionPosition
  readonly sink: unknown
  readonly shared: { readonly store: string; readonly key: Key; readonly value: unknown }
  readonly 'in-flight': unknown
  readonly time: unknown
}

/** Whose state a section holds. */
export interface SectionHeader<K extends StateKind = StateKind> {
  /** The operator's uid, or the stable id that the graph gives it: what a restore finds it by. */
  readonly operator: string
  readonly kind: K
  readonly subtask: number
  /**
   * Only of `keyed`: the section holds what has changed since that epoch, which must be complete when this one is.
   * Absent: it holds everything.
   */
  readonly since?: number
  /** Only with `since`: of these key groups the section holds everything. */
  readonly whole?: GroupRange
}

/** A block as the index of its part describes it. */
export interface BlockIndex {
  readonly at: number
  readonly bytes: number
  readonly crc: number
  readonly items: number
  /** The least and the greatest key group of its items; null where they have none. */
  readonly groups: readonly [first: number, last: number] | null
}

/** A section as the index of its part describes it. */
export interface SectionIndex extends SectionHeader {
  readonly items: number
  readonly bytes: number
  readonly blocks: readonly BlockIndex[]
}

/** The description of a part. */
export interface PartIndex {
  /** The file's own name: one that was put in another's place is found out. */
  readonly name: string
  readonly sections: readonly SectionIndex[]
}

/** What a thread reports of a section it has written. Plain data. */
export interface SectionFacts extends SectionHeader {
  readonly items: number
  readonly bytes: number
}

/** What a thread reports of a part it has written. Plain data. */
export interface PartFacts {
  readonly name: string
  readonly epoch: number
  readonly bytes: number
  readonly crc: number
  /** In the order of the part's index. */
  readonly sections: readonly SectionFacts[]
}
