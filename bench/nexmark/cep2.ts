import { averageOf, cheapBids } from './cheap-bids.ts'
import { offersByBidder } from './offers.ts'
import { query } from './query.ts'

/**
 * Bids of a bidder as long as their average is below a limit, from each bid on.
 *
 * ```sql
 * SELECT * FROM bid MATCH_RECOGNIZE (
 *   PARTITION BY bidder ORDER BY date_time
 *   MEASURES FIRST(A.date_time) AS start_tstamp, LAST(A.date_time) AS end_tstamp, AVG(A.price) AS avgPrice
 *   ONE ROW PER MATCH
 *   AFTER MATCH SKIP TO NEXT ROW
 *   PATTERN (A+ B)
 *   DEFINE A AS AVG(A.price) < 10000)
 * ```
 */
export const cep2 = query({
  title: 'Cheap bids in a row, from each on',
  ordered: true,
  build: (events) =>
    offersByBidder(events)
      .pattern((p) => cheapBids(p).skipToNext())
      .map(averageOf),
  row: ({ bidder, start, end, average }) => [bidder, start, end, average],
})
