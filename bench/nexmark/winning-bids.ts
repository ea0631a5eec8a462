import {
  type Collector,
  type DataStream,
  type ListState,
  ProcessFunction,
  type RuntimeContext,
  type ValueState,
  watermarks,
} from 'sage-stream'
import { type Event, isAuction, isBid, timeOf } from './events.ts'

/** The bid that an auction was won with. */
export interface WinningBid {
  auction: number
  category: number
  bidder: number
  price: number
  date_time: number
}

/**
 * The winning bid of each auction that has one: the highest within its time, of equal ones the earliest. Told once,
 * when no bid for it can follow.
 *
 * ```sql
 * SELECT A.id, A.category, B.* FROM (
 *   SELECT A.id, A.category, B.*,
 *     ROW_NUMBER() OVER (PARTITION BY A.id ORDER BY B.price DESC, B.date_time ASC) AS rownum
 *   FROM auction A, bid B WHERE A.id = B.auction AND B.date_time BETWEEN A.date_time AND A.expires
 * ) WHERE rownum <= 1
 * ```
 */
export function winningBids(events: DataStream<Event>): DataStream<WinningBid> {
  const timed = events.assignTimestamps(timeOf, watermarks.boundedOutOfOrderness('4s'))
  const auctions = timed
    .filter(isAuction)
    .map(({ id, category, date_time, expires }): Opening => ({ id, category, date_time, expires }))
    .keyBy(({ id }) => id)
  const bids = timed
    .filter(isBid)
    .map(({ auction, bidder, price, date_time }): Offer => ({ auction, bidder, price, date_time }))
    .keyBy(({ auction }) => auction)
  return auctions.union(bids).process(Winner)
}

interface Opening {
  id: number
  category: number
  date_time: number
  expires: number
}

interface Offer {
  auction: number
  bidder: number
  price: number
  date_time: number
}

/**
 * A bid may come before its auction: it waits as long as its auction can still come. A bid that comes after its auction
 * has been told waits as well, and goes the same way.
 */
class Winner extends ProcessFunction<Opening | Offer, WinningBid> {
  declare opening: ValueState<Opening | undefined>
  declare best: ValueState<Offer | undefined>
  declare waiting: ListState<Offer>

  override open() {
    this.opening = this.ctx.state<Opening | undefined>('opening', () => undefined)
    this.best = this.ctx.state<Offer | undefined>('best', () => undefined)
    this.waiting = this.ctx.listState<Offer>('waiting')
  }

  process(value: Opening | Offer, { timers }: RuntimeContext) {
    if ('expires' in value) {
      this.opening.value = value
      for (const offer of this.waiting) this.#offer(offer, value)
      this.waiting.clear()
      timers.registerEventTime(value.expires + 1)
      return
    }
    const opening = this.opening.value
    if (opening !== undefined) return this.#offer(value, opening)
    this.waiting.add(value)
    timers.registerEventTime(value.date_time + 1)
  }

  override onTimer(time: number, _: RuntimeContext, out: Collector<WinningBid>) {
    const opening = this.opening.value
    if (opening === undefined) {
      this.waiting.update(this.waiting.get().filter(({ date_time }) => date_time >= time))
    } else if (time > opening.expires) {
      const best = this.best.value
      if (best !== undefined) out.collect({ ...best, category: opening.category })
      this.opening.clear()
      this.best.clear()
    }
  }

  #offer(offer: Offer, { date_time, expires }: Opening) {
    if (offer.date_time < date_time || offer.date_time > expires) return
    const best = this.best.value
    if (best === undefined || beats(offer, best)) this.best.value = offer
  }
}

const beats = (a: Offer, b: Offer): boolean =>
  a.price > b.price || (a.price === b.price && a.date_time < b.date_time)
