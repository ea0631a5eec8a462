import type { RecordScope } from '../contract/operator.ts'
import type { KeyCell } from './key-cell.ts'

const ROOM_MIN = 64

/**
 * Records that wait for their activation, by key, in the order of their arrival: a list per key through arrays that are
 * used again, so a record costs no allocation.
 */
export class Arrivals {
  #values: unknown[] = []
  #next = new Int32Array(ROOM_MIN)
  #timestamps = new Float64Array(ROOM_MIN)
  #watermarks = new Float64Array(ROOM_MIN)
  #asks = new Float64Array(ROOM_MIN)
  /** How many records have been added since it was empty. */
  count = 0
  #waiting = 0

  add(cell: KeyCell, value: unknown, { timestamp, watermark, ask }: RecordScope): void {
    const at = this.count
    if (at === this.#next.length) this.#grow()
    this.#values[at] = value
    this.#next[at] = -1
    this.#timestamps[at] = timestamp
    this.#watermarks[at] = watermark
    this.#asks[at] = ask
    if (cell.first === -1) cell.first = at
    else this.#next[cell.last] = at
    cell.last = at
    this.count++
    this.#waiting++
  }

  /** Takes out the key's next record, and sets the scope to what came with it. */
  takeOne(cell: KeyCell, scope: RecordScope): unknown {
    this.#place(cell, cell.first, scope)
    scope.ask = this.#asks[cell.first]
    return this.#take(cell)
  }

  /** Takes out all records of the key; what they become is of the time of the last one, and derived from no one's ask. */
  takeAll(cell: KeyCell, scope: RecordScope): unknown[] {
    this.#place(cell, cell.last, scope)
    scope.ask = 0
    const values: unknown[] = []
    while (cell.first !== -1) values.push(this.#take(cell))
    return values
  }

  #place(cell: KeyCell, at: number, scope: RecordScope): void {
    scope.key = cell.key
    scope.timestamp = this.#timestamps[at]
    scope.watermark = this.#watermarks[at]
  }

  #take(cell: KeyCell): unknown {
    const at = cell.first
    const value = this.#values[at]
    this.#values[at] = undefined
    cell.first = this.#next[at]
    if (--this.#waiting === 0) this.count = 0
    return value
  }

  #grow(): void {
    const room = 2 * this.#next.length
    const next = new Int32Array(room)
    next.set(this.#next)
    this.#next = next
    this.#timestamps = widened(this.#timestamps, room)
    this.#watermarks = widened(this.#watermarks, room)
    this.#asks = widened(this.#asks, room)
  }
}

function widened(from: Float64Array, room: number): Float64Array<ArrayBuffer> {
  const to = new Float64Array(room)
  to.set(from)
  return to
}
