import { isBid } from './events.ts'
import { query } from './query.ts'

/**
 * Selection.
 *
 * ```sql
 * SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0
 * ```
 */
export const q2 = query({
  title: 'Bids for some auctions',
  build: (events) =>
    events
      .filter(isBid)
      .filter((bid) => bid.auction % 123 === 0)
      .map(({ auction, price }) => ({ auction, price })),
  row: (bid) => [bid.auction, bid.price],
})
