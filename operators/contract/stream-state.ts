import { describe, StreamError } from '../../codec/errors.ts'
import { checkKey, type Key } from '../../codec/key.ts'
import { materialize } from '../../codec/view.ts'
import { isPromise } from './result-checks.ts'
import { currentStores, type StateStore } from './state-site.ts'

/** Makes a `StreamState` of a store; set by the class. */
let bind: (name: string, store: StateStore) => StreamState

/**
 * A store that all threads of a job share: one a name and job. `ctx.shared(name)` gives it; a job module may also
 * construct it when it is imported, and use it once the job runs.
 *
 * ```ts
 * const seen = new StreamState('seen')
 * env.fromCollection(words).filter((word) => seen.increment(word) === 1)
 * ```
 *
 * Keys are those of `keyBy`, values are records of any kind. Each call happens at once for all threads. What is given
 * and what is returned are copies: to change a value, `set` or `update` it. It lives in shared memory
 * (`memory.sharedBytes` of the configuration) and is part of every checkpoint: what processing a record has done to it is there
 * exactly when the record lies before the barrier. What no record causes (a service's own timer, an asynchronous source that
 * reads ahead) lies outside of that cut.
 *
 * Order matters between threads no more than it does between their records: use it for counters, caches and
 * rules, and keyed state for what belongs to a key.
 *
 * All methods throw `SAGE_KEY` for what is no key, and `SAGE_STATE` outside of a running job; all but `get` and
 * `keys` also within the function of an `update`. Those that store throw `SAGE_MEMORY` when `memory.sharedBytes` are
 * in use, `SAGE_CODEC_UNSUPPORTED` for a value that is no record; the store is then as it was.
 */
export class StreamState {
  readonly name: string
  #store: StateStore | undefined

  static {
    bind = (name, store) => {
      const state = new StreamState(name)
      state.#store = store
      return state
    }
  }

  /** @param name - the store's name in the job. Default `'default'`: the store of `MemoryFunction` */
  constructor(name = 'default') {
    if (typeof name !== 'string' || name === '') {
      throw new StreamError(
        'SAGE_OPTION',
        `StreamState: expected a name that is a string and not empty, got ${describe(name)}`,
      )
    }
    this.name = name
  }

  /** A copy of the value; `fallback` itself (default undefined) where there is none. */
  get<T = any>(key: Key): T | undefined
  get<T = any>(key: Key, fallback: NoInfer<T>): T
  get(key: Key, fallback?: unknown): unknown {
    return this.#open().get(checkKey(key)) ?? fallback
  }

  /** Stores a copy of `value`. Null and undefined remove the key, as in Flink and Kafka Streams. */
  set(key: Key, value: unknown): void {
    const store = this.#open()
    const checked = checkKey(key)
    if (value === null || value === undefined) store.delete(checked)
    else store.set(checked, materialize(value))
  }

  /**
   * Adds `n` to a number, which is 0 where there is none, and gives the sum. Takes no lock where the number exists:
   * some 50 ns.
   *
   * @throws StreamError `SAGE_STATE` when the value is no number, or `n` is none or not finite
   */
  increment(key: Key, n = 1): number {
    if (typeof n !== 'number' || !Number.isFinite(n)) {
      throw new StreamError(
        'SAGE_STATE',
        `increment(${describe(key)}): expected to add a finite number, got ${describe(n)}`,
      )
    }
    return this.#open().increment(checkKey(key), n)
  }

  /**
   * Adds a copy of `value` to the end of a list, which is empty where there is none. What it costs does not depend on
   * the list's length.
   *
   * @throws StreamError `SAGE_STATE` when the value is no array
   */
  append(key: Key, value: unknown): void {
    this.#open().append(checkKey(key), materialize(value))
  }

  /**
   * Replaces the value by what `fn` makes of a copy of it (undefined where there is none), and gives that. Null and
   * undefined remove the key. When `fn` throws, the old value stays.
   *
   * No other thread gets at the job's stores meanwhile, so `fn` must be short and synchronous. It may call `get` and
   * `keys`, and nothing else.
   *
   * @throws StreamError `SAGE_STATE` within the function of an `update`; `SAGE_PROMISE` when `fn` gives a promise;
   *   `SAGE_TIMEOUT` when another thread's `fn` does not return
   */
  update<T = any>(key: Key, fn: (current: T | undefined) => T | null | undefined): T {
    if (typeof fn !== 'function') {
      throw new StreamError(
        'SAGE_OPTION',
        `update(${describe(key)}): expected a function, got ${describe(fn)}`,
      )
    }
    return this.#open().update(checkKey(key), (current) => {
      const next = fn(current as T | undefined)
      if (!isPromise(next)) return materialize(next)
      throw new StreamError(
        'SAGE_PROMISE',
        `update(${describe(key)}): expected a value, got a promise; await first, then update`,
      )
    }) as T
  }

  /** Removes a key. Whether there was a value. */
  delete(key: Key): boolean {
    return this.#open().delete(checkKey(key))
  }

  /** The keys at this moment, in the order in which they were added. */
  keys(): Key[] {
    return this.#open().keys()
  }

  #open(): StateStore {
    if (this.#store !== undefined) return this.#store
    const stores = currentStores()
    if (stores !== undefined) return stores.store(this.name)
    throw new StreamError(
      'SAGE_STATE',
      `StreamState '${this.name}': expected to be used by a function of a running job, was used outside of one; ` +
        'it may be constructed when the job module is imported, and used from then on by its functions',
    )
  }
}

/** A `StreamState` on this store, wherever it is used. */
export function streamStateOn(name: string, store: StateStore): StreamState {
  return bind(name, store)
}
