import { StreamError } from '../../codec/errors.ts'
import type { Arena } from '../ring/arena.ts'
import { FREE, heapStart, LIMIT, MAX_ORDER, MIN_ORDER, NEXT, TOP } from './layout.ts'

/**
 * Blocks of shared memory: a buddy heap that splits at once and joins late. Used by the lock's holder only.
 *
 * A freed block goes to the list of its order. Neighbours are joined when nothing else is left: a state whose values
 * keep their sizes never pays for it.
 */
export class SharedHeap {
  readonly #i32: Int32Array
  readonly #start: number

  constructor({ i32 }: Arena, slots: number) {
    this.#i32 = i32
    this.#start = heapStart(slots)
  }

  /**
   * A block of at least `bytes` bytes, its order included; the rest of its content is what it was.
   *
   * @throws StreamError `SAGE_MEMORY` when there is none; nothing has changed then
   */
  take(bytes: number): number {
    const order = orderOf(bytes)
    if (order > MAX_ORDER) throw this.#exhausted(bytes)
    let block = this.#reuse(order) || this.#extend(order)
    if (block === 0) {
      this.#join()
      block = this.#reuse(order)
    }
    if (block === 0) throw this.#exhausted(bytes)
    this.#i32[block >> 2] = order
    return block
  }

  /** Takes a block back. */
  free(block: number): void {
    this.#push(block, this.#i32[block >> 2])
  }

  /** What a block holds, its order included. */
  sizeOf(block: number): number {
    return 1 << this.#i32[block >> 2]
  }

  #push(block: number, order: number): void {
    const i32 = this.#i32
    const list = (FREE >> 2) + order
    i32[block >> 2] = order
    i32[(block + NEXT) >> 2] = i32[list]
    i32[list] = block
  }

  #pop(order: number): number {
    const i32 = this.#i32
    const list = (FREE >> 2) + order
    const block = i32[list]
    if (block !== 0) i32[list] = i32[(block + NEXT) >> 2]
    return block
  }

  /** A free block of this order, or half (or less) of a greater one; 0: none. */
  #reuse(order: number): number {
    for (let from = order; from <= MAX_ORDER; from++) {
      const block = this.#pop(from)
      if (block === 0) continue
      for (let half = from - 1; half >= order; half--) this.#push(block + (1 << half), half)
      return block
    }
    return 0
  }

  /** A block of memory that was never used; what is skipped, for it must lie at a multiple of its size, is free. */
  #extend(order: number): number {
    const i32 = this.#i32
    const size = 2 ** order
    const from = i32[TOP >> 2]
    const block = Math.ceil(from / size) * size
    if (block + size > i32[LIMIT >> 2]) return 0
    i32[TOP >> 2] = block + size
    this.#pushRange(from, block)
    return block
  }

  #pushRange(from: number, to: number): void {
    let at = from
    while (at < to) {
      const order = 31 - Math.clz32(at & -at)
      this.#push(at, order)
      at += 1 << order
    }
  }

  /** Joins free buddies, and takes what was never used in, as far as it holds whole blocks. */
  #join(): void {
    this.#takeRest()
    for (let order = MIN_ORDER; order < MAX_ORDER; order++) {
      const blocks = this.#takeList(order).sort((a, b) => a - b)
      for (let i = 0; i < blocks.length; i++) {
        const block = blocks[i]
        const joins = (block & (1 << order)) === 0 && blocks[i + 1] === block + (1 << order)
        this.#push(block, joins ? order + 1 : order)
        if (joins) i++
      }
    }
  }

  #takeList(order: number): number[] {
    const i32 = this.#i32
    const blocks: number[] = []
    for (let block = i32[(FREE >> 2) + order]; block !== 0; block = i32[(block + NEXT) >> 2]) {
      blocks.push(block)
    }
    i32[(FREE >> 2) + order] = 0
    return blocks
  }

  #takeRest(): void {
    const i32 = this.#i32
    const limit = i32[LIMIT >> 2]
    for (;;) {
      const at = i32[TOP >> 2]
      let order = Math.min(31 - Math.clz32(at & -at), MAX_ORDER)
      while (order >= MIN_ORDER && at + 2 ** order > limit) order--
      if (order < MIN_ORDER) return
      i32[TOP >> 2] = at + (1 << order)
      this.#push(at, order)
    }
  }

  #exhausted(bytes: number): StreamError {
    const capacity = this.#i32[LIMIT >> 2] - this.#start
    return new StreamError(
      'SAGE_MEMORY',
      `memory.sharedBytes: expected room for ${bytes} more bytes of shared state, but its ${capacity} bytes ` +
        'are in use; raise it, or keep less in StreamState',
    )
  }
}

function orderOf(bytes: number): number {
  return Math.max(MIN_ORDER, 32 - Math.clz32(bytes - 1))
}
