import { BaseJoinFunction, type ListState, type ValueState } from 'sage-stream'
import { isAuction, isBid } from './events.ts'
import { query } from './query.ts'
import { AuctionRow, auctionRow, BidRow, bidRow } from './rows.ts'

/**
 * Bids with their auction: a join without a time limit. Of auctions of other categories nothing is kept; their bids are, as
 * in SQL: an auction may come at any time.
 *
 * ```sql
 * SELECT auction, bidder, price, channel, url, B.date_time, B.extra,
 *   item_name, description, initial_bid, reserve, A.date_time, expires, seller, category, A.extra
 * FROM bid AS B INNER JOIN auction AS A ON B.auction = A.id WHERE A.category = 10
 * ```
 */
export const q20 = query({
  title: 'Bids with their auction, of one category',
  build: (events) => {
    const bids = events
      .filter(isBid)
      .map(bidRow)
      .withSchema(BidRow)
      .keyBy(({ auction }) => auction)
    const auctions = events
      .filter(isAuction)
      .filter(({ category }) => category === 10)
      .map(auctionRow)
      .withSchema(AuctionRow)
      .keyBy(({ id }) => id)
    return bids.connect(auctions).join(BidsOfAuction)
  },
  row: ({ bid, auction }) => [
    bid.auction,
    bid.bidder,
    bid.price,
    bid.channel,
    bid.date_time,
    auction.seller,
    auction.category,
    auction.expires,
  ],
})

interface BidOfAuction {
  bid: BidRow
  auction: AuctionRow
}

class BidsOfAuction extends BaseJoinFunction {
  declare auction: ValueState<AuctionRow | undefined>
  declare bids: ListState<BidRow>

  override open() {
    this.auction = this.ctx.state<AuctionRow | undefined>('auction', () => undefined)
    this.bids = this.ctx.listState<BidRow>('bids')
  }

  left(bid: BidRow): BidOfAuction[] {
    const auction = this.auction.value
    if (auction !== undefined) return [{ bid, auction }]
    this.bids.add(bid)
    return []
  }

  right(auction: AuctionRow): BidOfAuction[] {
    this.auction.value = auction
    const rows = this.bids.get().map((bid) => ({ bid, auction }))
    // An auction comes once: its bids so far have met it.
    this.bids.clear()
    return rows
  }
}
