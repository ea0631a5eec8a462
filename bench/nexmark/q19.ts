import {
  type Collector,
  materialize,
  ProcessFunction,
  type RuntimeContext,
  type ValueState,
  type View,
} from 'sage-stream'
import { isBid } from './events.ts'
import { query } from './query.ts'
import { BidRow, bidRow } from './rows.ts'

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
      .map(bidRow)
      // Most bids are not among the highest: of these only the price is read.
      .withSchema(BidRow, { read: 'view' })
      .keyBy(({ auction }) => auction)
      .process(TopBids),
  row: ({ bid, rank }) => [bid.auction, bid.price, rank],
  rowOf: ({ bid, rank }) => `${bid.auction} ${rank}`,
})

interface RankedBid {
  bid: BidRow
  rank: number
}

class TopBids extends ProcessFunction<View<BidRow>, RankedBid> {
  declare top: ValueState<BidRow[]>

  override open() {
    this.top = this.ctx.state<BidRow[]>('top', () => [])
  }

  process(bid: View<BidRow>, _: RuntimeContext, out: Collector<RankedBid>) {
    const top = this.top.value
    if (top.length === TOP && bid.price <= top[TOP - 1].price) return
    let at = top.length
    while (at > 0 && top[at - 1].price < bid.price) at--
    top.splice(at, 0, materialize(bid))
    if (top.length > TOP) top.pop()
    for (let i = at; i < top.length; i++) out.collect({ bid: top[i], rank: i + 1 })
  }
}
