import { describe, StreamError } from '../../codec/errors.ts'
import type { KeyedBackend } from '../contract/operator.ts'
import type { Timers } from '../contract/state.ts'

/** The `Timers` of the key at hand. */
export class KeyTimers implements Timers {
  readonly #state: KeyedBackend

  constructor(state: KeyedBackend) {
    this.#state = state
  }

  registerEventTime(at: number): void {
    checkTime(at, 'registerEventTime')
    this.#state.eventTimers.register(this.#state.slot(), at)
  }

  registerProcessingTime(at: number): void {
    checkTime(at, 'registerProcessingTime')
    this.#state.processingTimers.register(this.#state.slot(), at)
  }

  delete(at: number): boolean {
    const slot = this.#state.find()
    if (slot === -1) return false
    const ofEvents = this.#state.eventTimers.delete(slot, at)
    return this.#state.processingTimers.delete(slot, at) || ofEvents
  }
}

function checkTime(at: unknown, method: string): void {
  if (typeof at === 'number' && !Number.isNaN(at)) return
  throw new StreamError(
    'SAGE_TIMESTAMP',
    `timers.${method}: expected a time in milliseconds since the epoch, got ${describe(at)}`,
  )
}
