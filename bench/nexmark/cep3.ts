import { offersByBidder } from './offers.ts'
import { query } from './query.ts'

/** What a price must fall by, in cents. */
const DROP = 50

/**
 * A price of a bidder that drops by more than 50 within 5 s.
 *
 * ```sql
 * SELECT * FROM bid MATCH_RECOGNIZE (
 *   PARTITION BY bidder ORDER BY date_time
 *   MEASURES C.date_time AS dropTime, A.price - C.price AS dropDiff
 *   ONE ROW PER MATCH
 *   AFTER MATCH SKIP PAST LAST ROW
 *   PATTERN (A B* C) WITHIN INTERVAL '5' SECOND
 *   DEFINE B AS B.price > A.price - 50, C AS C.price < A.price - 50)
 * ```
 */
export const cep3 = query({
  title: 'A price that drops within five seconds',
  ordered: true,
  build: (events) =>
    offersByBidder(events)
      .pattern((p) =>
        p
          .begin('high')
          .next('between')
          .where((bid, ctx) => bid.price > ctx.last('high')!.price - DROP)
          .oneOrMore()
          .optional()
          .consecutive()
          .greedy()
          .next('low')
          .where((bid, ctx) => bid.price < ctx.last('high')!.price - DROP)
          .within('5s')
          .skipPastLastEvent(),
      )
      .map(({ high: [high], low: [low] }) => ({
        bidder: low.bidder,
        time: low.date_time,
        drop: high.price - low.price,
      })),
  row: ({ bidder, time, drop }) => [bidder, time, drop],
})
