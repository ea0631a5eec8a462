import type { Bid } from '../events.ts'
import type { MakeLoop } from './loop.ts'

/** The last bid, by bidder and auction. */
export const loopQ18: MakeLoop = (emit) => {
  const bidders = new Map<number, Map<number, Bid>>()
  return {
    feed: (events) => {
      for (const event of events) {
        if (event.kind !== 'bid') continue
        let auctions = bidders.get(event.bidder)
        if (auctions === undefined) bidders.set(event.bidder, (auctions = new Map()))
        const last = auctions.get(event.auction)
        if (last !== undefined && last.date_time > event.date_time) {
          emit(last)
          continue
        }
        auctions.set(event.auction, event)
        emit(event)
      }
    },
    end: () => {},
  }
}
