import { type Machine, thisMachine } from '../thread/machine.ts'

/** How long the ends of all jobs together may keep the event loop to themselves. */
const BUDGET_MS = 2
/** Looking at the clock costs as much as some of the calls that it watches: where calls are quick, not all look. */
const CALLS_A_LOOK = 8
const QUICK_MS = BUDGET_MS / CALLS_A_LOOK / 4

/**
 * Whether the ends of the main thread have had their share of this turn of the event loop: then what is left to do
 * waits for the next turn. Counted from the first call in a turn, for all jobs of the process.
 *
 * It is needed because promises alone never leave a turn: a loop that awaits a `push` or the next record of an output
 * goes on in the same turn as long as there is room, or a record. Timers and sockets would starve beside it.
 */
export class LoopTurn {
  /** Whose event loop it is. */
  readonly machine: Machine
  #begunMs = Number.NaN
  #calls = 0
  #lookAt = 0
  #spent = false
  #number = 0

  constructor(machine: Machine) {
    this.machine = machine
  }

  /** Differs from turn to turn, once `spent` was asked in it. */
  get number(): number {
    return this.#number
  }

  spent(): boolean {
    if (this.#spent) return true
    this.#calls++
    if (this.#calls === 1) {
      this.#begunMs = this.machine.nowMs()
      this.#lookAt = 2
      this.machine.soon(this.#begin)
    } else if (this.#calls >= this.#lookAt) {
      const elapsedMs = this.machine.nowMs() - this.#begunMs
      this.#spent = elapsedMs >= BUDGET_MS
      this.#lookAt = this.#calls + (elapsedMs < this.#calls * QUICK_MS ? CALLS_A_LOOK : 1)
    }
    return this.#spent
  }

  readonly #begin = (): void => {
    this.#calls = 0
    this.#spent = false
    this.#number++
  }
}

/** That of this thread, which all of its jobs share. */
export const thisLoop = new LoopTurn(thisMachine)
