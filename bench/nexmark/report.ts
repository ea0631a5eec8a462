import type { QueryRate, QueryResult } from './run.ts'

/** What a query came to, and how fast. */
export interface QueryReport extends QueryResult, QueryRate {
  readonly query: string
}

/** A JSON object, its numbers rounded to what they are good for. */
export function jsonLine(report: QueryReport): string {
  return JSON.stringify({
    query: report.query,
    rows: report.rows,
    md5: report.md5,
    ...(report.total === null ? {} : { total: report.total }),
    events: report.events,
    seconds: Number(report.seconds.toFixed(3)),
    eventsPerSecond: Math.round(report.eventsPerSecond),
    eventsPerCpuSecond: Math.round(report.eventsPerCpuSecond),
    peakRssMb: Math.round(report.peakRssMb),
  })
}

const COLUMNS: readonly [head: string, width: number][] = [
  ['query', 5],
  ['rows', 9],
  ['md5 or total', 32],
  ['events', 12],
  ['seconds', 7],
  ['events/s', 12],
  ['events/CPU-s', 12],
  ['peak MB', 7],
]

export const tableHead = (): string => line(COLUMNS.map(([head]) => head))

export function tableLine(report: QueryReport): string {
  return line([
    report.query,
    whole(report.rows),
    report.md5 ?? `total ${whole(report.total ?? 0)}`,
    whole(report.events),
    report.seconds.toFixed(2),
    whole(report.eventsPerSecond),
    whole(report.eventsPerCpuSecond),
    whole(report.peakRssMb),
  ])
}

const whole = (value: number): string => Math.round(value).toLocaleString('en')

function line(cells: readonly string[]): string {
  const padded = cells.map((cell, i) =>
    i === 0 || i === 2 ? cell.padEnd(COLUMNS[i][1]) : cell.padStart(COLUMNS[i][1]),
  )
  return padded.join('  ')
}
