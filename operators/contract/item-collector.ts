import type { Collector, OutputTag } from './function.ts'

/**
 * Gathers what a user function collects, so that the engine can pull it while there is room, and so that a call
 * that throws has emitted nothing, to side outputs neither: those wait for `release`.
 */
export class ItemCollector implements Collector {
  #items: unknown[] = []
  #aside: [tag: OutputTag<any>, value: unknown][] = []
  readonly #side: Collector

  constructor(side: Collector) {
    this.#side = side
  }

  /**
   * Begins anew, and drops what a call that threw has left behind. Returns where items now gather.
   */
  begin(): unknown[] {
    if (this.#items.length > 0) this.#items = []
    if (this.#aside.length > 0) this.#aside = []
    return this.#items
  }

  collect(value: unknown): void {
    this.#items.push(value)
  }

  collectTo<S>(tag: OutputTag<S>, value: S): void {
    this.#aside.push([tag, value])
  }

  /** The call has succeeded: emits what it gave to side outputs. */
  release(): void {
    if (this.#aside.length === 0) return
    const aside = this.#aside
    this.#aside = []
    for (const [tag, value] of aside) this.#side.collectTo(tag, value)
  }
}
