import { MapFunction, type ValueState } from 'sage-stream'
import { dayOf, dayText } from './day.ts'
import { isBid } from './events.ts'
import { query } from './query.ts'
import { countRank, noRanks, type Ranks, rankColumns, rankOf } from './ranks.ts'

/**
 * Statistics of each auction and day, updated with each bid. Flink's integer average truncates.
 *
 * ```sql
 * SELECT auction, DATE_FORMAT(date_time, 'yyyy-MM-dd') AS day, COUNT(*) AS total_bids,
 *   COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids,
 *   COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids,
 *   COUNT(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
 *   MIN(price), MAX(price), AVG(price), SUM(price)
 * FROM bid GROUP BY auction, DATE_FORMAT(date_time, 'yyyy-MM-dd')
 * ```
 */
export const q17 = query({
  title: 'Statistics of each auction and day',
  build: (events) =>
    events
      .filter(isBid)
      .map(({ auction, price, date_time }): Offer => ({ auction, price, day: dayOf(date_time) }))
      .keyBy(({ auction, day }) => [auction, day])
      .map(PriceStatistics),
  row: (prices) => [
    prices.auction,
    dayText(prices.day),
    ...rankColumns(prices),
    prices.min,
    prices.max,
    Math.trunc(prices.sum / prices.total),
    prices.sum,
  ],
  rowOf: ({ auction, day }) => `${auction} ${day}`,
})

interface Offer {
  auction: number
  day: number
  price: number
}

interface Prices extends Ranks {
  min: number
  max: number
  sum: number
}

class PriceStatistics extends MapFunction<Offer, Offer & Prices> {
  declare prices: ValueState<Prices>

  override open() {
    this.prices = this.ctx.state('prices', () => ({ ...noRanks(), min: Infinity, max: 0, sum: 0 }))
  }

  execute(offer: Offer) {
    const { price } = offer
    const prices = this.prices.value
    prices.total++
    countRank(prices, rankOf(price))
    if (price < prices.min) prices.min = price
    if (price > prices.max) prices.max = price
    prices.sum += price
    return { ...offer, ...prices }
  }
}
