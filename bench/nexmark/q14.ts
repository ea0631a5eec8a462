import { type Bid, isBid } from './events.ts'
import { query } from './query.ts'

/**
 * Calculation: a filter on the price in another currency (in thousandths of a cent, see q1), a label, and a user's
 * function. Hours are UTC.
 *
 * ```sql
 * SELECT auction, bidder, 0.908 * price AS price,
 *   CASE WHEN HOUR(date_time) >= 8 AND HOUR(date_time) <= 18 THEN 'dayTime'
 *        WHEN HOUR(date_time) <= 6 OR HOUR(date_time) >= 20 THEN 'nightTime' ELSE 'otherTime' END,
 *   date_time, count_char(extra, 'c')
 * FROM bid WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000
 * ```
 */
export const q14 = query({
  title: 'Bids of a price, with a label and a count',
  build: (events) => events.filter(isBid).map(calculation),
  row: (bid) => [bid.auction, bid.bidder, bid.price, bid.label, bid.date_time, bid.count],
})

const HOUR = 3_600_000

function calculation({ auction, bidder, price: cents, date_time, extra }: Bid) {
  const price = cents * 908
  if (price <= 1_000_000_000 || price >= 50_000_000_000) return null
  const label = labelOf(Math.floor(date_time / HOUR) % 24)
  return { auction, bidder, price, label, date_time, count: countOf(extra, 'c') }
}

function labelOf(hour: number): string {
  if (hour >= 8 && hour <= 18) return 'dayTime'
  return hour <= 6 || hour >= 20 ? 'nightTime' : 'otherTime'
}

function countOf(text: string, letter: string): number {
  let count = 0
  for (let at = text.indexOf(letter); at >= 0; at = text.indexOf(letter, at + 1)) count++
  return count
}
