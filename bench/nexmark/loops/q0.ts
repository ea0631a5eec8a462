import type { MakeLoop } from './loop.ts'

/** Every bid, unchanged. */
export const loopQ0: MakeLoop = (emit) => ({
  feed: (events) => {
    for (const event of events) {
      if (event.kind !== 'bid') continue
      const { auction, bidder, price, date_time, extra } = event
      emit({ auction, bidder, price, date_time, extra })
    }
  },
  end: () => {},
})
