import { StreamError } from '../../codec/errors.ts'
import {
  IDLE,
  type PartitionedSource,
  type PartitionReader,
} from '../../operators/contract/source.ts'

/** How often an idle source is asked again. */
const IDLE_MS = 1
const READ_MAX = 1024

/** Takes the next partition for a subtask, or null when none is left for it. */
export type ClaimPartition = () => string | null

/** What a source has to offer at the moment. */
export type Pulled = 'records' | 'waiting' | 'idle' | 'ended'

/**
 * Reads the partitions of a source on one subtask, one after the other, one call at a time. Asynchronous
 * readers are never waited for: their answer is kept and the thread woken.
 */
export class SourceDriver {
  readonly #source: PartitionedSource<unknown, unknown>
  readonly #claim: ClaimPartition
  readonly #wake: () => void
  readonly #now: () => number
  #reader: PartitionReader<unknown, unknown> | undefined
  #waiting = false
  #answer: (() => unknown[] | typeof IDLE | null) | undefined
  #idleUntil = Number.NEGATIVE_INFINITY
  #ended = false

  constructor(
    source: PartitionedSource<unknown, unknown>,
    claim: ClaimPartition,
    wake: () => void,
    now: () => number,
  ) {
    this.#source = source
    this.#claim = claim
    this.#wake = wake
    this.#now = now
  }

  /** The records of the last pull that answered 'records'. */
  records: unknown[] = []

  /** When an idle source wants to be asked again, in monotonic ms; Infinity while it is not idle. */
  get dueMs(): number {
    return this.#waiting || this.#ended ? Number.POSITIVE_INFINITY : this.#idleUntil
  }

  /** Whether a promise of the source is pending: the event loop must run. */
  get waiting(): boolean {
    return this.#waiting
  }

  /** The source asked to be asked again at once. */
  awaken(): void {
    this.askNow()
    this.#wake()
  }

  /** Whether it has nothing more to give at present: it is not reading, and nothing of it waits to be taken. */
  get quiet(): boolean {
    return !this.#waiting && this.#answer === undefined
  }

  /** An idle source is asked again by the next pull, whatever the time. */
  askNow(): void {
    this.#idleUntil = Number.NEGATIVE_INFINITY
  }

  /** Asks for records. Throws what the source threw; it may then be asked again. */
  pull(): Pulled {
    if (this.#answer !== undefined) return this.#takeAnswer(this.#answer)
    if (this.#ended) return 'ended'
    if (this.#waiting) return 'waiting'
    if (this.#idleUntil > this.#now()) return 'idle'
    this.#idleUntil = Number.NEGATIVE_INFINITY
    return this.#ask()
  }

  /** What a promise has brought has left its source: it is handed over even when a stop came in between. */
  #takeAnswer(answer: () => unknown[] | typeof IDLE | null): Pulled {
    this.#answer = undefined
    const taken = this.#take(answer())
    return this.#ended && taken === 'idle' ? 'ended' : taken
  }

  /** No more records: a stop. */
  end(): void {
    this.#ended = true
  }

  /** Closes the partition at hand, once a pending call has answered. */
  async close(): Promise<void> {
    this.#ended = true
    const reader = this.#reader
    this.#reader = undefined
    await reader?.close?.()
  }

  #ask(): Pulled {
    if (this.#reader === undefined) return this.#openNext()
    const result = this.#reader.next(READ_MAX)
    return result instanceof Promise
      ? this.#await(result, (records) => records)
      : this.#take(result)
  }

  #openNext(): Pulled {
    const partition = this.#claim()
    if (partition === null) {
      this.#ended = true
      return 'ended'
    }
    const opened = this.#source.open(partition)
    if (opened instanceof Promise) {
      return this.#await(opened, (reader) => {
        this.#reader = reader
        return []
      })
    }
    this.#reader = opened
    return this.#ask()
  }

  #take(records: unknown[] | typeof IDLE | null): Pulled {
    if (Array.isArray(records)) {
      this.records = records
      return 'records'
    }
    if (records === IDLE) {
      this.#idleUntil = this.#now() + IDLE_MS
      return 'idle'
    }
    if (records === null) return this.#endPartition()
    throw new StreamError(
      'SAGE_USER_ERROR',
      'a partition reader: expected next() to return an array, IDLE or null',
    )
  }

  #endPartition(): Pulled {
    const closed = this.#reader?.close?.()
    this.#reader = undefined
    return closed instanceof Promise ? this.#await(closed, () => []) : this.#take([])
  }

  /** Keeps a promise's answer for the next pull. */
  #await<T>(promise: Promise<T>, answer: (value: T) => unknown[] | typeof IDLE | null): Pulled {
    this.#waiting = true
    const settle = (kept: () => unknown[] | typeof IDLE | null) => {
      this.#answer = kept
      this.#waiting = false
      this.#wake()
    }
    promise.then(
      (value) => settle(() => answer(value)),
      (error: unknown) =>
        settle(() => {
          throw error
        }),
    )
    return 'waiting'
  }
}
