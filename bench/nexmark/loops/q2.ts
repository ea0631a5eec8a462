import type { MakeLoop } from './loop.ts'

/** Bids for some auctions. */
export const loopQ2: MakeLoop = (emit) => ({
  feed: (events) => {
    for (const event of events) {
      if (event.kind !== 'bid' || event.auction % 123 !== 0) continue
      emit({ auction: event.auction, price: event.price })
    }
  },
  end: () => {},
})
