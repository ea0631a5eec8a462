import { tumbling } from 'sage-stream'
import { isBid } from './events.ts'
import { query } from './query.ts'

/**
 * Bids of each bidder in windows of processing time, which no timestamps assigned makes them. Which bids fall into a window
 * differs from run to run; together they are all bids.
 *
 * ```sql
 * SELECT bidder, count(*) AS bid_count, window_start AS starttime, window_end AS endtime
 * FROM TABLE(TUMBLE(TABLE B, DESCRIPTOR(p_time), INTERVAL '10' SECOND))
 * GROUP BY bidder, window_start, window_end
 * ```
 */
export const q12 = query({
  title: 'Bids of each bidder in ten seconds of processing time',
  build: (events) =>
    events
      .filter(isBid)
      .map(({ bidder }) => bidder)
      .keyBy((bidder) => bidder)
      .window(tumbling('10s'))
      .count(),
  row: ({ key: bidder, value: bids, start, end }) => [bidder, bids, start, end],
  total: ({ value: bids }) => bids,
})
