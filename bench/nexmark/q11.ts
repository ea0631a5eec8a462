import { session, watermarks } from 'sage-stream'
import { isBid, timeOf } from './events.ts'
import { query } from './query.ts'

/**
 * User sessions: how many bids someone made until he made none for ten seconds.
 *
 * ```sql
 * SELECT bidder, count(*) AS bid_count,
 *   SESSION_START(date_time, INTERVAL '10' SECOND) AS starttime, SESSION_END(date_time, INTERVAL '10' SECOND) AS endtime
 * FROM bid GROUP BY bidder, SESSION(date_time, INTERVAL '10' SECOND)
 * ```
 */
export const q11 = query({
  title: 'Bids of each bidder and session',
  build: (events) =>
    events
      .assignTimestamps(timeOf, watermarks.boundedOutOfOrderness('4s'))
      .filter(isBid)
      .map(({ bidder }) => bidder)
      .keyBy((bidder) => bidder)
      .window(session('10s'))
      .count(),
  row: ({ key: bidder, value: bids, start, end }) => [bidder, bids, start, end],
})
