import { LATE_MS, type MakeLoop } from './loop.ts'

const SLIDE = 2_000
const SLICES = 5

/** Bids are counted once, in slices of two seconds; a window is the sum of five. Slices are numbered from the epoch. */
export const loopQ5: MakeLoop = (emit) => {
  const slices = new Map<number, Map<number, number>>()
  let latest = 0
  /** The slice behind the next window. */
  let next = Number.NaN

  const count = (slice: number, auction: number) => {
    let counts = slices.get(slice)
    if (counts === undefined) slices.set(slice, (counts = new Map()))
    counts.set(auction, (counts.get(auction) ?? 0) + 1)
  }

  const tell = (end: number) => {
    const sums = new Map<number, number>()
    let most = 0
    for (let slice = end - SLICES; slice < end; slice++) {
      for (const [auction, bids] of slices.get(slice) ?? []) {
        const sum = (sums.get(auction) ?? 0) + bids
        sums.set(auction, sum)
        if (sum > most) most = sum
      }
    }
    const start = (end - SLICES) * SLIDE
    for (const [auction, bids] of sums) if (bids === most) emit({ start, auction, bids })
    slices.delete(end - SLICES)
  }

  return {
    feed: (events) => {
      for (const event of events) {
        if (event.date_time > latest) {
          latest = event.date_time
          const end = Math.floor((latest - LATE_MS) / SLIDE)
          while (next <= end) tell(next++)
        }
        if (event.kind !== 'bid') continue
        const slice = Math.floor(event.date_time / SLIDE)
        // The first bid of all: none that follows is more than two slices older.
        if (Number.isNaN(next)) next = slice - 1
        if (slice >= next - SLICES) count(slice, event.auction)
      }
    },
    end: () => {
      const last = Math.floor(latest / SLIDE) + SLICES
      while (next <= last) tell(next++)
    },
  }
}
