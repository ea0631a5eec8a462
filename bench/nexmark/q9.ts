import { query } from './query.ts'
import { winningBids } from './winning-bids.ts'

/**
 * Winning bids.
 *
 * ```sql
 * SELECT id, auction, bidder, price, bid_date_time FROM (
 *   SELECT A.id, B.auction, B.bidder, B.price, B.date_time AS bid_date_time,
 *     ROW_NUMBER() OVER (PARTITION BY A.id ORDER BY B.price DESC, B.date_time ASC) AS rownum
 *   FROM auction A, bid B WHERE A.id = B.auction AND B.date_time BETWEEN A.date_time AND A.expires
 * ) WHERE rownum <= 1
 * ```
 */
export const q9 = query({
  title: 'The winning bid of each auction',
  build: winningBids,
  row: (bid) => [bid.auction, bid.auction, bid.bidder, bid.price, bid.date_time],
})
