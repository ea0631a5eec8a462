import { type ItemQueue, newItemQueue } from './item-queue.ts'

/** A key's own event time: see `KeyClock`. */
export interface KeyTime {
  /** The watermark at `baseSystem`; -Infinity before the first record. */
  base: number
  /** In ms of the job's clock. */
  baseSystem: number
}

/** A window that has records and is not closed yet. */
export interface OpenWindow {
  readonly id: number
  /** Its first millisecond; of a session its first record's. */
  open: number
  /** The millisecond behind its last one; of a session its last record's. */
  close: number
  /** The sessions that were merged into it. */
  readonly merged: number[]
  /** What its records have become; null where that was forgotten. */
  value: unknown
}

/** What is kept per key: plain data, to be kept in checkpoints. */
export interface WindowState extends KeyTime {
  /** In the order in which they were opened. */
  readonly windows: OpenWindow[]
  /** The id of the next session. */
  nextId: number
  /** No window is due before this watermark; Infinity: there is none. */
  nextDue: number
  /** When the key's timer is registered for, in ms of the job's clock; Infinity: it has none. */
  timer: number
  /** The records that wait for the watermark, in ordered mode. */
  readonly queue: ItemQueue
}

export function newWindowState(): WindowState {
  return {
    base: Number.NEGATIVE_INFINITY,
    baseSystem: 0,
    windows: [],
    nextId: 0,
    nextDue: Number.POSITIVE_INFINITY,
    timer: Number.POSITIVE_INFINITY,
    queue: newItemQueue(),
  }
}
