/**
 * Six stateless operators on one thread, with the same functions: map, filter, map, filter, map, sink.
 *
 * ```
 *   records in memory ─ map ─ filter ─ map ─ filter ─ map ─ sink      one compiled function, in inline mode
 *   for (…) { six calls }                                         the hand-written loop
 * ```
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import * as most from '@most/core'
import { newDefaultScheduler } from '@most/scheduler'
import type { Stream } from '@most/types'
import { filter, from, map } from 'rxjs'
import {
  type BenchResult,
  type Contender,
  expectSum,
  measure,
  perSecond,
  type Sample,
  timed,
} from 'sage-stream/bench'
import {
  add,
  BATCH,
  batches,
  chain,
  isPlausible,
  isWatched,
  type Reading,
  scaled,
  toKelvin,
  toNumber,
  total,
} from './chain-job.ts'

export const title = 'a chain of six stateless operators on one thread'
export const targets = '>= 0.9x the hand-written loop'

const COUNT = 65_536 * BATCH

/** Runs the table. */
export async function run(): Promise<BenchResult[]> {
  return measure({
    bench: 'six operators',
    unit: perSecond('records'),
    contenders: [
      contender('sage-stream, inline', COUNT, runEngine),
      contender('hand-written loop', COUNT, runLoop),
      contender('RxJS', COUNT / 4, runRxjs),
      contender('@most/core', COUNT / 4, runMost),
      contender('Node streams', COUNT / 64, runNodeStreams),
    ],
  })
}

function contender(name: string, count: number, body: (count: number) => unknown): Contender {
  return { name, run: () => summed(count, body), check: expectSum(expected(count)) }
}

async function summed(count: number, body: (count: number) => unknown): Promise<Sample> {
  total.sum = 0
  const sample = await timed(count, () => body(count))
  return { ...sample, sum: total.sum }
}

/** The batches, `count` records in all. */
function* inMemory(count: number): Generator<Reading> {
  for (const batch of repeated(count)) yield* batch
}

function* repeated(count: number): Generator<readonly Reading[]> {
  for (let done = 0; done < count; done += BATCH) yield batches[(done / BATCH) % batches.length]
}

function expected(count: number): number {
  let round = 0
  for (const { sensor, value } of batches.flat()) {
    if (value + 273 < 1200 && (sensor & 3) !== 3) round += (value + 273) * 3 + sensor
  }
  return (round * count) / (BATCH * batches.length)
}

async function runEngine(count: number): Promise<void> {
  await chain.run({ count }, { mode: 'inline', parallelism: 1, strict: false })
}

function runLoop(count: number): void {
  for (const batch of repeated(count)) loopOver(batch)
}

function loopOver(batch: readonly Reading[]): void {
  for (let i = 0; i < batch.length; i++) {
    const kelvin = toKelvin(batch[i])
    if (!isPlausible(kelvin)) continue
    const reading = scaled(kelvin)
    if (!isWatched(reading)) continue
    add(toNumber(reading))
  }
}

function runRxjs(count: number): void {
  for (const batch of repeated(count)) {
    from(batch as Reading[])
      .pipe(map(toKelvin), filter(isPlausible), map(scaled), filter(isWatched), map(toNumber))
      .subscribe(add)
  }
}

async function runMost(count: number): Promise<void> {
  const readings: Stream<Reading> = {
    run(sink, scheduler) {
      for (const batch of repeated(count)) for (const reading of batch) sink.event(0, reading)
      sink.end(scheduler.currentTime())
      return { dispose() {} }
    },
  }
  const plausible = most.filter(isPlausible, most.map(toKelvin, readings))
  const numbers = most.map(toNumber, most.filter(isWatched, most.map(scaled, plausible)))
  await most.runEffects(most.tap(add, numbers), newDefaultScheduler())
}

async function runNodeStreams(count: number): Promise<void> {
  const numbers = Readable.from(inMemory(count))
    .map(toKelvin)
    .filter(isPlausible)
    .map(scaled)
    .filter(isWatched)
    .map(toNumber)
  await pipeline(numbers, async (results: AsyncIterable<number>) => {
    for await (const n of results) add(n)
  })
}
