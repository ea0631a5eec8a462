import type { Collector } from '../../operators/contract/function.ts'
import { StatefulFunction } from '../../operators/contract/stateful-function.ts'
import type { Item } from './item.ts'

/** How many items it holds. */
const MOST = 3

/** Holds the last items that have come to its subtask, in a field, and lets them go at the end. */
export class Held extends StatefulFunction<Item, Item[]> {
  static override redistribute(
    states: readonly { readonly held: readonly Item[] }[],
    parallelism: number,
  ): { readonly held: readonly Item[] }[] {
    const all = states.flatMap(({ held }) => held)
    return Array.from({ length: parallelism }, (_, subtask) => ({
      held: all.filter((_, i) => i % parallelism === subtask),
    }))
  }

  held: Item[] = []

  execute(item: Item): Item[] {
    this.held.push(item)
    return this.held.splice(0, this.held.length - MOST)
  }

  finish(out: Collector<Item>): void {
    for (const item of this.held.splice(0)) out.collect(item)
  }
}
