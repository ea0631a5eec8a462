import { type InferSchema, schema } from 'sage-stream'
import type { Auction, Bid } from './events.ts'

/*
 * Events as rows of tables, for queries that need all of their columns on another thread: records of a schema are
 * written there without asking each what it is made of.
 */

/** A bid as a row of a table of bids. */
export const BidRow = schema('Bid', {
  auction: 'int64',
  bidder: 'int64',
  price: 'int64',
  channel: 'string',
  url: 'string',
  date_time: 'int64',
  extra: 'string',
})

export type BidRow = InferSchema<typeof BidRow>

export const bidRow = ({
  auction,
  bidder,
  price,
  channel,
  url,
  date_time,
  extra,
}: Bid): BidRow => ({
  auction,
  bidder,
  price,
  channel,
  url,
  date_time,
  extra,
})

/** An auction as a row of a table of auctions. */
export const AuctionRow = schema('Auction', {
  id: 'int64',
  item_name: 'string',
  description: 'string',
  initial_bid: 'int64',
  reserve: 'int64',
  date_time: 'int64',
  expires: 'int64',
  seller: 'int64',
  category: 'int64',
  extra: 'string',
})

export type AuctionRow = InferSchema<typeof AuctionRow>

export const auctionRow = ({ kind: _, ...auction }: Auction): AuctionRow => auction
