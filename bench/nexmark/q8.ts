import { tumbling, type WindowAggregate, watermarks } from 'sage-stream'
import { isAuction, isPerson, timeOf } from './events.ts'
import { query } from './query.ts'

/**
 * New users: persons who opened an auction within the ten seconds in which they registered.
 *
 * ```sql
 * SELECT P.id, P.name, P.starttime FROM (
 *   SELECT id, name, window_start AS starttime, window_end AS endtime
 *   FROM TABLE(TUMBLE(TABLE person, DESCRIPTOR(date_time), INTERVAL '10' SECOND))
 *   GROUP BY id, name, window_start, window_end
 * ) P JOIN (
 *   SELECT seller, window_start AS starttime, window_end AS endtime
 *   FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(date_time), INTERVAL '10' SECOND))
 *   GROUP BY seller, window_start, window_end
 * ) A ON P.id = A.seller AND P.starttime = A.starttime AND P.endtime = A.endtime
 * ```
 */
export const q8 = query({
  title: 'Who sold within ten seconds of registering',
  build: (events) => {
    const timed = events.assignTimestamps(timeOf, watermarks.boundedOutOfOrderness('4s'))
    const persons = timed
      .filter(isPerson)
      .map(({ id, name }): Registered => ({ id, name }))
      .keyBy(({ id }) => id)
    const sellers = timed
      .filter(isAuction)
      .map(({ seller }): Sold => ({ seller }))
      .keyBy(({ seller }) => seller)
    return persons
      .union(sellers)
      .window(tumbling('10s'))
      .aggregate(registeredAndSold)
      .map(({ key: id, start, value: name }) => ({ id, name, start }))
  },
  row: ({ id, name, start }) => [id, name, start],
})

interface Registered {
  id: number
  name: string
}

interface Sold {
  seller: number
}

interface Both {
  name: string | null
  sold: boolean
}

/** The name of someone who did both; for others there is no result. */
const registeredAndSold: WindowAggregate<Registered | Sold, Both, string | null> = {
  create: () => ({ name: null, sold: false }),
  add: (both, value) => {
    if ('seller' in value) both.sold = true
    else both.name = value.name
    return both
  },
  merge: (a, b) => ({ name: a.name ?? b.name, sold: a.sold || b.sold }),
  result: ({ name, sold }) => (sold ? name : null),
}
