import { type InferSchema, schema } from 'sage-stream'
import type { Bid } from './events.ts'

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
