/** What can stand in a {@link LinkedQueue}, in one at a time. */
export interface Linked {
  /** @internal The queue's own. */
  before: this | undefined
  /** @internal The queue's own. */
  behind: this | undefined
}

/** A queue of any length whose elements can leave it from any place, all at the same small cost. */
export class LinkedQueue<T extends Linked> {
  #first: T | undefined
  #last: T | undefined
  #size = 0

  get first(): T | undefined {
    return this.#first
  }

  get size(): number {
    return this.#size
  }

  push(element: T): void {
    element.before = this.#last
    if (this.#last === undefined) this.#first = element
    else this.#last.behind = element
    this.#last = element
    this.#size++
  }

  /** Takes out `element`, which must stand here. */
  remove(element: T): void {
    const { before, behind } = element
    if (before === undefined) this.#first = behind
    else before.behind = behind
    if (behind === undefined) this.#last = before
    else behind.before = before
    element.before = undefined
    element.behind = undefined
    this.#size--
  }
}
