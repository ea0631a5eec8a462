import type { JobResult } from 'sage-stream'
import type { Airport } from './flights-job.ts'

/** How long each part of the run took, in milliseconds, and how much of all cores it used. */
export interface Phases {
  /** From `submit` until every thread runs. */
  readonly start: number
  /** From there until the table is complete and every thread has ended. */
  readonly run: number
  readonly cpu: number
}

/** The table of airports, one line each. */
export function airportTable(airports: readonly Airport[]): string {
  const rows = airports.map(({ code, flights, meanDelay, late, worstDay }) => [
    code,
    flights.toLocaleString('en'),
    meanDelay.toFixed(1),
    late.toFixed(1),
    worstDay ?? '-',
  ])
  return columnsOf([
    ['code', 'flights', 'mean delay (min)', 'late > 15 min (%)', 'worst day'],
    ...rows,
  ])
}

/** Throughput, the records of each operator, and where the time went. */
export function runReport(result: JobResult, flights: number, phases: Phases): string {
  const seconds = (phases.start + phases.run) / 1000
  const operators = result.operators.map((operator) => [
    operator.name,
    operator.kind,
    String(operator.parallelism),
    operator.recordsIn.toLocaleString('en'),
    operator.recordsOut.toLocaleString('en'),
  ])
  const cores = (phases.cpu / (phases.start + phases.run)).toFixed(1)
  return [
    `${flights.toLocaleString('en')} flights in ${seconds.toFixed(2)} s: ${rate(flights, seconds)}`,
    columnsOf([['operator', 'kind', 'parallelism', 'records in', 'records out'], ...operators]),
    'where the time went',
    columnsOf([
      ['starting threads', `${phases.start.toFixed(0)} ms`],
      ['reading, folding, ending', `${phases.run.toFixed(0)} ms`],
      ['processor time', `${phases.cpu.toFixed(0)} ms (${cores} cores on average)`],
    ]),
  ].join('\n\n')
}

function rate(count: number, seconds: number): string {
  return `${(count / seconds / 1e6).toFixed(2)} million a second`
}

/** Aligned columns; those whose body is numbers are aligned to the right. */
function columnsOf(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const numeric = rows[0].map((_, column) =>
    rows.slice(1).every((row) => /^-?[\d,.]+$/.test(row[column])),
  )
  return rows
    .map((row) =>
      row
        .map((cell, i) => (numeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
