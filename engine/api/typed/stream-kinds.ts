/**
 * The kinds of streams by name, so that the file of one kind can name another that builds upon it
 * (`StreamKinds<K, T>['keyed']` is `KeyedStream<K, T>`) without importing it, which would be a
 * cycle. The file of each kind enters it here.
 */
export interface StreamKinds<K, T> {
  key: K
  record: T
}

/** The same for streams side by side, by the tuple of their record types. */
export interface ConnectedKinds<K, Ts extends readonly unknown[]> {
  key: K
  records: Ts
}

/** What `min`, `max` and the like compare. */
export type Comparable = number | bigint | string | Date
