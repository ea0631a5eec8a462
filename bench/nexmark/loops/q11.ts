import { LATE_MS, type MakeLoop } from './loop.ts'

const GAP = 10_000
/** How often sessions that have ended are looked for, in ms of event time. */
const EVERY = 1_000

interface Session {
  value: number
  start: number
  end: number
}

/** The open session of each bidder. Bids of one bidder come in order. */
export const loopQ11: MakeLoop = (emit) => {
  const sessions = new Map<number, Session>()
  let latest = 0
  let looked = 0

  const tellUpTo = (watermark: number) => {
    for (const [key, session] of sessions) {
      if (session.end > watermark) continue
      emit({ key, ...session })
      sessions.delete(key)
    }
    looked = watermark
  }

  return {
    feed: (events) => {
      for (const event of events) {
        const time = event.date_time
        if (time > latest) {
          latest = time
          if (latest - LATE_MS >= looked + EVERY) tellUpTo(latest - LATE_MS)
        }
        if (event.kind !== 'bid') continue
        const session = sessions.get(event.bidder)
        if (session !== undefined && time <= session.end) {
          session.value++
          session.end = Math.max(session.end, time + GAP)
          continue
        }
        if (session !== undefined) emit({ key: event.bidder, ...session })
        sessions.set(event.bidder, { value: 1, start: time, end: time + GAP })
      }
    },
    end: () => tellUpTo(Infinity),
  }
}
