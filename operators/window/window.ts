/**
 * A window of time, `[start, end)` in ms since the epoch. Windows without a beginning and an end (global and count
 * windows) have `-Infinity` and `Infinity`.
 */
export interface Window {
  readonly start: number
  readonly end: number
}

/** What a window gives unless it is processed by a function of one's own. */
export interface WindowResult<K, V> {
  key: K
  /** Where the window begins, in ms since the epoch. */
  start: number
  /** Where it ends: the first time that is no longer in it. */
  end: number
  value: V
}
