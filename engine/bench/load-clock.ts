import { setImmediate, setTimeout } from 'node:timers/promises'

/** The time by which a load is sent. Tests put one in its place that they move themselves. */
export interface LoadClock {
  /** Milliseconds since some moment, with fractions. */
  now(): number
  /**
   * Resolves at `time` or later, always after at least one turn of the event loop: results are read
   * in between.
   */
  waitUntil(time: number): Promise<void>
}

/** Timers are late by up to this, and a bit: the rest is waited for without them. */
const TIMER_LATENESS_MS = 2

/**
 * The time of the machine. The last two milliseconds before a record is due, the event loop turns
 * without sleeping: a timer would add its own lateness to every latency.
 */
export const systemLoadClock: LoadClock = {
  now: () => performance.now(),
  async waitUntil(time) {
    const left = time - performance.now()
    if (left > 2 * TIMER_LATENESS_MS) await setTimeout(left - TIMER_LATENESS_MS)
    do await setImmediate()
    while (performance.now() < time)
  },
}
