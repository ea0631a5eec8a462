/**
 * The job of `npm start` from start to end: 3,000,000 flights, threads included, beside what one
 * would write by hand. All contenders give the same table, which is compared.
 *
 * ```
 *   row groups ──> 2 x [ decode, key, fold ] ──> merge ──> table      the subject
 *   row groups ──> [ decode, fold ] ──> table                         loop, fresh thread or warm
 *   file ──> DuckDB, 2 threads ──> table
 * ```
 *
 * The loop reads with the same reader. A job starts its threads and compiles its code anew in every
 * run; the loop is shown in a thread of its own, which does so too, and warm, which does neither.
 * The target names neither: both ratios are printed. A script of its own, which prints its figures as JSON.
 */
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import {
  type BenchResult,
  expectSum,
  measure,
  milliseconds,
  type Sample,
  timed,
} from 'sage-stream/bench'
import { flightsFile } from '../examples/flights-file.ts'
import {
  type Airport,
  addFlight,
  airportOf,
  columns,
  type Flight,
  flights,
  newTally,
  type Tally,
} from '../examples/flights-job.ts'
import { airportsBySql } from '../examples/flights-sql.ts'
import type { RuntimeContext } from '../operators/contract/context.ts'
import { fileSource } from '../operators/files/file-source.ts'

const FLIGHTS = 3_000_000

/** The subject, two loops, DuckDB. */
async function run(): Promise<BenchResult[]> {
  const file = flightsFile()
  const check = expectSum(textOf(await airportsBySql(file)))
  const ways: Record<string, () => Promise<Airport[]>> = {
    'job, 2 workers': () => runJob(file, 2),
    'loop, fresh thread': () => runLoopInThread(file),
    'loop, warm': () => runLoop(file),
    'job, 1 worker': () => runJob(file, 1),
    'DuckDB, 2 threads': () => airportsBySql(file, 2),
  }
  return measure({
    bench: 'flights',
    unit: milliseconds,
    contenders: Object.entries(ways).map(([name, way]) => ({
      name,
      run: (): Promise<Sample> => timed(FLIGHTS, async () => textOf(await way())),
      check,
    })),
  })
}

async function runJob(file: string, parallelism: number): Promise<Airport[]> {
  return (await flights.run({ file }, { parallelism })).outputs.airports
}

async function runLoopInThread(file: string): Promise<Airport[]> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { loop: file } })
  const [airports] = await once(worker, 'message')
  await once(worker, 'exit')
  return airports
}

async function runLoop(file: string): Promise<Airport[]> {
  const source = fileSource(file, { format: 'parquet', columns }).create({} as RuntimeContext)
  const tallies = new Map<string, Tally>()
  for (const part of await source.partitions()) {
    const reader = await source.open(part)
    for (let batch = await reader.next(1024); batch !== null; batch = await reader.next(1024)) {
      for (const flight of batch as Flight[]) addTo(tallies, flight)
    }
    await reader.close?.()
  }
  return [...tallies].map(([code, tally]) => airportOf(code, tally))
}

function addTo(tallies: Map<string, Tally>, flight: Flight): void {
  let tally = tallies.get(flight.origin)
  if (tally === undefined) {
    tally = newTally()
    tallies.set(flight.origin, tally)
  }
  addFlight(tally, flight)
}

/** The table as text: equal for equal tables, whoever made them. */
function textOf(airports: readonly Airport[]): string {
  return airports
    .map(({ code, flights: count, meanDelay, late, worstDay }) => {
      return [code, count, meanDelay.toFixed(9), late.toFixed(9), worstDay].join(' ')
    })
    .sort()
    .join('\n')
}

if (isMainThread) console.log(JSON.stringify(await run()))
else if (workerData?.loop !== undefined) {
  parentPort!.postMessage(await runLoop(workerData.loop))
}
