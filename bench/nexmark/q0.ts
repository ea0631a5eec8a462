import { isBid } from './events.ts'
import { query } from './query.ts'

/**
 * Pass-through.
 *
 * ```sql
 * SELECT auction, bidder, price, date_time, extra FROM bid
 * ```
 */
export const q0 = query({
  title: 'Every bid, unchanged',
  build: (events) =>
    events.filter(isBid).map(({ auction, bidder, price, date_time, extra }) => ({
      auction,
      bidder,
      price,
      date_time,
      extra,
    })),
  row: (bid) => [bid.auction, bid.bidder, bid.price, bid.date_time, bid.extra],
})
