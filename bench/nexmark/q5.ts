import {
  type DataStream,
  type Duration,
  sliding,
  tumbling,
  type WindowAggregate,
  watermarks,
} from 'sage-stream'
import { type Bid, isBid, timeOf } from './events.ts'
import { query } from './query.ts'

/**
 * Hot items: the auctions with the most bids in each window of the last ten seconds, all of them where several have as many.
 *
 * ```sql
 * SELECT AuctionBids.auction, AuctionBids.num FROM (
 *   SELECT auction, count(*) AS num, window_start AS starttime, window_end AS endtime
 *   FROM TABLE(HOP(TABLE bid, DESCRIPTOR(date_time), INTERVAL '2' SECOND, INTERVAL '10' SECOND))
 *   GROUP BY auction, window_start, window_end
 * ) AS AuctionBids JOIN (
 *   SELECT max(CountBids.num) AS maxn, CountBids.starttime, CountBids.endtime FROM (
 *     SELECT count(*) AS num, window_start AS starttime, window_end AS endtime
 *     FROM TABLE(HOP(TABLE bid, DESCRIPTOR(date_time), INTERVAL '2' SECOND, INTERVAL '10' SECOND))
 *     GROUP BY auction, window_start, window_end
 *   ) AS CountBids GROUP BY CountBids.starttime, CountBids.endtime
 * ) AS MaxBids
 * ON AuctionBids.starttime = MaxBids.starttime AND AuctionBids.endtime = MaxBids.endtime AND AuctionBids.num >= MaxBids.maxn
 * ```
 */
export const q5 = query({
  title: 'The auctions with the most bids of the last ten seconds',
  build: (events) =>
    events
      .assignTimestamps(timeOf, watermarks.boundedOutOfOrderness('4s'))
      .filter(isBid)
      .pipe((bids) => hotItems(bids, '10s', '2s')),
  row: ({ start, auction, bids }) => [start, auction, bids],
})

/** The auctions with the most bids in each window. */
export const hotItems = (
  bids: DataStream<Pick<Bid, 'auction'>>,
  size: Duration,
  slide: Duration,
): DataStream<AuctionBids> =>
  bids
    .keyBy(({ auction }) => auction)
    .window(sliding(size, slide))
    .count()
    .map(({ key: auction, start, value: bids }): AuctionBids => ({ start, auction, bids }))
    .keyBy(({ start }) => start)
    // What a window gives has its last millisecond as timestamp.
    .window(tumbling(slide))
    .aggregate(mostBids)
    .flatMap(({ key: start, value: { auctions, bids } }) =>
      auctions.map((auction): AuctionBids => ({ start, auction, bids })),
    )

/** How many bids an auction has had in a window. */
export interface AuctionBids {
  start: number
  auction: number
  bids: number
}

interface MostBids {
  auctions: number[]
  bids: number
}

/** The auctions with the most bids. */
const mostBids: WindowAggregate<AuctionBids, MostBids> = {
  create: () => ({ auctions: [], bids: 0 }),
  add: (most, { auction, bids }) => atLeast(most, bids, [auction]),
  merge: (a, b) => atLeast(a, b.bids, b.auctions),
}

function atLeast(most: MostBids, bids: number, auctions: readonly number[]): MostBids {
  if (bids > most.bids) return { auctions: [...auctions], bids }
  if (bids === most.bids) most.auctions.push(...auctions)
  return most
}
