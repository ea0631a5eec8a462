/**
 * What a subtask is doing:
 *
 * - `busy`: it runs its operators, or waits for a promise of its own sink or for the time of a retry
 * - `idle`: nothing has arrived
 * - `backpressured`: a ring that it sends to is full
 * - `runnable`: it has work, but its thread runs another subtask or the event loop
 */
export type TaskState = 'busy' | 'idle' | 'backpressured' | 'runnable'

/** The row of a subtask's times: milliseconds in each state. */
export const TIME = { busy: 0, idle: 1, backpressured: 2, runnable: 3 } as const
/** In the same row: the shared time at which the step began that runs now; 0: none does. */
const STEP = 4

/**
 * From this thread's `performance.now()` to a time that all threads of the process share: both count the
 * monotonic clock of the machine, from different beginnings.
 */
const originMs = findOrigin()

/** Of several readings the tightest: the thread may lose its processor between two of them. */
function findOrigin(): number {
  let tightest = Number.POSITIVE_INFINITY
  let origin = 0
  for (let i = 0; i < 5; i++) {
    const before = performance.now()
    const shared = Number(process.hrtime.bigint()) / 1e6
    const gap = performance.now() - before
    if (gap < tightest) {
      tightest = gap
      origin = shared - before
    }
  }
  return origin
}

/** The shared time, in ms, that belongs to a time of this thread's `performance.now()`. */
export function sharedMs(ofMs: number): number {
  return ofMs + originMs
}

/**
 * Writes where a subtask's time goes. Only the subtask's thread calls; it takes the time once a step.
 *
 * A state that lasts stores the time before it began, as a negative number: `ms so far - begin`. So a
 * reader adds the present time and has the state's whole duration in one load, also while the thread hangs in user
 * code, and no pair of stores can be read half done.
 */
export class TaskTimes {
  readonly #row: Float64Array
  readonly #ms = [0, 0, 0, 0]
  #state: number = TIME.idle
  #sinceMs = Number.NaN

  constructor(row: Float64Array) {
    this.#row = row
  }

  /** The job begins to run: the subtask has nothing to do yet. Times are of `performance.now()`. */
  start(nowMs: number): void {
    this.#sinceMs = nowMs
    this.#open(TIME.idle)
  }

  /** A step begins; so far it counts as work. */
  begin(nowMs: number): void {
    this.#close(nowMs)
    this.#open(TIME.busy)
    this.#row[STEP] = sharedMs(nowMs)
  }

  /** The step has worked; the subtask is in line for its next one. */
  worked(nowMs: number): void {
    this.#row[STEP] = 0
    this.#close(nowMs)
    this.#open(TIME.runnable)
  }

  /** The step has done nothing: it belongs to the state that keeps the subtask from working. */
  rested(state: TaskState): void {
    this.#row[STEP] = 0
    this.#row[TIME.busy] = this.#ms[TIME.busy]
    this.#open(TIME[state])
  }

  /** The subtask has ended, or its thread stops. Later calls do nothing. */
  stop(nowMs: number): void {
    this.#row[STEP] = 0
    this.#close(nowMs)
    this.#sinceMs = Number.NaN
  }

  #close(nowMs: number): void {
    if (Number.isNaN(this.#sinceMs)) return
    this.#ms[this.#state] += nowMs - this.#sinceMs
    this.#row[this.#state] = this.#ms[this.#state]
    this.#sinceMs = nowMs
  }

  #open(state: number): void {
    this.#state = state
    this.#row[state] = this.#ms[state] - sharedMs(this.#sinceMs)
  }
}

/** The milliseconds of one state, at a shared time. */
export function timeOf(row: Float64Array, state: TaskState, nowMs: number): number {
  const ms = row[TIME[state]]
  return ms < 0 ? Math.max(0, ms + nowMs) : ms
}

/** The shared time at which the step of a subtask began that has not returned; undefined: none runs. */
export function steppingSince(row: Float64Array): number | undefined {
  const sinceMs = row[STEP]
  return sinceMs === 0 ? undefined : sinceMs
}
