import { StreamError } from '../../codec/errors.ts'
import type { TimeDomain, TimerQueue } from '../contract/keyed-store.ts'
import type { OperatorContext, OperatorFactory } from '../contract/operator.ts'

/** The time that counts for an operator's records: event time where they have timestamps, else that of the job's clock. */
export class RecordTime {
  readonly #method: string
  readonly #context: OperatorContext
  #domain: TimeDomain | undefined
  #now = Number.NEGATIVE_INFINITY

  constructor(method: string, context: OperatorContext) {
    this.#method = method
    this.#context = context
  }

  /** For checkpoints: an operator may hear of time before its next record comes. */
  snapshot(): unknown {
    return this.#domain
  }

  restore(domain: unknown): void {
    this.#domain = domain as TimeDomain
  }

  /** Under another parallelism: all subtasks know what any of them knew. */
  static readonly redistribute: OperatorFactory['redistribute'] = (states, parallelism) =>
    new Array(parallelism).fill(states.find((domain) => domain !== undefined))

  /** That of the records so far; processing time before the first one. */
  get domain(): TimeDomain {
    return this.#domain ?? 'processing'
  }

  /** The timers that count in it. */
  get timers(): TimerQueue {
    const { keyed } = this.#context
    return this.domain === 'event' ? keyed.eventTimers : keyed.processingTimers
  }

  /**
   * The time of the record at hand. Processing time never falls.
   *
   * @throws StreamError `SAGE_TIMESTAMP` where records with and without timestamps meet
   */
  ofRecord(): number {
    const { scope, ctx } = this.#context
    const domain = Number.isNaN(scope.timestamp) ? 'processing' : 'event'
    if (domain !== this.#domain) this.#settle(domain)
    if (domain === 'event') return scope.timestamp
    this.#now = Math.max(this.#now, ctx.clock.now())
    return this.#now
  }

  /** Up to when time has passed: the watermark at the record at hand, or its own processing time. */
  get passed(): number {
    return this.domain === 'event' ? this.#context.scope.watermark : this.#now
  }

  #settle(domain: TimeDomain): void {
    if (this.#domain === undefined) {
      this.#domain = domain
      return
    }
    const [expected, got] = domain === 'event' ? ['without', 'with'] : ['with', 'without']
    throw new StreamError(
      'SAGE_TIMESTAMP',
      `${this.#method}: expected all records ${expected} timestamps, as the first one, got one ${got}; ` +
        'assign them to all of the streams that meet here, or to none',
    )
  }
}
