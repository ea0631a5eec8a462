import type { RuntimeContext } from '../../operators/contract/context.ts'
import { type Collector, ProcessFunction } from '../../operators/contract/function.ts'
import type { Item } from './item.ts'

/**
 * Passes each item once. In each life, and after a loss, whoever pushes begins anew with what may be known: what a feeding before
 * has brought is dropped. In the same feeding no item may come twice, or without the one before.
 */
export class FirstFeeding extends ProcessFunction<Item, Item> {
  process(item: Item, ctx: RuntimeContext<string>, out: Collector<Item>): void {
    const { feeding, after, ...plain } = item
    if (after !== undefined) {
      const last = ctx.mapState<string, number>('last')
      if ((last.get(feeding!) ?? -1) < after)
        throw new Error(`item ${item.id} has come without no. ${after}, which was pushed before`)
      last.set(feeding!, item.index)
    }
    const seen = ctx.mapState<string, string>('feedings')
    const before = seen.get(item.id)
    if (before === feeding)
      throw new Error(`item ${item.id} has come twice, of feeding ${feeding} both times`)
    if (before !== undefined) return
    seen.set(item.id, feeding!)
    out.collect(plain)
  }
}
