import type { Collector, OutputTag } from './function.ts'

/**
 * Gathers what a user function collects for the main output, so that the engine can pull it while
 * there is room. Side outputs pass straight through to `side`.
 */
export class ItemCollector implements Collector {
  #items: unknown[] = []
  readonly #side: Collector

  constructor(side: Collector) {
    this.#side = side
  }

  /**
   * Begins anew, and drops what a call that threw has left behind. Returns where items now gather.
   */
  begin(): unknown[] {
    if (this.#items.length > 0) this.#items = []
    return this.#items
  }

  collect(value: unknown): void {
    this.#items.push(value)
  }

  collectTo<S>(tag: OutputTag<S>, value: S): void {
    this.#side.collectTo(tag, value)
  }
}
