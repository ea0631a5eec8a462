import { BaseJoinFunction, type ListState, type ValueState } from 'sage-stream'
import { isAuction, isPerson } from './events.ts'
import { query } from './query.ts'

const STATES: ReadonlySet<string> = new Set(['or', 'id', 'ca'])

/**
 * Local items: an incremental join without a time limit.
 *
 * ```sql
 * SELECT P.name, P.city, P.state, A.id FROM auction AS A INNER JOIN person AS P ON A.seller = P.id
 * WHERE A.category = 10 AND (P.state = 'or' OR P.state = 'id' OR P.state = 'ca')
 * ```
 */
export const q3 = query({
  title: 'Who sells in three states',
  build: (events) => {
    const sellers = events
      .filter(isPerson)
      .filter(({ state }) => STATES.has(state))
      .map(({ id, name, city, state }): Seller => ({ id, name, city, state }))
      .keyBy(({ id }) => id)
    const offers = events
      .filter(isAuction)
      .filter(({ category }) => category === 10)
      .map(({ id, seller }): Offer => ({ id, seller }))
      .keyBy(({ seller }) => seller)
    return sellers.connect(offers).join(SellerOfOffers)
  },
  row: (offer) => [offer.name, offer.city, offer.state, offer.auction],
})

interface Seller {
  id: number
  name: string
  city: string
  state: string
}

interface Offer {
  id: number
  seller: number
}

/** Keeps the seller, and what he offered before he was known. */
class SellerOfOffers extends BaseJoinFunction {
  declare seller: ValueState<Seller | undefined>
  declare early: ListState<Offer>

  override open() {
    this.seller = this.ctx.state<Seller | undefined>('seller', () => undefined)
    this.early = this.ctx.listState<Offer>('early')
  }

  left(seller: Seller) {
    this.seller.value = seller
    const offers = this.early.get().map((offer) => offerOf(seller, offer))
    this.early.clear()
    return offers
  }

  right(offer: Offer) {
    const seller = this.seller.value
    if (seller !== undefined) return [offerOf(seller, offer)]
    this.early.add(offer)
    return []
  }
}

const offerOf = ({ name, city, state }: Seller, { id }: Offer) => ({
  name,
  city,
  state,
  auction: id,
})
