import type { KeyTime } from './window-state.ts'

/**
 * The watermark of Bytewax's `EventClock`: each key has its own. A record moves it to its timestamp - `waitMs` if that is
 * later, and from there on it goes with the job's clock: a key without records comes to its end, too. It never goes
 * back: a clock that does stands still for it. A `SystemClock` is this with the job's time as timestamps and no wait.
 */
export class KeyClock {
  readonly #waitMs: number

  /** @param waitMs - how long to wait for records that are late; Infinity: until the end of input */
  constructor(waitMs: number) {
    this.#waitMs = waitMs
  }

  /** The key's watermark when the job's clock shows `now`; -Infinity before its first record. */
  watermark({ base, baseSystem }: KeyTime, now: number): number {
    return base + (Math.max(now, baseSystem) - baseSystem)
  }

  /** The watermark that will hold behind a record. */
  peek(time: KeyTime, timestamp: number, now: number): number {
    return Math.max(this.watermark(time, now), timestamp - this.#waitMs)
  }

  /** Takes a record in. Returns the watermark behind it. */
  advance(time: KeyTime, timestamp: number, now: number): number {
    const watermark = this.watermark(time, now)
    const base = timestamp - this.#waitMs
    if (!(base > watermark)) return watermark
    time.base = base
    time.baseSystem = Math.max(now, time.baseSystem)
    return base
  }

  /** What the job's clock will show when the key's watermark is at `at`, without further records. Infinity: never. */
  reaches({ base, baseSystem }: KeyTime, at: number): number {
    return base === Number.NEGATIVE_INFINITY ? Number.POSITIVE_INFINITY : baseSystem + (at - base)
  }
}
