import { type Bid, isBid } from './events.ts'
import { query } from './query.ts'

const CHANNELS: ReadonlyMap<string, string> = new Map([
  ['apple', '0'],
  ['google', '1'],
  ['facebook', '2'],
  ['baidu', '3'],
])

/**
 * The id of a bid's channel: by its name, else from the URL. Bids without one are left out.
 *
 * ```sql
 * SELECT auction, bidder, price, channel, CASE
 *   WHEN LOWER(channel) = 'apple' THEN '0' WHEN LOWER(channel) = 'google' THEN '1'
 *   WHEN LOWER(channel) = 'facebook' THEN '2' WHEN LOWER(channel) = 'baidu' THEN '3'
 *   ELSE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) END AS channel_id
 * FROM bid WHERE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) IS NOT NULL
 *   OR LOWER(channel) IN ('apple', 'google', 'facebook', 'baidu')
 * ```
 */
export const q21 = query({
  title: 'The channel id of each bid',
  build: (events) => events.filter(isBid).map(withChannelId),
  row: (bid) => [bid.auction, bid.bidder, bid.price, bid.channel, bid.channel_id],
})

function withChannelId({ auction, bidder, price, channel, url }: Bid) {
  const channel_id =
    CHANNELS.get(channel.toLowerCase()) ?? /(?:&|^)channel_id=([^&]*)/.exec(url)?.[1]
  return channel_id === undefined ? null : { auction, bidder, price, channel, channel_id }
}
