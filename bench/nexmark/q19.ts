import { type Collector, ProcessFunction, type RuntimeContext, type ValueState } from 'sage-stream'
import { type Bid, isBid } from './events.ts'
import { query } from './query.ts'

/** How many bids of an auction count. */
const TOP = 10

/**
 * The ten highest bids of each auction. A bid that comes in tells its own rank and those of the bids below it, which move
 * down.
 *
 * ```sql
 * SELECT * FROM (
 *   SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC) AS rank_number FROM bid
 * ) WHERE rank_number <= 10
 * ```
 */
export const q19 = query({
  title: 'The ten highest bids of each auction',
  build: (events) =>
    events
      .filter(isBid)
      .keyBy(({ auction }) => auction)
      .process(TopBids),
  row: ({ bid, rank }) => [bid.auction, bid.price, rank],
  rowOf: ({ bid, rank }) => `${bid.auction} ${rank}`,
})

interface RankedBid {
  bid: Bid
  rank: number
}

class TopBids extends ProcessFunction<Bid, RankedBid> {
  declare top: ValueState<Bid[]>

  override open() {
    this.top = this.ctx.state<Bid[]>('top', () => [])
  }

  process(bid: Bid, _: RuntimeContext, out: Collector<RankedBid>) {
    const top = this.top.value
    if (top.length === TOP && bid.price <= top[TOP - 1].price) return
    let at = top.length
    while (at > 0 && top[at - 1].price < bid.price) at--
    top.splice(at, 0, bid)
    if (top.length > TOP) top.pop()
    for (let i = at; i < top.length; i++) out.collect({ bid: top[i], rank: i + 1 })
  }
}
