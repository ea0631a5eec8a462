import type { RecordAtFault } from '../contract/operator.ts'
import type { RecordQueue } from './record-queue.ts'

/** One input of `process`: what of its records has not been read yet. Valid during the call. */
export interface StreamReader<T> extends Iterable<T> {
  /** The name of the input stream. */
  readonly name: string
  /** Whether a record is left to be read. */
  hasData(): boolean
  /** The next record; undefined when there is none. */
  read(): T | undefined
}

/** The inputs of `process`, in the order in which they were connected. */
export type StreamReaders<Ts extends readonly unknown[]> = {
  readonly [I in keyof Ts]: StreamReader<Ts[I]>
}

/** Reads the queues of one slot after the other; what is read leaves its queue only with `commit`. */
export class QueueReaders {
  readonly readers: readonly StreamReader<unknown>[]
  readonly #cursors: QueueCursor[]
  #last: RecordAtFault | undefined
  #latest = Number.NaN

  constructor(names: readonly string[]) {
    this.#cursors = names.map(
      (name, input) =>
        new QueueCursor(name, (value, time) => {
          this.#last = { input, value }
          if (time > this.#latest || Number.isNaN(this.#latest)) this.#latest = time
        }),
    )
    this.readers = this.#cursors
  }

  /** Stands at the front of these queues again, and shows at most `limit` records of each. */
  open(queues: readonly RecordQueue[], limit: number): void {
    this.#last = undefined
    this.#latest = Number.NaN
    for (const [input, cursor] of this.#cursors.entries()) cursor.open(queues[input], limit)
  }

  get last(): RecordAtFault | undefined {
    return this.#last
  }

  /** The latest timestamp of what was read; NaN: none has one. */
  get latest(): number {
    return this.#latest
  }

  /** What was read, input by input. */
  read(): unknown[] {
    return this.#cursors.flatMap((cursor) => cursor.taken())
  }

  /** What was read leaves the queues. */
  commit(): void {
    for (const cursor of this.#cursors) cursor.commit()
  }
}

class QueueCursor implements StreamReader<unknown> {
  readonly name: string
  readonly #told: (value: unknown, time: number) => void
  #queue: RecordQueue | undefined
  #next = 0
  #end = 0

  constructor(name: string, told: (value: unknown, time: number) => void) {
    this.name = name
    this.#told = told
  }

  open(queue: RecordQueue, limit: number): void {
    this.#queue = queue
    this.#next = 0
    this.#end = Math.min(limit, queue.size)
  }

  hasData(): boolean {
    return this.#next < this.#end
  }

  read(): unknown {
    if (this.#next >= this.#end) return undefined
    const at = this.#next++
    const value = this.#queue!.valueAt(at)
    this.#told(value, this.#queue!.timeAt(at))
    return value
  }

  *[Symbol.iterator](): Iterator<unknown> {
    while (this.#next < this.#end) yield this.read()
  }

  taken(): unknown[] {
    return Array.from({ length: this.#next }, (_, at) => this.#queue!.valueAt(at))
  }

  /** Afterwards it shows nothing: a reader is valid during its call. */
  commit(): void {
    this.#queue?.drop(this.#next)
    this.#next = 0
    this.#end = 0
  }
}
