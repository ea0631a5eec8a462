import { MapFunction } from 'sage-stream'
import { query } from './query.ts'
import { type WinningBid, winningBids } from './winning-bids.ts'

/**
 * The average of the winning prices in each category, as auctions close. Flink's integer average truncates.
 *
 * ```sql
 * SELECT Q.category, AVG(Q.final) FROM (
 *   SELECT MAX(B.price) AS final, A.category FROM auction A, bid B
 *   WHERE A.id = B.auction AND B.date_time BETWEEN A.date_time AND A.expires GROUP BY A.id, A.category
 * ) Q GROUP BY Q.category
 * ```
 */
export const q4 = query({
  title: 'Average winning price of each category',
  build: (events) =>
    winningBids(events)
      .map(({ category, price }) => ({ category, price }))
      .keyBy(({ category }) => category)
      .map(AveragePrice),
  row: ({ category, average }) => [category, average],
  rowOf: ({ category }) => category,
})

type Closing = Pick<WinningBid, 'category' | 'price'>

class AveragePrice extends MapFunction<Closing, { category: number; average: number }> {
  execute({ category, price }: Closing) {
    const total = this.ctx.state('total', () => ({ sum: 0, count: 0 })).value
    total.sum += price
    total.count++
    return { category, average: Math.trunc(total.sum / total.count) }
  }
}
