import type { Arena } from '../ring/arena.ts'
import {
  CELLS,
  GENERATION,
  IN_USE,
  KIND,
  NEXT_CELL,
  NUMBER,
  NUMBER_BITS,
  SAVED,
  SLOTS,
  slotOffset,
  TAKEN,
} from './layout.ts'
import type { SharedHeap } from './shared-heap.ts'

const CELL_BYTES = 32

const bits = new BigInt64Array(1)
const double = new Float64Array(bits.buffer)

/**
 * Numbers that all threads add to without the lock (see `layout.ts`). `add` and `peek` need no lock; all other
 * methods are the holder's.
 */
export class NumberCells {
  readonly #i32: Int32Array
  readonly #f64: Float64Array
  readonly #big: BigInt64Array
  readonly #heap: SharedHeap
  readonly #announced: number
  #inUse = 0

  constructor(arena: Arena, heap: SharedHeap, slot: number) {
    this.#i32 = arena.i32
    this.#f64 = arena.f64
    this.#big = new BigInt64Array(arena.buffer)
    this.#heap = heap
    this.#announced = (slotOffset(slot) + IN_USE) >> 2
  }

  /**
   * Adds to the number of a cell that had this generation; the sum. NaN: it is to be done with the lock held (the
   * cell is no longer the key's, its number is being updated, or is NaN).
   */
  add(cell: number, generation: number, n: number): number {
    const i32 = this.#i32
    if (this.#inUse !== cell) {
      this.#inUse = cell
      // From here on the cell is given to no other key; that it has not been is what the next load says.
      Atomics.store(i32, this.#announced, cell)
    }
    if (Atomics.load(i32, (cell + GENERATION) >> 2) !== generation) return Number.NaN
    const at = (cell + NUMBER_BITS) >> 3
    for (;;) {
      const seen = Atomics.load(this.#big, at)
      bits[0] = seen
      const value = double[0]
      if (Number.isNaN(value)) return value
      const sum = value + n
      double[0] = sum
      if (Atomics.compareExchange(this.#big, at, seen, bits[0]) === seen) return sum
    }
  }

  /** The number of a cell that had this generation. NaN as for `add`. */
  peek(cell: number, generation: number): number {
    bits[0] = Atomics.load(this.#big, (cell + NUMBER_BITS) >> 3)
    const value = double[0]
    // Loaded after the number: generations only grow, so the number was the key's.
    const same = Atomics.load(this.#i32, (cell + GENERATION) >> 2) === generation
    return same ? value : Number.NaN
  }

  /** A cell with this number. Throws `SAGE_MEMORY`. */
  take(value: number): number {
    const cell = this.#unused() || this.#heap.take(CELL_BYTES)
    this.#i32[(cell + KIND) >> 2] = NUMBER
    this.store(cell, value)
    return cell
  }

  generationOf(cell: number): number {
    return Atomics.load(this.#i32, (cell + GENERATION) >> 2)
  }

  load(cell: number): number {
    const seen = Atomics.load(this.#big, (cell + NUMBER_BITS) >> 3)
    if (seen === TAKEN) return this.#f64[(cell + SAVED) >> 3]
    bits[0] = seen
    return double[0]
  }

  store(cell: number, value: number): void {
    double[0] = Number.isNaN(value) ? Number.NaN : value
    Atomics.store(this.#big, (cell + NUMBER_BITS) >> 3, bits[0])
  }

  /** Adds with the lock held, whatever the cell holds. */
  addTo(cell: number, n: number): number {
    const sum = this.add(cell, this.generationOf(cell), n)
    if (!Number.isNaN(sum)) return sum
    // NaN, or taken by a thread that is dead: nobody else replaces it.
    const value = this.load(cell) + n
    this.store(cell, value)
    return value
  }

  /** Takes the number out: until `store`, nobody can add to it. */
  hold(cell: number): number {
    const at = (cell + NUMBER_BITS) >> 3
    for (;;) {
      const seen = Atomics.load(this.#big, at)
      if (seen === TAKEN) return this.load(cell)
      bits[0] = seen
      const value = double[0]
      this.#f64[(cell + SAVED) >> 3] = value
      if (Atomics.compareExchange(this.#big, at, seen, TAKEN) === seen) return value
    }
  }

  /** The key of this cell is gone. */
  retire(cell: number): void {
    const i32 = this.#i32
    Atomics.add(i32, (cell + GENERATION) >> 2, 1)
    // What was added until now was added before the key went.
    Atomics.store(this.#big, (cell + NUMBER_BITS) >> 3, TAKEN)
    i32[(cell + NEXT_CELL) >> 2] = i32[CELLS >> 2]
    i32[CELLS >> 2] = cell
  }

  /** A cell without a key that no thread is working on; 0: none. */
  #unused(): number {
    const i32 = this.#i32
    let link = CELLS >> 2
    while (i32[link] !== 0) {
      const cell = i32[link]
      const next = (cell + NEXT_CELL) >> 2
      if (!this.#isInUse(cell)) {
        i32[link] = i32[next]
        return cell
      }
      link = next
    }
    return 0
  }

  #isInUse(cell: number): boolean {
    const slots = this.#i32[SLOTS >> 2]
    for (let slot = 0; slot < slots; slot++) {
      if (Atomics.load(this.#i32, (slotOffset(slot) + IN_USE) >> 2) === cell) return true
    }
    return false
  }

  /** Forgets what a thread that has ended was working on. */
  static bury({ i32 }: Arena, slot: number): void {
    Atomics.store(i32, (slotOffset(slot) + IN_USE) >> 2, 0)
  }
}
