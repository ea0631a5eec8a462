import type { Machine } from './machine.ts'

/** Words a cache line: what different threads write lies apart. */
const LINE = 32
/** What a thread says that does not beat: it has not begun, or has come to its end. */
const SILENT = 0

/** No timer waits for longer than 24 days, and nothing is gained by beats that are rarer than this. */
const BEAT_MS_MAX = 60_000
/** Beats within the time after which a thread counts as stuck. */
const BEATS = 8

/** How often a thread beats, in ms, that counts as stuck after `stuckAfterMs` without a beat. */
export function beatEveryMs(stuckAfterMs: number): number {
  return Math.min(BEAT_MS_MAX, stuckAfterMs / BEATS)
}

/**
 * Where a job's threads say that their event loops still turn: one word each in shared memory, written by a timer of the
 * thread and read by the main thread. Code that does not return keeps the timer from firing, wherever it runs.
 */
export class Heartbeats {
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
  }

  /** @param threads - the job's workers and its coordinator */
  static allocate(threads: number): Heartbeats {
    return new Heartbeats(new SharedArrayBuffer(threads * LINE * 4))
  }

  /** The thread begins to run user code and beats from now on; the result ends that. */
  begin(thread: number, stuckAfterMs: number, machine: Pick<Machine, 'after'>): () => void {
    if (stuckAfterMs === Number.POSITIVE_INFINITY) return () => {}
    let beats = SILENT
    let stopTimer: () => void
    const beat = () => {
      stopTimer = machine.after(beatEveryMs(stuckAfterMs), beat)
      beats = (beats + 1) | 0
      if (beats === SILENT) beats++
      Atomics.store(this.#words, thread * LINE, beats)
    }
    beat()
    return () => {
      stopTimer()
      Atomics.store(this.#words, thread * LINE, SILENT)
    }
  }

  /** The last beat of a thread; undefined: it does not beat now. */
  read(thread: number): number | undefined {
    const beats = Atomics.load(this.#words, thread * LINE)
    return beats === SILENT ? undefined : beats
  }
}
