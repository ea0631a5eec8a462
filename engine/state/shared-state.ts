import type { StateStores } from '../../operators/contract/state-site.ts'
import { type StreamState, streamStateOn } from '../../operators/contract/stream-state.ts'
import { FIRST_STORE, NEXT_STORE } from './layout.ts'
import { SharedStore } from './shared-store.ts'
import { StateMemory } from './state-memory.ts'

/** Where names of stores are keys, and their numbers the values. */
const DIRECTORY = 0

/** All stores of a job, as one of its threads sees them. */
export class SharedState implements StateStores {
  readonly #memory: StateMemory
  readonly #directory: SharedStore
  readonly #stores = new Map<string, SharedStore>()
  readonly #states = new Map<string, StreamState>()

  /** @param waitMs - how long a call waits for its turn. Default 30 s */
  constructor(buffer: SharedArrayBuffer, slot: number, waitMs?: number) {
    this.#memory = new StateMemory(buffer, slot, waitMs)
    this.#directory = new SharedStore(this.#memory, DIRECTORY)
  }

  /** The store of this name, made on its first use by any thread. Throws `SAGE_MEMORY`. */
  store(name: string): SharedStore {
    const known = this.#stores.get(name)
    if (known !== undefined) return known
    const { i32 } = this.#memory.arena
    const number = (this.#directory.get(name) ??
      this.#directory.update(name, (taken) => taken ?? i32[NEXT_STORE >> 2]++)) as number
    const store = new SharedStore(this.#memory, number)
    this.#stores.set(name, store)
    return store
  }

  /** The same for user code: `ctx.shared(name)`. */
  shared(name: string): StreamState {
    let state = this.#states.get(name)
    if (state === undefined) {
      state = streamStateOn(name, this.store(name))
      this.#states.set(name, state)
    }
    return state
  }

  /** Whether any thread has used a store. */
  get used(): boolean {
    return Atomics.load(this.#memory.arena.i32, NEXT_STORE >> 2) > FIRST_STORE
  }

  /** The names of all stores so far, in the order in which they were first used. */
  names(): string[] {
    return this.#directory.keys() as string[]
  }
}
