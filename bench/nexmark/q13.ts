import { MapFunction } from 'sage-stream'
import { type Bid, isBid } from './events.ts'
import { query } from './query.ts'

/** Keys of the side table. */
const KEYS = 10_000

/**
 * Bids with a value from a bounded side table. Each subtask loads the table before its first bid.
 *
 * ```sql
 * SELECT B.auction, B.bidder, B.price, B.date_time, S.value
 * FROM bid B JOIN side_input FOR SYSTEM_TIME AS OF B.p_time AS S ON MOD(B.auction, 10000) = S.key
 * ```
 */
export const q13 = query({
  title: 'Bids with a side table',
  build: (events) => events.filter(isBid).map(WithSideTable),
  row: (bid) => [bid.auction, bid.bidder, bid.price, bid.date_time, bid.value],
  total: () => 1,
})

class WithSideTable extends MapFunction<Bid> {
  readonly #table = new Map<number, string>()

  override open() {
    for (let key = 0; key < KEYS; key++) this.#table.set(key, `${key}`)
  }

  execute({ auction, bidder, price, date_time }: Bid) {
    const value = this.#table.get(auction % KEYS)
    return value === undefined ? null : { auction, bidder, price, date_time, value }
  }
}
