import { describe, StreamError } from '../../codec/errors.ts'
import { type Key, KeyMap } from '../../codec/key.ts'
import { cloneValue } from '../../codec/value.ts'
import type { StateStore } from '../contract/state-site.ts'
import { type StreamState, streamStateOn } from '../contract/stream-state.ts'

/** The stores of one operator under test, by name. */
export function localStates(): (name?: string) => StreamState {
  const states = new Map<string, StreamState>()
  return (name = 'default') => {
    const state = states.get(name) ?? streamStateOn(name, new LocalStore())
    states.set(name, state)
    return state
  }
}

/** A store for one thread, which behaves as the one that threads share. */
export class LocalStore implements StateStore {
  readonly #values = new KeyMap<unknown>()
  readonly #born = new KeyMap<number>()
  #births = 0
  #updating = false

  get(key: Key): unknown {
    return cloneValue(this.#values.get(key))
  }

  set(key: Key, value: unknown): void {
    this.#refuse('set')
    this.#put(key, cloneValue(value))
  }

  increment(key: Key, n: number): number {
    this.#refuse('increment')
    const value = this.#values.get(key) ?? 0
    if (typeof value !== 'number') throw wrongKind(key, 'increment', 'a number', value)
    this.#put(key, value + n)
    return value + n
  }

  append(key: Key, value: unknown): void {
    this.#refuse('append')
    const list = this.#values.get(key) ?? []
    if (!Array.isArray(list)) throw wrongKind(key, 'append', 'an array', list)
    list.push(cloneValue(value))
    this.#put(key, list)
  }

  update(key: Key, fn: (current: unknown) => unknown): unknown {
    this.#refuse('update')
    this.#updating = true
    try {
      const next = fn(this.get(key))
      if (next === null || next === undefined) this.#remove(key)
      else this.#put(key, cloneValue(next))
      return next
    } finally {
      this.#updating = false
    }
  }

  delete(key: Key): boolean {
    this.#refuse('delete')
    return this.#remove(key)
  }

  keys(): Key[] {
    const born = (key: Key) => this.#born.get(key)!
    return [...this.#values.keys()].sort((a, b) => born(a) - born(b))
  }

  #put(key: Key, value: unknown): void {
    if (!this.#values.has(key)) this.#born.set(key, this.#births++)
    this.#values.set(key, value)
  }

  #remove(key: Key): boolean {
    this.#born.delete(key)
    return this.#values.delete(key)
  }

  #refuse(call: string): void {
    if (!this.#updating) return
    throw new StreamError(
      'SAGE_STATE',
      `${call}: expected to be called outside of the function given to update()`,
    )
  }
}

function wrongKind(key: Key, call: string, expected: string, got: unknown): StreamError {
  return new StreamError(
    'SAGE_STATE',
    `${call}(${describe(key)}): expected ${expected} there, got ${describe(got)}`,
  )
}
