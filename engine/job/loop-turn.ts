/** How long the ends of all jobs together may keep the event loop to themselves. */
const BUDGET_MS = 2
/** Looking at the clock costs as much as some of the calls that it watches: where calls are quick, not all look. */
const CALLS_A_LOOK = 8
const QUICK_MS = BUDGET_MS / CALLS_A_LOOK / 4

let begunMs = Number.NaN
let calls = 0
let lookAt = 0
let spent = false
let turn = 0

/**
 * Whether the ends of the main thread have had their share of this turn of the event loop: then what is left to do
 * waits for the next turn, see {@link nextTurn}. Counted from the first call in a turn, for all jobs of the process.
 *
 * It is needed because promises alone never leave a turn: a loop that awaits a `push` or the next record of an output
 * goes on in the same turn as long as there is room, or a record. Timers and sockets would starve beside it.
 */
export function turnSpent(): boolean {
  if (spent) return true
  calls++
  if (calls === 1) {
    begunMs = performance.now()
    lookAt = 2
    setImmediate(beginTurn)
  } else if (calls >= lookAt) {
    const elapsedMs = performance.now() - begunMs
    spent = elapsedMs >= BUDGET_MS
    lookAt = calls + (elapsedMs < calls * QUICK_MS ? CALLS_A_LOOK : 1)
  }
  return spent
}

/** Differs from turn to turn, once {@link turnSpent} was asked in it. */
export function turnNumber(): number {
  return turn
}

/** The event loop has been to its timers and sockets. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}

function beginTurn(): void {
  calls = 0
  spent = false
  turn++
}
