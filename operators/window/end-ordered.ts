/** So many that were passed over are kept at least, before they are let go of. */
const PASSED_MAX = 16

/**
 * What ends, in the order of the ends; of equal ones the first to come is first. Nearly all come at the back and go at the
 * front, which is cheap however many there are: those in front are passed over, and let go of together. Items are told by
 * their index, from `from` to `to`.
 */
export class EndOrdered<T extends { readonly end: number }> {
  readonly #items: T[]
  #from = 0

  /** @param items - in the order of their ends */
  constructor(items: readonly T[] = []) {
    this.#items = [...items]
  }

  /** The index of the first. */
  get from(): number {
    return this.#from
  }

  /** The index behind the last. */
  get to(): number {
    return this.#items.length
  }

  get size(): number {
    return this.#items.length - this.#from
  }

  at(index: number): T {
    return this.#items[index]
  }

  /** The index of the first that ends at `end` or later; `to`: there is none. */
  firstEnding(end: number): number {
    const items = this.#items
    let low = this.#from
    let high = items.length
    if (high > low && items[high - 1].end < end) return high
    while (low < high) {
      const middle = (low + high) >> 1
      if (items[middle].end < end) low = middle + 1
      else high = middle
    }
    return low
  }

  insert(item: T): void {
    const items = this.#items
    let at = items.length
    if (at > this.#from && items[at - 1].end > item.end) {
      at = this.firstEnding(item.end)
      while (items[at].end === item.end) at++
    }
    if (at === items.length) items.push(item)
    else items.splice(at, 0, item)
  }

  /** Takes out those with the indices from `from` to `to`, one at least, and puts `item` in their place. */
  replace(from: number, to: number, item: T): void {
    this.#items.splice(from, to - from, item)
  }

  /** Takes out the item at an index. */
  remove(index: number): void {
    if (index === this.#from) this.removeFirst(1)
    else this.#items.splice(index, 1)
  }

  /** Takes out the first `count`. */
  removeFirst(count: number): void {
    const items = this.#items
    this.#from += count
    if (this.#from < items.length && (this.#from < PASSED_MAX || 2 * this.#from < items.length))
      return
    items.splice(0, this.#from)
    this.#from = 0
  }

  toArray(): T[] {
    return this.#items.slice(this.#from)
  }
}
