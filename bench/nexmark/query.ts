import type { DataStream } from 'sage-stream'
import type { Event } from './events.ts'

/** A query of Nexmark as a program. */
export interface Query<R = any> {
  /** What it asks, in a few words. */
  readonly title: string
  /**
   * Its result depends on the order of events, also of the same millisecond: one source alone reads the recording. Else
   * as many as there are subtasks.
   */
  readonly ordered?: boolean
  /** Adds the query's operators to a stream of events. */
  build(events: DataStream<Event>): DataStream<R>
  /** The columns by which its result is compared. */
  row(record: R): readonly (string | number)[]
  /**
   * For a query whose rows are updated as events come: which row a record is. Of the records of a row the last counts.
   * Without it every record is a row.
   */
  rowOf?(record: R): string | number
  /** For a result that no hash can stand for: the column that is summed up instead. */
  total?(record: R): number
}

/** Keeps the type of a query's records between its functions. */
export const query = <R>(definition: Query<R>): Query<R> => definition
