import { BaseJoinFunction, type ListState, type ValueState } from 'sage-stream'
import { type Auction, type Bid, isAuction, isBid } from './events.ts'
import { query } from './query.ts'

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
    const bids = events.filter(isBid).keyBy(({ auction }) => auction)
    const auctions = events
      .filter(isAuction)
      .filter(({ category }) => category === 10)
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
  bid: Bid
  auction: Auction
}

class BidsOfAuction extends BaseJoinFunction {
  declare auction: ValueState<Auction | undefined>
  declare bids: ListState<Bid>

  override open() {
    this.auction = this.ctx.state<Auction | undefined>('auction', () => undefined)
    this.bids = this.ctx.listState<Bid>('bids')
  }

  left(bid: Bid): BidOfAuction[] {
    const auction = this.auction.value
    if (auction !== undefined) return [{ bid, auction }]
    this.bids.add(bid)
    return []
  }

  right(auction: Auction): BidOfAuction[] {
    this.auction.value = auction
    const rows = this.bids.get().map((bid) => ({ bid, auction }))
    // An auction comes once: its bids so far have met it.
    this.bids.clear()
    return rows
  }
}
