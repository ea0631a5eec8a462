/**
 * Events of one key that wait for the watermark, ordered by time and, of one time, by arrival. Plain data, to be kept in
 * checkpoints. Most events come in order: adding one then costs no more than taking the first one out does, however many
 * wait. One that comes before n others moves these.
 */
export interface WaitingEvents {
  values: unknown[]
  /** Their times (ms since the epoch). */
  timestamps: number[]
  /** Those before this one have been taken out. */
  from: number
}

export function newWaitingEvents(): WaitingEvents {
  return { values: [], timestamps: [], from: 0 }
}

/** The time of the first event; `Infinity` where none waits. */
export function firstTime({ timestamps, from }: WaitingEvents): number {
  return from < timestamps.length ? timestamps[from] : Infinity
}

export function firstValue({ values, from }: WaitingEvents): unknown {
  return values[from]
}

/** Adds an event behind all that are not later. */
export function addWaiting(waiting: WaitingEvents, value: unknown, timestamp: number): void {
  const { values, timestamps } = waiting
  const at = insertionIndex(waiting, timestamp)
  if (at === timestamps.length) {
    timestamps.push(timestamp)
    values.push(value)
  } else {
    timestamps.splice(at, 0, timestamp)
    values.splice(at, 0, value)
  }
}

/** Takes the first event out. */
export function removeFirst(waiting: WaitingEvents): void {
  const { values, timestamps } = waiting
  values[waiting.from++] = undefined
  if (waiting.from === timestamps.length) {
    timestamps.length = 0
    values.length = 0
  } else if (waiting.from * 2 > timestamps.length) {
    // So seldom that it costs each event no more than a step.
    timestamps.splice(0, waiting.from)
    values.splice(0, waiting.from)
  } else return
  waiting.from = 0
}

/** Behind all events that are not later: looked for from the end. */
function insertionIndex({ timestamps, from }: WaitingEvents, timestamp: number): number {
  let high = timestamps.length
  if (high === from || timestamps[high - 1] <= timestamp) return high
  let low = from
  while (low < high) {
    const middle = (low + high) >>> 1
    if (timestamps[middle] <= timestamp) low = middle + 1
    else high = middle
  }
  return low
}
