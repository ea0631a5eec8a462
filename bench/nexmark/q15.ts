import { type BidCounts, CountBids, countColumns } from './bid-counts.ts'
import { dayOf, dayText } from './day.ts'
import { isBid } from './events.ts'
import { query } from './query.ts'

/**
 * Bidding statistics of each day, updated with each bid.
 *
 * ```sql
 * SELECT DATE_FORMAT(date_time, 'yyyy-MM-dd') AS day, (the columns of countColumns)
 * FROM bid GROUP BY DATE_FORMAT(date_time, 'yyyy-MM-dd')
 * ```
 */
export const q15 = query({
  title: 'Bids, bidders and auctions of each day',
  build: (events) =>
    events
      .filter(isBid)
      .map(({ auction, bidder, price, date_time }) => ({ auction, bidder, price, date_time }))
      .keyBy(({ date_time }) => dayOf(date_time))
      .map(CountBids<number>),
  row: (counts: BidCounts<number>) => [dayText(counts.key), ...countColumns(counts)],
  rowOf: ({ key }) => key,
})
