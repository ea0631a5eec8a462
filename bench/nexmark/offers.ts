import { type DataStream, type KeyedStream, watermarks } from 'sage-stream'
import { type Event, isBid, timeOf } from './events.ts'

/** What patterns look at of a bid. */
export interface Offer {
  bidder: number
  price: number
  date_time: number
}

/**
 * The bids of each bidder in event time, for patterns.
 *
 * ```sql
 * FROM bid MATCH_RECOGNIZE (PARTITION BY bidder ORDER BY date_time …)
 * ```
 */
export const offersByBidder = (events: DataStream<Event>): KeyedStream<number, Offer> =>
  events
    .assignTimestamps(timeOf, watermarks.boundedOutOfOrderness('4s'))
    .filter(isBid)
    .map(({ bidder, price, date_time }): Offer => ({ bidder, price, date_time }))
    .keyBy(({ bidder }) => bidder)
