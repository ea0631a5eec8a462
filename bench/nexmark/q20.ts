import { BaseJoinFunction, type ListState, type ValueState } from 'sage-stream'
import { type Auction, type Bid, isAuction, isBid } from './events.ts'
import { query } from './query.ts'

/** The category that is asked for. */
const CATEGORY = 10

/**
 * Bids with their auction: a join without a time limit. Auctions of other categories take part as well, without being
 * kept: what has been bid for them need not wait for an auction.
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
    const auctions = events.filter(isAuction).keyBy(({ id }) => id)
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
  declare auction: ValueState<Auction | 'other' | undefined>
  /** Bids that came before their auction. */
  declare early: ListState<Bid>

  override open() {
    this.auction = this.ctx.state<Auction | 'other' | undefined>('auction', () => undefined)
    this.early = this.ctx.listState<Bid>('early')
  }

  left(bid: Bid): BidOfAuction[] {
    const auction = this.auction.value
    if (auction === undefined) this.early.add(bid)
    return auction === undefined || auction === 'other' ? [] : [{ bid, auction }]
  }

  right(auction: Auction): BidOfAuction[] {
    const wanted = auction.category === CATEGORY
    this.auction.value = wanted ? auction : 'other'
    const rows = wanted ? this.early.get().map((bid) => ({ bid, auction })) : []
    this.early.clear()
    return rows
  }
}
