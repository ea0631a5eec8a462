import { defineJob, watermarks } from 'sage-stream'
import { hotItems } from './q5.ts'

/** A bid as the load makes it: in order of time. */
export interface TimedBid {
  readonly auction: number
  readonly date_time: number
}

/** The hottest auctions of the last ten seconds, every 20 ms: q5 with another slide. */
export const hotItemsSoon = defineJob(import.meta.url, 'hot items every 20 ms', (env) => {
  const bids = env.createStream<TimedBid>('bids', { capacity: 8_192 })
  const timed = bids.assignTimestamps(({ date_time }) => date_time, watermarks.monotonic())
  return { bids, hot: hotItems(timed, '10s', '20ms').output('hot') }
})
