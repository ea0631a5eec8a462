import { LinkedQueue } from '../task/linked-queue.ts'
import { type Machine, thisMachine } from '../thread/machine.ts'
import type { Reply } from './reply.ts'

/** All of equal timeout: they end in the order in which they came. */
interface Peers {
  readonly timeoutMs: number
  readonly queue: LinkedQueue<Reply>
  stopTimer: () => void
}

/** Timeouts that are told apart between one length and its double. */
const STEPS = 64
/** The longest that a timer of Node waits. */
const TIMER_MAX_MS = 2 ** 31 - 1

/**
 * The timeouts of many calls, nearly all of which are answered before: one timer for all of equal length, which is set
 * again when it fires, not at each call. Timeouts are rounded up, long ones by less than 2 %, so that calls which bring
 * each its own share timers, too. Timers keep no process alive.
 */
export class Deadlines {
  readonly #byTimeout = new Map<number, Peers>()
  readonly #expire: (reply: Reply) => void
  readonly #machine: Pick<Machine, 'nowMs' | 'after'>

  /** @param expire - called with what was added so long ago and has not been removed */
  constructor(
    expire: (reply: Reply) => void,
    machine: Pick<Machine, 'nowMs' | 'after'> = thisMachine,
  ) {
    this.#expire = expire
    this.#machine = machine
  }

  /** @param timeoutMs - `Infinity`: it never expires */
  add(reply: Reply, timeoutMs: number): void {
    if (timeoutMs === Number.POSITIVE_INFINITY) return
    const rounded = roundUp(timeoutMs)
    const peers = this.#byTimeout.get(rounded) ?? this.#open(rounded)
    reply.dueMs = this.#machine.nowMs() + rounded
    reply.peers = peers.queue
    peers.queue.push(reply)
  }

  remove(reply: Reply): void {
    reply.peers?.remove(reply)
    reply.peers = undefined
  }

  /** Nothing will be added any more. */
  close(): void {
    for (const { stopTimer } of this.#byTimeout.values()) stopTimer()
    this.#byTimeout.clear()
  }

  #open(timeoutMs: number): Peers {
    const peers: Peers = { timeoutMs, queue: new LinkedQueue(), stopTimer: () => {} }
    this.#byTimeout.set(timeoutMs, peers)
    this.#lookIn(timeoutMs, peers)
    return peers
  }

  #lookIn(ms: number, peers: Peers): void {
    const wait = Math.min(Math.ceil(ms), TIMER_MAX_MS)
    peers.stopTimer = this.#machine.after(wait, () => this.#look(peers))
  }

  #look(peers: Peers): void {
    const { queue, timeoutMs } = peers
    const now = this.#machine.nowMs()
    for (let first = queue.first; first !== undefined; first = queue.first) {
      if (first.dueMs > now) {
        this.#lookIn(first.dueMs - now, peers)
        return
      }
      this.#expire(first)
    }
    this.#byTimeout.delete(timeoutMs)
  }
}

function roundUp(ms: number): number {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(ms / STEPS)))
  return Math.ceil(ms / step) * step
}
