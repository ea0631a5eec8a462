/**
 * Two streams of different records that meet.
 *
 * ```
 *   [sales] ──┐
 *             ├──> [coMap ─ sum] ──> output        one function per stream: the subject
 *   [refunds]─┘
 *   … ──> [union ─ map ─ sum]                      one function that tells the records apart
 *   … ──> [process ─ sum]                          a call per micro-batch
 *   … ──> [window ─ sum]                           all records of a second, of both streams
 *   … keyBy ──> [window ─ sum]                     the same for each of 97 keys
 *   … union ─ keyBy ──> [window ─ sum]             beside the keyed window of one stream
 * ```
 */
import assert from 'node:assert/strict'
import { type BenchResult, jobThroughput, measure, perSecond } from 'sage-stream/bench'
import { balance, type ConnectedParams, refundOf, saleOf } from './connected-job.ts'

export const title = 'two connected streams, each from a source of its own'
export const targets =
  'coMap >= 0.8 x union and map; window by key >= 0.7 x keyed window of the union'

const COUNT = 2_000_000

/** Runs the table. */
export function run(): Promise<BenchResult[]> {
  return balancesOf(COUNT)
}

/** The table for so many records of each stream. Every run's sum is checked. */
export function balancesOf(count: number, rounds = 5): Promise<BenchResult[]> {
  let expected = 0
  for (let i = 0; i < count; i++) expected += saleOf(i).amount - refundOf(i).value
  const ofJob = (name: string, how: ConnectedParams['how']) =>
    jobThroughput(balance, {
      name,
      params: { count, how },
      config: { parallelism: 1, maxThreads: 2 },
      check: ({ sum }) => assert.deepEqual(sum, [expected]),
    })
  return measure({
    bench: `${(2 * count).toLocaleString('en')} records`,
    unit: perSecond('records'),
    contenders: [
      ofJob('coMap', 'coMap'),
      ofJob('union and map', 'union'),
      ofJob('process', 'process'),
      ofJob('window of a second', 'window'),
      ofJob('window of a second, by key', 'keyedWindow'),
      ofJob('keyed window of the union', 'windowOfUnion'),
    ],
    rounds,
  })
}
