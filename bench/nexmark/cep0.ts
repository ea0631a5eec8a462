import { offersByBidder } from './offers.ts'
import { query } from './query.ts'

/**
 * V shapes: prices of a bidder that fall, and then rise above the last price but one.
 *
 * ```sql
 * SELECT * FROM bid MATCH_RECOGNIZE (
 *   PARTITION BY bidder ORDER BY date_time
 *   MEASURES START_ROW.date_time AS start_tstamp, LAST(PRICE_DOWN.date_time) AS bottom_tstamp,
 *     LAST(PRICE_UP.date_time) AS end_tstamp
 *   ONE ROW PER MATCH
 *   AFTER MATCH SKIP TO LAST PRICE_UP
 *   PATTERN (START_ROW PRICE_DOWN+ PRICE_UP)
 *   DEFINE
 *     PRICE_DOWN AS (LAST(PRICE_DOWN.price, 1) IS NULL AND PRICE_DOWN.price < START_ROW.price)
 *       OR PRICE_DOWN.price < LAST(PRICE_DOWN.price, 1),
 *     PRICE_UP AS PRICE_UP.price > LAST(PRICE_DOWN.price, 1))
 * ```
 */
export const cep0 = query({
  title: 'Prices of a bidder that fall and rise',
  ordered: true,
  build: (events) =>
    offersByBidder(events)
      .pattern((p) =>
        p
          .begin('start')
          .next('down')
          .where((bid, ctx) => bid.price < (ctx.last('down') ?? ctx.last('start'))!.price)
          .oneOrMore()
          .consecutive()
          .greedy()
          .next('up')
          // While `up` is looked for, `LAST(…, 1)` is the last but one. Of a single one it is NULL, above which nothing is.
          .where((bid, { matched: { down } }) => bid.price > (down.at(-2)?.price ?? Infinity))
          .skipToLast('up'),
      )
      .map(({ start: [start], down, up: [up] }) => ({
        bidder: start.bidder,
        start: start.date_time,
        bottom: down[down.length - 1].date_time,
        end: up.date_time,
      })),
  row: ({ bidder, start, bottom, end }) => [bidder, start, bottom, end],
})
