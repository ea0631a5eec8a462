import { type Bid, isBid } from './events.ts'
import { query } from './query.ts'

/**
 * The directories of a bid's URL.
 *
 * ```sql
 * SELECT auction, bidder, price, channel,
 *   SPLIT_INDEX(url, '/', 3) AS dir1, SPLIT_INDEX(url, '/', 4) AS dir2, SPLIT_INDEX(url, '/', 5) AS dir3
 * FROM bid
 * ```
 */
export const q22 = query({
  title: 'The directories of the URL of each bid',
  build: (events) => events.filter(isBid).map(withDirectories),
  row: (bid) => [bid.auction, bid.bidder, bid.price, bid.channel, bid.dir1, bid.dir2, bid.dir3],
})

function withDirectories({ auction, bidder, price, channel, url }: Bid) {
  const [, , , dir1 = '', dir2 = '', dir3 = ''] = url.split('/', 6)
  return { auction, bidder, price, channel, dir1, dir2, dir3 }
}
