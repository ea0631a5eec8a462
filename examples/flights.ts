/** `npm start`: reads 3,000,000 flights on all cores and prints a table of airports. */
import { parseArgs } from 'node:util'
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet'
import { StreamError } from 'sage-stream'
import { flightsFile } from './flights-file.ts'
import { flights } from './flights-job.ts'
import { showProgress } from './flights-progress.ts'
import { airportTable, runReport } from './flights-report.ts'

const help = `Delays of US flights by airport of departure.

  npm start                            the flights of npm package vega-datasets, on all cores
  npm start -- --parallelism 2         on two
  npm start -- --file flights.parquet  another Parquet file with columns date, delay, origin
  npm start -- --help                  this text

Columns: code, flights, mean delay in minutes, share of flights late by more than 15 minutes in
per cent, and the worst day: the date (UTC) with the highest mean delay among days with at least
10 flights, the earlier of equals.`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      parallelism: { type: 'string', short: 'p' },
      file: { type: 'string', short: 'f' },
    },
  })
  if (values.help) return console.log(help)
  const file = values.file ?? flightsFile()
  const total = await countRows(file)
  const began = performance.now()
  const cpu = process.cpuUsage()
  const config = values.parallelism === undefined ? {} : { parallelism: Number(values.parallelism) }
  const job = await flights.submit({ file }, config)
  const started = performance.now()
  const progress = showProgress(total, () => job.metrics()[0].recordsOut)
  try {
    const [airports, result] = await Promise.all([job.io.airports.toArray(), job.finished])
    const run = performance.now() - started
    progress.stop()
    const used = process.cpuUsage(cpu)
    const phases = { start: started - began, run, cpu: (used.user + used.system) / 1000 }
    airports.sort((a, b) => (a.code < b.code ? -1 : 1))
    console.log(`\n${airportTable(airports)}\n`)
    console.log(runReport(result, result.operators[0].recordsOut, phases))
  } catch (error) {
    progress.stop()
    throw error
  }
}

/** For the ETA. What is wrong with the file is told by the job. */
async function countRows(file: string): Promise<number> {
  try {
    return Number((await parquetMetadataAsync(await asyncBufferFromFile(file))).num_rows)
  } catch {
    return 0
  }
}

try {
  await main()
} catch (error) {
  const mistyped = error instanceof TypeError && 'code' in error
  if (!(error instanceof StreamError) && !mistyped) throw error
  console.error(error instanceof StreamError ? `${error.code}: ${error.message}` : error.message)
  process.exitCode = mistyped ? 2 : 1
}
