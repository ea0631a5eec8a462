import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StreamError } from '../../codec/errors.ts'
import { badOption } from './checks.ts'
import { alignedTable, figure } from './figures.ts'
import { PERCENTILES } from './histogram.ts'
import { type Machine, machineLine } from './machine.ts'
import { type BenchResult, resultTable } from './measure.ts'
import type { LatencyMeasurement } from './open-loop.ts'

/** What was measured together, with what it was measured on. Plain data. */
export interface Report {
  /** What it is called in comparisons. */
  readonly name: string
  readonly title?: string
  /** What must be reached, in words. */
  readonly targets?: string
  /** Where, on what and when; see {@link machine}. */
  readonly machine: Machine
  readonly results: readonly BenchResult[]
  readonly latencies?: readonly LatencyMeasurement[]
  /** Why there are no figures. */
  readonly error?: string
}

/** A report as Markdown: one table for each topic, one for the latencies, and the machine. */
export function reportMarkdown(report: Report): string {
  const { name, title, targets, error, results, latencies = [] } = report
  const topics = [...new Set(results.map((result) => result.bench))]
  return [
    title === undefined ? `## ${name}` : `## ${name}: ${title}`,
    ...(targets === undefined ? [] : [`Target: ${targets}`]),
    ...(error === undefined ? [] : [`**Failed:** ${error}`]),
    ...topics.flatMap((topic) => [
      `**${topic}**`,
      resultTable(results.filter((result) => result.bench === topic)),
    ]),
    ...(latencies.length === 0
      ? []
      : ['**latency in ms, from the scheduled time**', latencyTable(latencies)]),
    machineLine(report.machine),
  ].join('\n\n')
}

/** Latencies as a table, one line each, that reads well as text and is valid Markdown. */
export function latencyTable(latencies: readonly LatencyMeasurement[]): string {
  const columns = ['load', 'records/s', 'achieved', 'results', 'missing', ...PERCENTILES]
  return alignedTable(
    columns,
    columns.map((_, i) => (i === 0 ? 'left' : 'right')),
    latencies.map((l) => [
      l.name,
      figure(l.rate),
      figure(l.achieved),
      l.count.toLocaleString('en'),
      l.missing.toLocaleString('en'),
      ...PERCENTILES.map((percentile) => figure(l.ms[percentile])),
    ]),
  )
}

/**
 * Writes a report as JSON to `path`, for {@link readReport}, and as Markdown beside it, where `.json` is `.md`. Makes
 * missing folders; overwrites. Gives both paths. `SAGE_OPTION` for a path that does not end in `.json`,
 * `SAGE_FILE` for one that cannot be written.
 */
export function writeReport(
  path: string | URL,
  report: Report,
): { readonly json: string; readonly markdown: string } {
  const json = pathOf(path)
  if (!json.endsWith('.json'))
    throw badOption('writeReport: path', "one that ends in '.json'", path)
  const markdown = json.replace(/json$/, 'md')
  try {
    mkdirSync(dirname(json), { recursive: true })
    writeFileSync(json, `${JSON.stringify(report, undefined, 2)}\n`)
    writeFileSync(markdown, `${reportMarkdown(report)}\n`)
  } catch (cause) {
    throw new StreamError('SAGE_FILE', `writeReport: cannot write ${json}: ${messageOf(cause)}`, {
      cause,
    })
  }
  return { json, markdown }
}

/** Reads a report that `writeReport` wrote. `SAGE_FILE` for a file that is missing or none of these. */
export function readReport(path: string | URL): Report {
  const file = pathOf(path)
  let report: unknown
  try {
    report = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new StreamError('SAGE_FILE', `readReport: cannot read ${file}: ${messageOf(cause)}`, {
      cause,
    })
  }
  const wrong = whatIsWrong(report)
  if (wrong === undefined) return report as Report
  throw new StreamError(
    'SAGE_FILE',
    `readReport: expected a report of writeReport in ${file}, got ${wrong}`,
  )
}

function pathOf(path: string | URL): string {
  if (path instanceof URL) return fileURLToPath(path)
  if (typeof path === 'string' && path !== '') return resolve(path)
  throw badOption('report: path', 'a path or a file URL', path)
}

function whatIsWrong(report: unknown): string | undefined {
  const { name, machine, results, latencies = [] } = (report ?? {}) as Partial<Report>
  if (typeof name !== 'string') return "no 'name'"
  if (typeof machine?.node !== 'string') return "no 'machine'"
  if (!Array.isArray(results) || !results.every(isResult)) return "no 'results' with figures"
  if (!Array.isArray(latencies) || !latencies.every(isLatency)) return "'latencies' that are none"
  return undefined
}

function isResult(result: Partial<BenchResult> | null): boolean {
  const { bench, name, unit, value, better } = result ?? {}
  const named = [bench, name, unit].every((text) => typeof text === 'string')
  return named && typeof value === 'number' && (better === 'more' || better === 'less')
}

function isLatency(latency: Partial<LatencyMeasurement> | null): boolean {
  const { name, ms, curve } = latency ?? {}
  const complete = PERCENTILES.every((percentile) => typeof ms?.[percentile] === 'number')
  return typeof name === 'string' && complete && Array.isArray(curve)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
