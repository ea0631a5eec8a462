import type { Linked, LinkedQueue } from '../task/linked-queue.ts'

/** The answer to an `ask`, while it is awaited. */
export class Reply implements Linked {
  before: this | undefined
  behind: this | undefined
  /** Travels with the record and with all that is derived from it. */
  readonly id: number
  readonly resolve: (answer: any) => void
  readonly reject: (reason: unknown) => void
  /** Takes back, once it is settled, what still waits for it; undefined: nothing does. */
  withdraw: (() => void) | undefined
  /** Takes back what was to happen at an abort. */
  unwatch: (() => void) | undefined
  /** Of its `Deadlines`: monotonic ms, and those of equal timeout, in which it stands. */
  dueMs: number
  peers: LinkedQueue<Reply> | undefined

  constructor(id: number, resolve: (answer: any) => void, reject: (reason: unknown) => void) {
    this.before = undefined
    this.behind = undefined
    this.id = id
    this.resolve = resolve
    this.reject = reject
    this.withdraw = undefined
    this.unwatch = undefined
    this.dueMs = Number.POSITIVE_INFINITY
    this.peers = undefined
  }
}
