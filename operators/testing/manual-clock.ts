import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'
import { type SharedClock, SharedTime } from '../contract/shared-clock.ts'

/**
 * A clock that stands still until a test moves it. As `config.clock` it is the processing time of a
 * job, in both modes: its time lives in shared memory, which all threads of the job read, and a
 * change wakes those that sleep.
 *
 * ```ts
 * const clock = new ManualClock(1_000)
 * await using job = await scripted.submit('pauses', { clock }) // ['a', pause('10s'), 'b', …]
 * const records = job.io.all[Symbol.asyncIterator]()
 * expect((await records.next()).value).toBe('A')
 * await settled(job) // it has reached the pause
 * clock.advance('10s')
 * expect((await records.next()).value).toBe('B')
 * ```
 *
 * It is moved on the thread that submitted the job. A job module that constructs one itself (script
 * form) has, on its workers, one that nobody reads: they see the submitted job's.
 *
 * By it go `ctx.clock` and all that an operator decides by the time: when a `FileSink` rolls, how
 * long a {@link scriptedSource} pauses. What waits for the world outside stays with the real time:
 * the backoff of a retry, and the millisecond after which an idle source is asked again.
 */
export class ManualClock implements SharedClock {
  /** For jobs: the memory that all of their threads read the time from. */
  readonly sharedTime = SharedTime.allocate()
  readonly #time = new SharedTime(this.sharedTime)
  readonly #wakers = new Set<() => void>()

  /** @param startMs - milliseconds since the epoch */
  constructor(startMs = 0) {
    this.#time.set(finite(startMs, 'new ManualClock'))
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#time.now()
  }

  /** Sets the time, also back: as a machine's clock may be. Throws `SAGE_OPTION`. */
  set(ms: number): void {
    this.#time.set(finite(ms, 'ManualClock.set'))
    this.#wake()
  }

  /** Moves the time on. Throws `SAGE_OPTION`. */
  advance(d: Duration): void {
    this.#time.add(finite(durationMs(d, 'ManualClock.advance'), 'ManualClock.advance'))
    this.#wake()
  }

  /**
   * For jobs: has `wake` called after each change, until the function that it returns is called.
   */
  onChange(wake: () => void): () => void {
    this.#wakers.add(wake)
    return () => void this.#wakers.delete(wake)
  }

  #wake(): void {
    for (const wake of this.#wakers) wake()
  }
}

function finite(ms: number, where: string): number {
  if (Number.isFinite(ms)) return ms
  throw new StreamError(
    'SAGE_OPTION',
    `${where}: expected a finite number of milliseconds, got ${describe(ms)}`,
  )
}
