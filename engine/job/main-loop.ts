import { AdaptiveSpin } from '../ring/adaptive-spin.ts'
import type { Doorbell } from '../ring/doorbell.ts'
import type { Machine } from '../thread/machine.ts'

/** Something of the main thread that moves when its bell rings. */
export interface MainEnd {
  /** Moves what can be moved; true when anything was. Never blocks. */
  pump(): boolean
}

const WAIT_MS = 60_000
/** How often as long as a worker the main thread spins: one that has parked needs so long to wake and to answer. */
const WORKER_SPINS = 5

/**
 * The main thread's side of a job's rings: pumps pushes and outputs when the main doorbell rings. It never
 * blocks and wakes once per ring of the bell, not per record.
 */
export class MainLoop {
  readonly #bell: Doorbell
  readonly #ends: readonly MainEnd[]
  readonly #spin: AdaptiveSpin
  readonly #awaited: () => boolean
  readonly #machine: Pick<Machine, 'nowMs' | 'turn' | 'soon' | 'park'>
  #closed = false
  #spinning = false
  #spinMs = 0
  #spinUntilMs = 0
  /** Whether anything has come since it began to spin. */
  #came = false

  /**
   * @param spinMs - how long a worker spins; 0: nobody does
   * @param awaited - whether anyone waits for what `ends` bring
   */
  constructor(
    bell: Doorbell,
    ends: readonly MainEnd[],
    spinMs: number,
    awaited: () => boolean,
    machine: Pick<Machine, 'nowMs' | 'turn' | 'soon' | 'park'>,
  ) {
    this.#bell = bell
    this.#ends = ends
    this.#spin = new AdaptiveSpin(spinMs * WORKER_SPINS)
    this.#awaited = awaited
    this.#machine = machine
    if (ends.length > 0) void this.#listen()
  }

  /** Ends the loop; ends may still be pumped by their readers. */
  close(): void {
    this.#closed = true
    // While it spins, the bell would wake nobody.
    this.#bell.announce()
    this.#bell.ring()
  }

  /**
   * Records are on their way into the job. Where somebody waits for what they bring, looks for it in every turn of the event
   * loop for a while: that is quicker than being woken, costs the workers less, and blocks nothing. Not where it was in vain.
   */
  expect(): void {
    if (!this.#awaited()) return
    if (!this.#spinning) {
      this.#spinMs = this.#spin.begin()
      if (this.#spinMs === 0) return
      this.#spinning = true
      this.#came = false
      this.#bell.retract()
      this.#machine.soon(this.#look)
    }
    this.#spinUntilMs = this.#machine.nowMs() + this.#spinMs
  }

  readonly #look = (): void => {
    if (this.#closed) return
    if (this.#pump()) this.#came = true
    if (this.#awaited() && this.#machine.nowMs() < this.#spinUntilMs) {
      this.#machine.soon(this.#look)
      return
    }
    this.#spinning = false
    if (this.#came) this.#spin.paid()
    else this.#spin.failed()
    // A wait of `#listen` may be pending: from here on it is woken again, and what came before is found here.
    this.#bell.announce()
    this.#pump()
  }

  async #listen(): Promise<void> {
    const bell = this.#bell
    while (!this.#closed) {
      const seen = bell.read()
      if (this.#pump()) {
        // Before it looks again: what keeps coming in must not keep the event loop.
        await this.#machine.turn()
        continue
      }
      bell.announce()
      if (!this.#pump()) await this.#machine.park(bell, seen, WAIT_MS)
      bell.retract()
    }
  }

  #pump(): boolean {
    let moved = false
    for (const end of this.#ends) if (end.pump()) moved = true
    return moved
  }
}
