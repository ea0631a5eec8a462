/** A record that waits for partners. */
export interface JoinEntry {
  readonly value: unknown
  readonly time: number
  /** Whether it is in a row already. */
  matched: boolean
}

/** The records of one side of a join that may still find partners, by time. */
export type JoinSide = JoinEntry[]

/** Puts an entry behind those of its time. */
export function insertEntry(side: JoinSide, entry: JoinEntry): void {
  let at = side.length
  while (at > 0 && side[at - 1].time > entry.time) at--
  if (at === side.length) side.push(entry)
  else side.splice(at, 0, entry)
}

/** The index of the first entry whose time is `time` or later. */
export function firstAt(side: JoinSide, time: number): number {
  let low = 0
  let high = side.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (side[middle].time < time) low = middle + 1
    else high = middle
  }
  return low
}
