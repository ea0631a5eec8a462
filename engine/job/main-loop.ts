import type { Doorbell } from '../ring/doorbell.ts'
import { nextTurn } from './loop-turn.ts'

/** Something of the main thread that moves when its bell rings. */
export interface MainEnd {
  /** Moves what can be moved; true when anything was. Never blocks. */
  pump(): boolean
}

const WAIT_MS = 60_000

/**
 * The main thread's side of a job's rings: pumps pushes and outputs when the main doorbell rings. It never
 * blocks and wakes once per ring of the bell, not per record.
 */
export class MainLoop {
  readonly #bell: Doorbell
  readonly #ends: readonly MainEnd[]
  #closed = false

  constructor(bell: Doorbell, ends: readonly MainEnd[]) {
    this.#bell = bell
    this.#ends = ends
    if (ends.length > 0) void this.#listen()
  }

  /** Ends the loop; ends may still be pumped by their readers. */
  close(): void {
    this.#closed = true
    this.#bell.ring()
  }

  async #listen(): Promise<void> {
    const bell = this.#bell
    while (!this.#closed) {
      const seen = bell.read()
      if (this.#pump()) {
        // Before it looks again: what keeps coming in must not keep the event loop.
        await nextTurn()
        continue
      }
      bell.announce()
      if (!this.#pump()) await bell.waitAsync(seen, WAIT_MS)
      bell.retract()
    }
  }

  #pump(): boolean {
    let moved = false
    for (const end of this.#ends) if (end.pump()) moved = true
    return moved
  }
}
