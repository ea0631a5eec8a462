import { type Key, KeyMap } from '../../codec/key.ts'
import type { Clock } from '../contract/context.ts'
import { isPromise } from '../contract/result-checks.ts'

/** What the mapper of `enrichCached` looks things up in: Bytewax's `TTLCache`. */
export interface LookupCache<K, V> {
  /**
   * What the getter gave for this key: what was kept, if that is no older than the `ttl`; else the getter is asked (again). Of
   * a getter that is asynchronous, its promise: lookups at the same time share it, and one that is rejected is not kept.
   */
  get(key: K): V
  /** Forgets what was kept for this key. Whether anything was. */
  remove(key: K): boolean
}

interface Entry<V> {
  readonly value: V
  readonly at: number
}

/** Below so many entries nothing is swept out. */
const SWEEP_MIN = 1024

/**
 * Keeps what a getter gave, for a while. An entry is asked for again when it is older than `ttlMs`; exactly as old still
 * counts (Bytewax). Entries that nobody asks for any more are swept out as new ones come.
 */
export class TtlCache<K extends Key, V> implements LookupCache<K, V> {
  readonly #entries = new KeyMap<Entry<V>>()
  readonly #getter: (key: K) => V
  readonly #ttlMs: number
  readonly #clock: Clock
  #sweepAt = SWEEP_MIN

  constructor(getter: (key: K) => V, ttlMs: number, clock: Clock) {
    this.#getter = getter
    this.#ttlMs = ttlMs
    this.#clock = clock
  }

  /** How many entries are kept. */
  get size(): number {
    return this.#entries.size
  }

  get(key: K): V {
    const now = this.#clock.now()
    const kept = this.#entries.get(key)
    if (kept !== undefined && now - kept.at <= this.#ttlMs) return kept.value
    const value = this.#getter(key)
    const entry = { value, at: now }
    this.#entries.set(key, entry)
    if (isPromise(value)) value.then(undefined, () => this.#forget(key, entry))
    if (this.#entries.size >= this.#sweepAt) this.#sweep(now)
    return value
  }

  remove(key: K): boolean {
    return this.#entries.delete(key)
  }

  #forget(key: K, entry: Entry<V>): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key)
  }

  #sweep(now: number): void {
    for (const [key, { at }] of [...this.#entries.entries()])
      if (now - at > this.#ttlMs) this.#entries.delete(key)
    this.#sweepAt = Math.max(SWEEP_MIN, 2 * this.#entries.size)
  }
}
