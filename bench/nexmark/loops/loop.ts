import type { Event } from '../events.ts'

/**
 * A query written by hand, as one would for this query alone: no engine, no parallelism, no state that could be saved.
 */
export interface Loop {
  /** Works on the next events. */
  feed(events: readonly Event[]): void
  /** The input has ended. */
  end(): void
}

/** Makes a loop that hands its rows, the records of the query of that name, to `emit`. */
export type MakeLoop = (emit: (row: any) => void) => Loop

/** How late an event may be: the watermark of the queries. */
export const LATE_MS = 4_000
