import type { OpenWindow, WindowState } from './window-state.ts'

/** The state of a key, as far as windows are concerned. */
export type WindowsOfKey = Pick<WindowState, 'windows' | 'nextId'>

/**
 * Which windows a timestamp belongs to, and when they close. A record goes in by two steps: `find`, then, once user
 * code has not thrown, `commit`.
 */
export interface Windower {
  /** Whether a record may be in several windows. */
  readonly overlaps: boolean
  /** Whether a key is kept also when it has no open window. */
  readonly keepsKeys: boolean
  /** Whether a window closes behind its due time only, and not at it. */
  readonly strict: boolean
  /** The windows that a late record would have been in. */
  lateIds(timestamp: number): readonly number[]
  /** The windows of a timestamp; undefined in the place of one that is not open. The array is used again. */
  find(state: WindowsOfKey, timestamp: number): (OpenWindow | undefined)[]
  /** Opens and extends the windows found, which then hold `values`. */
  commit(state: WindowsOfKey, timestamp: number, values: readonly unknown[]): readonly OpenWindow[]
  /** Merges windows that a commit has brought together: takes `from` out of the state. In order. */
  merge?(state: WindowsOfKey): readonly { readonly from: OpenWindow; readonly into: OpenWindow }[]
  /** The watermark at which the window is due; see `strict`. */
  dueAt(window: OpenWindow): number
  /** The watermark at which the first window of a timestamp is due, if that timestamp opens it. */
  firstDueOf(timestamp: number): number
}
