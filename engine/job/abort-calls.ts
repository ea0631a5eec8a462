/**
 * What is to be called when a signal aborts. A signal that is shared by thousands of calls has one listener of
 * this class: adding one to an `AbortSignal` costs as much as it has, and so does removing one.
 */
export class AbortCalls {
  readonly #signals = new Map<AbortSignal, Set<() => void>>()

  /** Calls `call` once, when `signal` aborts; until then, gives how to take that back. */
  add(signal: AbortSignal, call: () => void): () => void {
    const calls = this.#signals.get(signal) ?? this.#listen(signal)
    calls.add(call)
    return () => {
      if (calls.delete(call) && calls.size === 0) this.#leave(signal)
    }
  }

  #listen(signal: AbortSignal): Set<() => void> {
    const calls = new Set<() => void>()
    this.#signals.set(signal, calls)
    signal.addEventListener('abort', this.#onAbort)
    return calls
  }

  #leave(signal: AbortSignal): void {
    this.#signals.delete(signal)
    signal.removeEventListener('abort', this.#onAbort)
  }

  // A set that shrinks while it is walked gives no element that has left it.
  readonly #onAbort = ({ target }: Event): void => {
    for (const call of this.#signals.get(target as AbortSignal) ?? []) call()
  }
}
