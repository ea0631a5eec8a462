import type { Clock } from '../contract/context.ts'
import type { OperatorFactory } from '../contract/operator.ts'
import { type LogicResult, StatefulLogic } from './logic.ts'
import { LogicOperator } from './logic-operator.ts'

/** The list of a key and when it is emitted, in ms of the job's clock. */
interface Collected {
  readonly list: readonly unknown[]
  readonly at: number
}

/**
 * Emits the records of a key as a list: once it has `maxSize` of them, or none has come for `timeoutMs`, or input has
 * ended. The timeout counts from the *last* record, as in Bytewax.
 */
export function collectFactory(timeoutMs: number, maxSize: number): OperatorFactory {
  return {
    shape: 'process',
    functions: [],
    create: (context) =>
      new LogicOperator(
        context,
        (resumed, { clock }) =>
          new CollectLogic(clock, timeoutMs, maxSize, resumed as Collected | undefined),
        'onItem',
      ),
  }
}

class CollectLogic extends StatefulLogic<unknown, unknown[], Collected> {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #maxSize: number
  readonly #list: unknown[]
  #at: number

  constructor(clock: Clock, timeoutMs: number, maxSize: number, resumed: Collected | undefined) {
    super()
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#maxSize = maxSize
    this.#list = [...(resumed?.list ?? [])]
    this.#at = resumed?.at ?? Number.POSITIVE_INFINITY
  }

  onItem(value: unknown): LogicResult<unknown[]> {
    this.#at = this.#clock.now() + this.#timeoutMs
    return this.#list.push(value) < this.#maxSize ? [[], StatefulLogic.RETAIN] : this.#emitted()
  }

  override onNotify(): LogicResult<unknown[]> {
    return this.#emitted()
  }

  override onEof(): LogicResult<unknown[]> {
    return this.#emitted()
  }

  override notifyAt(): number {
    return this.#at
  }

  snapshot(): Collected {
    return { list: [...this.#list], at: this.#at }
  }

  #emitted(): LogicResult<unknown[]> {
    return [[this.#list], StatefulLogic.DISCARD]
  }
}
