/** A queue of any length in one array that is used round and round, and doubled when it is full. */
export class Deque<T> {
  #slots: (T | undefined)[] = new Array(16).fill(undefined)
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  push(element: T): void {
    if (this.#size === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = element
    this.#size++
  }

  /** The oldest element, which stays; there must be one. */
  get first(): T {
    return this.#slots[this.#head] as T
  }

  /** The oldest element; there must be one. */
  shift(): T {
    const element = this.#slots[this.#head] as T
    // A slot must not keep alive what has been taken.
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#size--
    return element
  }

  clear(): void {
    this.#slots = new Array(16).fill(undefined)
    this.#head = 0
    this.#size = 0
  }

  #grow(): void {
    const old = this.#slots
    this.#slots = [...old.slice(this.#head), ...old.slice(0, this.#head)]
    this.#head = 0
    for (let i = old.length; i > 0; i--) this.#slots.push(undefined)
  }
}
