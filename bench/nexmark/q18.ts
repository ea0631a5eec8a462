import { isBid } from './events.ts'
import { query } from './query.ts'

/**
 * The last bid of each bidder for each auction, updated with each later one. Many are of the same millisecond: of these
 * any is the last, and only times are compared.
 *
 * ```sql
 * SELECT auction, bidder, price, channel, url, date_time, extra FROM (
 *   SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY date_time DESC) AS rank_number FROM bid
 * ) WHERE rank_number <= 1
 * ```
 */
export const q18 = query({
  title: 'The last bid of each bidder for each auction',
  build: (events) =>
    events
      .filter(isBid)
      .keyBy(({ bidder, auction }) => [bidder, auction])
      .reduce((last, bid) => (bid.date_time >= last.date_time ? bid : last)),
  row: (bid) => [bid.bidder, bid.auction, bid.date_time],
  rowOf: ({ bidder, auction }) => `${bidder} ${auction}`,
})
