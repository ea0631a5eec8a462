import type { Pattern, PatternStart } from 'sage-stream'
import type { Offer } from './offers.ts'

/** Bids that are cheap on the average, and the one with which they no longer are. */
export interface CheapBids {
  cheap: Offer[]
  last: Offer[]
}

const LIMIT = 10_000

const sum = (offers: readonly Offer[]): number =>
  offers.reduce((total, { price }) => total + price, 0)

/** `PATTERN (A+ B) DEFINE A AS AVG(A.price) < 10000`: what SQL says by `PATTERN` is strict and greedy. */
export const cheapBids = (p: PatternStart<Offer>): Pattern<Offer, CheapBids> =>
  p
    .begin('cheap')
    .where((bid, { matched: { cheap } }) => sum(cheap) + bid.price < LIMIT * (cheap.length + 1))
    .oneOrMore()
    .consecutive()
    .greedy()
    .next('last')

/** The measures of a match. Flink's integer average truncates. */
export const averageOf = ({ cheap }: CheapBids) => ({
  bidder: cheap[0].bidder,
  start: cheap[0].date_time,
  end: cheap[cheap.length - 1].date_time,
  average: Math.trunc(sum(cheap) / cheap.length),
})
