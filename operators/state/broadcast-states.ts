import { describe, StreamError } from '../../codec/errors.ts'
import { assertEncodable } from '../../codec/value.ts'
import { materialize } from '../../codec/view.ts'
import type { BroadcastState } from '../contract/state.ts'

/**
 * What a snapshot holds of broadcast states: their entries, by name. Plain data; equal on all subtasks, but for what is on its
 * way to some of them at an unaligned checkpoint.
 */
export type BroadcastSnapshot = Readonly<Record<string, readonly (readonly [unknown, unknown])[]>>

/** The broadcast states of one operator on one subtask, by name. */
export class BroadcastStates {
  readonly #operator: string
  readonly #exists: boolean
  readonly #maps = new Map<string, BroadcastMap>()
  /**
   * Whether the record at hand has come to all subtasks. Set by whoever calls the operator, for the time of the call.
   */
  writable = false

  /** @param exists - whether any input of the operator is broadcast */
  constructor(operator: string, exists: boolean) {
    this.#operator = operator
    this.#exists = exists
  }

  /** The state of this name. Throws `SAGE_STATE` where no input could write to it, `SAGE_OPTION` for what is no name. */
  state(name: string): BroadcastState<any, any> {
    const known = this.#maps.get(name)
    if (known !== undefined) return known
    if (typeof name !== 'string' || name === '') {
      const expected = 'expected the name of a state, a string'
      throw new StreamError('SAGE_OPTION', `ctx.broadcastState: ${expected}, got ${describe(name)}`)
    }
    if (!this.#exists) {
      throw new StreamError(
        'SAGE_STATE',
        `ctx.broadcastState('${name}') of '${this.#operator}': expected an operator with a broadcast input ` +
          '(stream.broadcast(), or keyBy with strategy broadcast), but it has none',
      )
    }
    return this.#make(name)
  }

  snapshot(): BroadcastSnapshot {
    return Object.fromEntries([...this.#maps].map(([name, map]) => [name, [...map]]))
  }

  /** Puts back what `snapshot` gave, on this or any other subtask of the operator. Before the first record. */
  restore(snapshot: BroadcastSnapshot): void {
    for (const [name, entries] of Object.entries(snapshot)) this.#make(name).load(entries)
  }

  #make(name: string): BroadcastMap {
    const map = new BroadcastMap((call) => this.#requireWritable(name, call))
    this.#maps.set(name, map)
    return map
  }

  #requireWritable(name: string, call: string): void {
    if (this.writable) return
    throw new StreamError(
      'SAGE_STATE',
      `ctx.broadcastState('${name}').${call} of '${this.#operator}': expected to be called while a record of a ` +
        'broadcast input is processed, which all subtasks see; the record at hand is of another input, or there is none',
    )
  }
}

class BroadcastMap implements BroadcastState<any, any> {
  readonly #map = new Map<unknown, unknown>()
  readonly #requireWritable: (call: string) => void

  constructor(requireWritable: (call: string) => void) {
    this.#requireWritable = requireWritable
  }

  get size(): number {
    return this.#map.size
  }

  get(key: unknown): unknown {
    return this.#map.get(key)
  }

  has(key: unknown): boolean {
    return this.#map.has(key)
  }

  set(key: unknown, value: unknown): void {
    this.#requireWritable('set')
    const kept = materialize(value)
    assertEncodable([key, kept])
    this.#map.set(key, kept)
  }

  delete(key: unknown): boolean {
    this.#requireWritable('delete')
    return this.#map.delete(key)
  }

  clear(): void {
    this.#requireWritable('clear')
    this.#map.clear()
  }

  keys(): Iterable<any> {
    return this.#map.keys()
  }

  values(): Iterable<any> {
    return this.#map.values()
  }

  entries(): Iterable<[any, any]> {
    return this.#map.entries()
  }

  [Symbol.iterator](): Iterator<[any, any]> {
    return this.#map[Symbol.iterator]()
  }

  load(entries: BroadcastSnapshot[string]): void {
    for (const [key, value] of entries) this.#map.set(key, value)
  }
}
