import { MapFunction, type ValueState } from 'sage-stream'
import { dayOf, dayText } from './day.ts'
import { isBid } from './events.ts'
import { query } from './query.ts'
import { countRank, type Ranks, rankColumns, rankOf } from './ranks.ts'

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

interface PricesOfAuction extends Prices {
  auction: number
  day: number
}

const noPrices = (): Prices => ({
  total: 0,
  rank1: 0,
  rank2: 0,
  rank3: 0,
  min: Infinity,
  max: 0,
  sum: 0,
})

class PriceStatistics extends MapFunction<Offer, PricesOfAuction> {
  declare prices: ValueState<Prices>

  override open() {
    this.prices = this.ctx.state('prices', noPrices)
  }

  // A literal of the fields is made several times as fast as one of two spreads.
  execute({ auction, day, price }: Offer) {
    const prices = this.prices.value
    const total = ++prices.total
    countRank(prices, rankOf(price))
    if (price < prices.min) prices.min = price
    if (price > prices.max) prices.max = price
    prices.sum += price
    const { rank1, rank2, rank3, min, max, sum } = prices
    return { auction, day, total, rank1, rank2, rank3, min, max, sum }
  }
}
