import { tumbling, type WindowAggregate, watermarks } from 'sage-stream'
import { isBid } from './events.ts'
import { query } from './query.ts'

/** The windows, in ms. */
const SIZE = 10_000

/**
 * The bids with the highest price of each ten seconds. The time is compared inclusively: a bid of that price at the very
 * end of a window, which belongs to the next one, is a row as well.
 *
 * ```sql
 * SELECT B.auction, B.price, B.bidder, B.date_time, B.extra FROM bid B JOIN (
 *   SELECT MAX(price) AS maxprice, window_end AS date_time
 *   FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(date_time), INTERVAL '10' SECOND)) GROUP BY window_start, window_end
 * ) B1 ON B.price = B1.maxprice
 * WHERE B.date_time BETWEEN B1.date_time - INTERVAL '10' SECOND AND B1.date_time
 * ```
 */
export const q7 = query({
  title: 'The highest bids of each ten seconds',
  build: (events) =>
    events
      .filter(isBid)
      .process<Offer>(({ auction, price, bidder, date_time }, _, out) => {
        const offer = { auction, price, bidder, date_time, within: date_time }
        out.collect(offer)
        if (date_time % SIZE === 0) out.collect({ ...offer, within: date_time - 1 })
      })
      .assignTimestamps(({ within }) => within, watermarks.boundedOutOfOrderness('4s'))
      // One result for all: each subtask finds the highest of its own, which are then compared.
      .keyBy(() => 0)
      .window(tumbling(SIZE))
      .aggregate(highest)
      .flatMap(({ value: { price, inside, atEnd } }) => [
        ...inside,
        ...atEnd.filter((offer) => offer.price === price),
      ]),
  row: ({ auction, price, bidder, date_time }) => [auction, price, bidder, date_time],
})

interface Offer {
  auction: number
  price: number
  bidder: number
  date_time: number
  /** A time in the window that it is compared in. */
  within: number
}

interface Highest {
  /** The highest of the window. */
  price: number
  inside: Offer[]
  /** Those at the very end of the window, which are of the next one. */
  atEnd: Offer[]
}

const highest: WindowAggregate<Offer, Highest> = {
  create: () => ({ price: 0, inside: [], atEnd: [] }),
  add: (found, offer) => {
    if (offer.within !== offer.date_time) {
      found.atEnd.push(offer)
    } else if (offer.price >= found.price) {
      if (offer.price > found.price) found.inside = []
      found.price = offer.price
      found.inside.push(offer)
    }
    return found
  },
  merge: (a, b) => {
    if (b.price >= a.price) {
      if (b.price > a.price) a.inside = []
      a.price = b.price
      a.inside.push(...b.inside)
    }
    a.atEnd.push(...b.atEnd)
    return a
  },
}
