import { BaseJoinFunction, type ListState, type ValueState } from 'sage-stream'
import { isAuction, isBid, isPerson } from './events.ts'
import { query } from './query.ts'

/**
 * Bids of persons who sell: a join of three streams, without a time limit, in two steps.
 *
 * ```sql
 * SELECT B.bidder, B.price, P.id, A.id
 * FROM bid AS B JOIN person AS P ON B.bidder = P.id JOIN auction AS A ON A.seller = B.bidder
 * ```
 */
export const q23 = query({
  title: 'Bids of those who sell',
  build: (events) => {
    const persons = events
      .filter(isPerson)
      .map(({ id }): Seller => ({ id }))
      .keyBy(({ id }) => id)
    const auctions = events
      .filter(isAuction)
      .map(({ id, seller }): Offer => ({ id, seller }))
      .keyBy(({ seller }) => seller)
    const bids = events
      .filter(isBid)
      .map(({ bidder, price }): Bidding => ({ bidder, price }))
      .keyBy(({ bidder }) => bidder)
    const sold = persons
      .connect(auctions)
      .join(OffersOfPerson)
      .keyBy(({ seller }) => seller)
    return bids.connect(sold).join(BidsOfSeller)
  },
  row: (bid) => [bid.bidder, bid.price, bid.bidder, bid.auction],
})

interface Seller {
  id: number
}

interface Offer {
  id: number
  seller: number
}

interface Bidding {
  bidder: number
  price: number
}

/** The auctions of sellers who are known as persons. */
class OffersOfPerson extends BaseJoinFunction {
  declare known: ValueState<boolean>
  declare early: ListState<Offer>

  override open() {
    this.known = this.ctx.state('known', () => false)
    this.early = this.ctx.listState<Offer>('early')
  }

  left(_: Seller): Offer[] {
    this.known.value = true
    const offers = [...this.early]
    this.early.clear()
    return offers
  }

  right(offer: Offer): Offer[] {
    if (this.known.value) return [offer]
    this.early.add(offer)
    return []
  }
}

/** Each bid with each auction of its bidder: both sides are kept for ever. */
class BidsOfSeller extends BaseJoinFunction {
  declare prices: ListState<number>
  declare auctions: ListState<number>

  override open() {
    this.prices = this.ctx.listState<number>('prices')
    this.auctions = this.ctx.listState<number>('auctions')
  }

  left({ bidder, price }: Bidding) {
    this.prices.add(price)
    return this.auctions.get().map((auction) => ({ bidder, price, auction }))
  }

  right({ id: auction, seller: bidder }: Offer) {
    this.auctions.add(auction)
    return this.prices.get().map((price) => ({ bidder, price, auction }))
  }
}
