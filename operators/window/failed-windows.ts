import type { Operator, OperatorCall, OperatorContext } from '../contract/operator.ts'
import { keptRecord } from '../final/accumulator.ts'
import type { Window } from './window.ts'
import { gathered, mergedParts, recordsOf, type WindowContents } from './window-contents.ts'

/** A window whose result could not be given, since user code threw: what its dead letter holds. */
export interface FailedWindow<K = any> extends Window {
  readonly key: K
  /** That of its result; undefined in processing time. */
  readonly timestamp: number | undefined
  /** Its accumulator; where records are kept, these. */
  readonly value?: unknown
  /** In the place of `value`: the accumulators that could not be merged. */
  readonly partials?: readonly unknown[]
}

/** Gives the result of a window of the key at hand, outside of a call. Throws what user code throws. */
type Fire = (window: FailedWindow, accumulator: unknown) => void

const nothing: readonly unknown[] = []

/**
 * Windows whose user code has thrown. Such a window is a failure of its own, and no failure of the record that made it
 * fire: that is in the window already. The operator's policy decides about it: it is fired again with what it held, left out,
 * or becomes a dead letter.
 */
export class FailedWindows {
  readonly #contents: WindowContents
  readonly #fire: Fire
  readonly #scope: OperatorContext['scope']
  /** Those of calls, to be told between two records, and what fired behind them. */
  readonly #putBy: {
    readonly failure?: { readonly error: unknown }
    readonly window: FailedWindow
  }[] = []
  /** The one that was thrown for last. */
  #told: FailedWindow | undefined
  /** All that were told: `again` is called with one of them, or with a record. */
  readonly #known = new WeakSet<FailedWindow>()

  constructor(scope: OperatorContext['scope'], contents: WindowContents, fire: Fire) {
    this.#scope = scope
    this.#contents = contents
    this.#fire = fire
  }

  /** The window, of the key at hand, with copies of its parts: the operator goes on with these. */
  windowOf(
    { start, end }: Window,
    timestamp: number | undefined,
    parts: readonly unknown[],
  ): FailedWindow {
    const { key } = this.#scope
    const of = { key, start, end, timestamp }
    if (this.#contents.keepsRecords) return { ...of, value: recordsOf(parts[0]) }
    const kept = parts.map(keptRecord)
    return kept.length === 1 ? { ...of, value: kept[0] } : { ...of, partials: kept }
  }

  /** It failed in the call of a record. */
  putBy(error: unknown, window: FailedWindow): void {
    this.#putBy.push({ failure: { error }, window })
  }

  /** Whether any was put by: then what fires in calls waits behind it. */
  get waiting(): boolean {
    return this.#putBy.length > 0
  }

  /** It fires once those that were put by have been told. */
  queue(window: FailedWindow): void {
    this.#putBy.push({ window })
  }

  /** It failed outside of a call, which is to throw `error` then. */
  tell(window: FailedWindow): void {
    this.#told = window
    this.#known.add(window)
  }

  /** What an operator of windows does about them. */
  handling(
    call: OperatorCall,
    { ctx, out }: OperatorContext,
  ): Required<Pick<Operator, 'endOfBatch' | 'gathered' | 'again'>> {
    return {
      endOfBatch: () => {
        this.raise()
        return nothing
      },
      gathered: () => {
        const told = this.#told
        this.#told = undefined
        return told
      },
      again: (value) => {
        if (this.#known.has(value as FailedWindow)) this.#refire(value as FailedWindow)
        else call(value, ctx, out)
        return nothing
      },
    }
  }

  /** Throws for the first that was put by. What fired behind it follows when there is none before. */
  raise(): void {
    for (let next = this.#putBy.shift(); next !== undefined; next = this.#putBy.shift()) {
      const { failure, window } = next
      try {
        if (failure !== undefined) throw failure.error
        this.#refire(window)
      } catch (error) {
        this.#scope.key = window.key
        this.tell(window)
        throw error
      }
    }
  }

  #refire(window: FailedWindow): void {
    const { value, partials } = window
    this.#scope.key = window.key
    const contents = this.#contents
    if (partials !== undefined) this.#fire(window, mergedParts(contents, partials))
    else
      this.#fire(window, contents.keepsRecords ? gathered(value as unknown[]) : keptRecord(value))
  }
}
