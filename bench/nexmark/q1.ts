import { isBid } from './events.ts'
import { query } from './query.ts'

/**
 * Currency conversion. A price times 0.908 is kept in thousandths of a cent, which are whole.
 *
 * ```sql
 * SELECT auction, bidder, 0.908 * price AS price, date_time, extra FROM bid
 * ```
 */
export const q1 = query({
  title: 'Every bid in another currency',
  build: (events) =>
    events.filter(isBid).map(({ auction, bidder, price, date_time, extra }) => ({
      auction,
      bidder,
      price: price * 908,
      date_time,
      extra,
    })),
  row: (bid) => [bid.auction, bid.bidder, bid.price, bid.date_time, bid.extra],
})
