import { MapFunction, type MapState, type ValueState } from 'sage-stream'
import type { Bid } from './events.ts'
import { countRank, noRanks, type Ranks, rankColumns, rankOf } from './ranks.ts'

/** What q15 and q16 count in a bid. */
export type CountedBid = Pick<Bid, 'auction' | 'bidder' | 'price' | 'date_time'>

/** The bids of a key: how many, from how many bidders, for how many auctions. */
export interface BidCounts<K> {
  readonly key: K
  /** The time of the latest. */
  readonly latest: number
  readonly bids: Ranks
  readonly bidders: Ranks
  readonly auctions: Ranks
}

/**
 * The columns that q15 and q16 have in common.
 *
 * ```sql
 * COUNT(*) AS total_bids,
 * COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids,
 * COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids,
 * COUNT(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
 * COUNT(DISTINCT bidder) AS total_bidders, …
 * COUNT(DISTINCT auction) AS total_auctions, …
 * ```
 */
export const countColumns = ({ bids, bidders, auctions }: BidCounts<unknown>): number[] => [
  ...rankColumns(bids),
  ...rankColumns(bidders),
  ...rankColumns(auctions),
]

/** Counts the bids of a key; emits what it has come to with each. */
export class CountBids<K> extends MapFunction<CountedBid, BidCounts<K>> {
  declare counts: ValueState<Omit<BidCounts<K>, 'key'> & { latest: number }>
  declare bidders: MapState<number, number>
  declare auctions: MapState<number, number>

  override open() {
    this.counts = this.ctx.state('counts', () => ({
      latest: 0,
      bids: noRanks(),
      bidders: noRanks(),
      auctions: noRanks(),
    }))
    this.bidders = this.ctx.mapState('bidders')
    this.auctions = this.ctx.mapState('auctions')
  }

  execute({ auction, bidder, price, date_time }: CountedBid): BidCounts<K> {
    const counts = this.counts.value
    const rank = rankOf(price)
    if (date_time > counts.latest) counts.latest = date_time
    counts.bids.total++
    countRank(counts.bids, rank)
    countDistinct(counts.bidders, this.bidders, bidder, rank)
    countDistinct(counts.auctions, this.auctions, auction, rank)
    return {
      key: this.ctx.key,
      latest: counts.latest,
      bids: { ...counts.bids },
      bidders: { ...counts.bidders },
      auctions: { ...counts.auctions },
    }
  }
}

/** `seen` holds for each id the ranks that it was seen in, a bit each. */
function countDistinct(
  counts: Ranks,
  seen: MapState<number, number>,
  id: number,
  rank: 1 | 2 | 3,
): void {
  const before = seen.get(id) ?? 0
  const bit = 1 << rank
  if ((before & bit) !== 0) return
  seen.set(id, before | bit)
  if (before === 0) counts.total++
  countRank(counts, rank)
}
