import { type BidCounts, CountBids, countColumns } from './bid-counts.ts'
import { dayOf, dayText, minuteText } from './day.ts'
import { isBid } from './events.ts'
import { query } from './query.ts'

/**
 * Bidding statistics of each channel and day, updated with each bid.
 *
 * ```sql
 * SELECT channel, DATE_FORMAT(date_time, 'yyyy-MM-dd') AS day,
 *   MAX(DATE_FORMAT(date_time, 'HH:mm')) AS minute, (the columns of countColumns)
 * FROM bid GROUP BY channel, DATE_FORMAT(date_time, 'yyyy-MM-dd')
 * ```
 */
export const q16 = query({
  title: 'Bids, bidders and auctions of each channel and day',
  build: (events) =>
    events
      .filter(isBid)
      .map(({ channel, auction, bidder, price, date_time }) => ({
        channel,
        auction,
        bidder,
        price,
        date_time,
      }))
      .keyBy(({ channel, date_time }) => [channel, dayOf(date_time)])
      .map(CountBids<readonly [string, number]>),
  row: (counts: BidCounts<readonly [channel: string, day: number]>) => {
    const [channel, day] = counts.key
    return [channel, dayText(day), minuteText(counts.latest), ...countColumns(counts)]
  },
  rowOf: ({ key: [channel, day] }) => `${channel} ${day}`,
})
