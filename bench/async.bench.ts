/**
 * What the engine adds to a promise: a function that is asynchronous, but whose promise has settled when the next turn comes.
 *
 * ```
 *   records in memory ─ asyncMap, 100 under way ─ sink      in inline mode
 *   for (…) total += await lookUp(record)                 the hand-written loop: one at a time
 *   for (…) await Promise.all(hundred.map(lookUp))        100 at a time, each hundred to its end
 * ```
 */
import {
  type BenchResult,
  type Contender,
  expectSum,
  measure,
  perSecond,
  type Sample,
  timed,
} from 'sage-stream/bench'
import { add, batch, lookUp, lookups, total } from './async-job.ts'

export const title = 'asyncMap of promises that settle at once, on one thread'
export const targets = '>= 0.25x the loop of awaits, which has one record under way'

const COUNT = 2_000 * batch.length

/** Runs the table. */
export async function run(count = COUNT): Promise<BenchResult[]> {
  return measure({
    bench: 'asyncMap',
    unit: perSecond('records'),
    contenders: [
      contender('asyncMap, ordered', count, (n) => runEngine(n, true)),
      contender('asyncMap, unordered', count, (n) => runEngine(n, false)),
      contender('hand-written loop of awaits', count, runLoop),
      contender('Promise.all, 100 at a time', count, runHundreds),
    ],
  })
}

function contender(name: string, count: number, body: (count: number) => Promise<void>): Contender {
  return { name, run: () => summed(count, body), check: expectSum(expected(count)) }
}

async function summed(count: number, body: (count: number) => Promise<void>): Promise<Sample> {
  total.sum = 0
  const sample = await timed(count, () => body(count))
  return { ...sample, sum: total.sum }
}

function expected(count: number): number {
  return (batch.reduce((sum, n) => sum + 3 * n, 0) * count) / batch.length
}

async function runEngine(count: number, ordered: boolean): Promise<void> {
  await lookups.run({ count, ordered }, { mode: 'inline', parallelism: 1, strict: false })
}

async function runLoop(count: number): Promise<void> {
  for (let done = 0; done < count; done += batch.length) {
    for (let i = 0; i < batch.length; i++) add(await lookUp(batch[i]))
  }
}

async function runHundreds(count: number): Promise<void> {
  for (let done = 0; done < count; done += batch.length) {
    for (let i = 0; i < batch.length; i += 100)
      for (const n of await Promise.all(batch.slice(i, i + 100).map(lookUp))) add(n)
  }
}
