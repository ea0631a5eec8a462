import { StreamError } from '../../codec/errors.ts'
import {
  IDLE,
  type PartitionedSource,
  type PartitionReader,
} from '../../operators/contract/source.ts'

/** How often an idle partition is asked again. */
const IDLE_MS = 1
const READ_MAX = 1024

/** What a partition has to offer at the moment. */
export type Pulled = 'records' | 'waiting' | 'idle' | 'ended'

type Answer = unknown[] | typeof IDLE | null

/** What a partition's driver needs of its subtask. */
export interface DriverSetting {
  /** Wakes the subtask: a promise has settled. */
  wake(): void
  /** Monotonic milliseconds. */
  now(): number
  /** Whether positions are kept: a checkpoint may ask for them. */
  readonly keepsPositions: boolean
}

/**
 * Reads one partition of a source, from its opening to its end, one call at a time. An asynchronous reader is never
 * waited for: its answer is kept and the thread woken.
 */
export class PartitionDriver {
  readonly name: string
  readonly #source: PartitionedSource<unknown, unknown>
  readonly #setting: DriverSetting
  #reader: PartitionReader<unknown, unknown> | undefined
  #answer: (() => Answer) | undefined
  #waiting = false
  #idleUntil = Number.NEGATIVE_INFINITY
  #opened = false
  #stopped = false
  #ended = false
  #position: unknown

  /** @param position - where to begin; undefined: at the beginning */
  constructor(
    name: string,
    source: PartitionedSource<unknown, unknown>,
    setting: DriverSetting,
    position: unknown,
  ) {
    this.name = name
    this.#source = source
    this.#setting = setting
    this.#position = position
  }

  /** Behind the records of all pulls so far; undefined: at the beginning. Kept where the setting says so. */
  get position(): unknown {
    return this.#position
  }

  /** The records of the last pull that answered 'records'. */
  records: unknown[] = []

  /** The timestamps of these records, where the source says them. */
  get timestamps(): ArrayLike<number> | undefined {
    return this.#reader?.timestamps
  }

  /** When an idle partition wants to be asked again, in monotonic ms; -Infinity while it is not idle. */
  get dueMs(): number {
    return this.#waiting || this.#stopped ? Number.POSITIVE_INFINITY : this.#idleUntil
  }

  /** Whether a promise is pending: the event loop must run. */
  get waiting(): boolean {
    return this.#waiting
  }

  /** Whether it has nothing more to give at present: it is not reading, and nothing of it waits to be taken. */
  get quiet(): boolean {
    return !this.#waiting && this.#answer === undefined
  }

  /** An idle partition is asked again by the next pull, whatever the time. */
  askNow(): void {
    this.#idleUntil = Number.NEGATIVE_INFINITY
  }

  /** Asks for records. Throws what the source threw; it may then be asked again. */
  pull(): Pulled {
    if (this.#answer !== undefined) return this.#takeAnswer(this.#answer)
    if (this.#stopped || this.#ended) return 'ended'
    if (this.#waiting) return 'waiting'
    if (this.#idleUntil > this.#setting.now()) return 'idle'
    this.#idleUntil = Number.NEGATIVE_INFINITY
    return this.#opened ? this.#ask() : this.#open()
  }

  /** No more records: a stop. What a promise has brought by then is still handed over; a pending one is not waited for, it may never settle. */
  stop(): void {
    this.#stopped = true
  }

  async close(): Promise<void> {
    this.#stopped = true
    const reader = this.#reader
    this.#reader = undefined
    await reader?.close?.()
  }

  /** What a promise has brought has left its source: it is handed over even when a stop came in between. */
  #takeAnswer(answer: () => Answer): Pulled {
    this.#answer = undefined
    const taken = this.#take(answer())
    return this.#stopped && taken === 'idle' ? 'ended' : taken
  }

  #open(): Pulled {
    this.#opened = true
    const opened =
      this.#position === undefined
        ? this.#source.open(this.name)
        : this.#source.open(this.name, this.#position)
    if (opened instanceof Promise) {
      return this.#await(opened, (reader) => {
        this.#reader = reader
        return []
      })
    }
    this.#reader = opened
    return this.#ask()
  }

  #ask(): Pulled {
    if (this.#reader === undefined) return this.#end()
    const result = this.#reader.next(READ_MAX)
    return result instanceof Promise
      ? this.#await(result, (records) => records)
      : this.#take(result)
  }

  #take(records: Answer): Pulled {
    if (Array.isArray(records)) {
      this.records = records
      // Not before: what a promise has brought and nobody has taken lies behind the position.
      if (this.#setting.keepsPositions) this.#position = this.#reader?.position() ?? this.#position
      return 'records'
    }
    if (records === IDLE) {
      this.#idleUntil = this.#setting.now() + IDLE_MS
      return 'idle'
    }
    if (records === null) return this.#end()
    throw new StreamError(
      'SAGE_USER_ERROR',
      'a partition reader: expected next() to return an array, IDLE or null',
    )
  }

  #end(): Pulled {
    this.#ended = true
    const closed = this.#reader?.close?.()
    this.#reader = undefined
    return closed instanceof Promise ? this.#await(closed, () => []) : this.#take([])
  }

  /** Keeps a promise's answer for the next pull. */
  #await<T>(promise: Promise<T>, answer: (value: T) => Answer): Pulled {
    this.#waiting = true
    const settle = (kept: () => Answer) => {
      this.#answer = kept
      this.#waiting = false
      this.#setting.wake()
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
