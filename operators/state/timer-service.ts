import type { Key } from '../../codec/key.ts'
import type { TimeDomain, TimerQueue } from '../contract/keyed-store.ts'
import type { Operator, OperatorContext, Room } from '../contract/operator.ts'

/** A timer is due: the key, and `timestamp` for one of event time, are in the scope. */
export type OnTimer = (at: number, domain: TimeDomain) => void

/**
 * What of an operator passes time to its keys' timers. A timer that `fire` throws for is gone: the next call goes on with
 * those behind it.
 */
export class TimerService
  implements Required<Pick<Operator, 'onWatermark' | 'onProcessingTime' | 'dueAt'>>
{
  readonly #context: Pick<OperatorContext, 'keyed' | 'scope'>
  readonly #fire: OnTimer

  constructor(context: Pick<OperatorContext, 'keyed' | 'scope'>, fire: OnTimer) {
    this.#context = context
    this.#fire = fire
  }

  onWatermark(watermark: number, room: Room): boolean {
    return this.#pass(this.#context.keyed.eventTimers, watermark, 'event', room)
  }

  onProcessingTime(now: number, room: Room): boolean {
    return this.#pass(this.#context.keyed.processingTimers, now, 'processing', room)
  }

  get dueAt(): number {
    return this.#context.keyed.processingTimers.next
  }

  #pass(queue: TimerQueue, now: number, domain: TimeDomain, room: Room): boolean {
    while (queue.size > 0 && queue.next <= now) {
      if (!room()) return false
      this.#fireNext(queue, now, domain)
    }
    return true
  }

  #fireNext(queue: TimerQueue, now: number, domain: TimeDomain): void {
    const { scope, keyed } = this.#context
    const slot = queue.take(now)
    scope.key = keyed.store.keyAt(slot) as Key
    scope.timestamp = domain === 'event' ? queue.firedAt : Number.NaN
    try {
      this.#fire(queue.firedAt, domain)
    } finally {
      queue.done()
    }
  }
}
