import { compareKeys, type Key } from '../../codec/key.ts'
import type { KeyedBackend, OperatorContext } from '../contract/operator.ts'

/** Under which operators on streams that are not keyed keep their state: they have one subtask, and one key. */
const WHOLE: Key = 0

/**
 * Where an operator over several streams keeps what it holds: with the key of the record at hand, or, where the streams
 * are not keyed, all in one place.
 */
export class StatePlace {
  readonly #context: Pick<OperatorContext, 'keyed' | 'scope'>
  readonly keyed: boolean
  #whole = -1

  constructor(context: Pick<OperatorContext, 'keyed' | 'scope'>, keyed: boolean) {
    this.#context = context
    this.keyed = keyed
  }

  /** The slot of the record at hand, or -1. */
  find(): number {
    const { keyed } = this.#context
    if (this.keyed) return keyed.find()
    if (this.#whole === -1 || keyed.store.keyAt(this.#whole) !== WHOLE)
      this.#whole = keyed.store.find(WHOLE)
    return this.#whole
  }

  /** The slot of the record at hand, which is given one where it has none. */
  slot(): number {
    const { keyed } = this.#context
    if (this.keyed) return keyed.slot()
    const found = this.find()
    return found === -1 ? keyed.store.slot(WHOLE) : found
  }

  /** What is emitted next belongs to this slot. */
  enter(slot: number): void {
    this.#context.scope.key = this.keyed ? this.#context.keyed.store.keyAt(slot) : undefined
  }

  /** The slots in use, in the order of their keys: the end of input is told to one after the other. */
  slots(): number[] {
    const { store } = this.#context.keyed
    return [...store.slots()].sort((a, b) => compareKeys(store.keyAt(a), store.keyAt(b)))
  }

  get store(): KeyedBackend['store'] {
    return this.#context.keyed.store
  }
}

type Emitting = Pick<OperatorContext, 'scope' | 'out'>

/** Emits a record with a time of its own. */
export function emitAt({ scope, out }: Emitting, timestamp: number, value: unknown): void {
  const before = scope.timestamp
  scope.timestamp = timestamp
  out.collect(value)
  scope.timestamp = before
}

/**
 * Emits a record that was held back: with the time `timestamp`, or the watermark where that has passed it. It
 * would be late else, through no fault of its own.
 */
export function emitHeld(context: Emitting, timestamp: number, value: unknown): void {
  const { watermark } = context.scope
  emitAt(context, timestamp < watermark ? watermark : timestamp, value)
}
