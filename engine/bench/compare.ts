import { alignedTable, figure } from './figures.ts'
import { PERCENTILES } from './histogram.ts'
import { type Machine, machineLine } from './machine.ts'
import type { BenchResult } from './measure.ts'
import type { LatencyMeasurement } from './open-loop.ts'
import type { Report } from './report.ts'

/** One metric before and after. */
export interface ComparedMetric {
  readonly bench: string
  readonly name: string
  readonly unit: string
  /** Undefined where only the other report has it. */
  readonly before: number | undefined
  readonly after: number | undefined
  /** How many times as good `after` is: above 1 is better, whether more or less of the unit is. */
  readonly ratio: number | undefined
  /**
   * Whether the runs of one lie all on one side of the runs of the other. Where they do not, the
   * ratio may be chance. Undefined for figures of a single run.
   */
  readonly apart: boolean | undefined
}

/** Two reports, metric by metric. */
export interface Comparison {
  readonly before: Pick<Report, 'name' | 'machine'>
  readonly after: Pick<Report, 'name' | 'machine'>
  readonly metrics: readonly ComparedMetric[]
}

/**
 * Compares two reports: figures of the same topic, name and unit, and the percentiles and the achieved rate of
 * latencies of the same name. What only one of them has is listed, too.
 *
 * ```ts
 * const comparison = compareReports(readReport('before.json'), readReport('after.json'))
 * console.log(comparisonTable(comparison))
 * ```
 */
export function compareReports(before: Report, after: Report): Comparison {
  const [old, fresh] = [before, after].map(figuresByKey)
  const keys = [...new Set([...old.keys(), ...fresh.keys()])]
  return {
    before: { name: before.name, machine: before.machine },
    after: { name: after.name, machine: after.machine },
    metrics: keys.map((key) => compared(old.get(key), fresh.get(key))),
  }
}

/** The metrics as a table, one line each, that reads well as text and is valid Markdown. */
export function comparisonTable({ metrics, before, after }: Comparison): string {
  return alignedTable(
    ['topic', 'what', `before: ${before.name}`, `after: ${after.name}`, 'ratio', ''],
    ['left', 'left', 'right', 'right', 'right', 'left'],
    metrics.map((metric) => [
      metric.bench,
      metric.name,
      withUnit(metric.before, metric.unit),
      withUnit(metric.after, metric.unit),
      metric.ratio === undefined ? '' : `${metric.ratio.toFixed(2)}x`,
      verdict(metric),
    ]),
  )
}

/** A comparison as Markdown: both machines, what of them differs, and the table. */
export function comparisonMarkdown(comparison: Comparison): string {
  const { before, after } = comparison
  const differing = differences(before.machine, after.machine)
  return [
    `## ${before.name} and ${after.name}`,
    `Before: ${machineLine(before.machine)}`,
    `After: ${machineLine(after.machine)}`,
    ...(differing.length === 0
      ? []
      : [
          `**Measured on different machines** (${differing.join(', ')}): ratios are of both together.`,
        ]),
    comparisonTable(comparison),
  ].join('\n\n')
}

function figuresByKey(report: Report): Map<string, BenchResult> {
  const figures = [...report.results, ...(report.latencies ?? []).flatMap(latencyFigures)]
  return new Map(figures.map((one) => [JSON.stringify([one.bench, one.name, one.unit]), one]))
}

function latencyFigures({ name, ms, achieved }: LatencyMeasurement): BenchResult[] {
  const bench = `latency: ${name}`
  return [
    ...PERCENTILES.map(
      (percentile): BenchResult => ({
        bench,
        name: percentile,
        value: ms[percentile],
        unit: 'ms',
        better: 'less',
      }),
    ),
    { bench, name: 'achieved', value: achieved, unit: 'records/s', better: 'more' },
  ]
}

function compared(before: BenchResult | undefined, after: BenchResult | undefined): ComparedMetric {
  const { bench, name, unit, better } = (after ?? before)!
  const factor = before && after && after.value / before.value
  return {
    bench,
    name,
    unit,
    before: before?.value,
    after: after?.value,
    ratio: factor && (better === 'more' ? factor : 1 / factor),
    apart: before && after && areApart(before, after),
  }
}

function areApart(before: BenchResult, after: BenchResult): boolean | undefined {
  const { min, max } = before
  if (min === undefined || max === undefined) return undefined
  if (after.min === undefined || after.max === undefined) return undefined
  return after.min > max || after.max < min
}

function withUnit(value: number | undefined, unit: string): string {
  return value === undefined ? '-' : `${figure(value)} ${unit}`
}

function verdict({ before, after, ratio, apart }: ComparedMetric): string {
  if (before === undefined) return 'new'
  if (after === undefined) return 'gone'
  if (apart === false) return 'within the spread of the runs'
  if (ratio === undefined || ratio === 1) return ''
  return ratio > 1 ? 'better' : 'worse'
}

function differences(before: Machine, after: Machine): string[] {
  const fields = ['cpu', 'cores', 'memoryGiB', 'node', 'platform'] as const
  return fields.filter((field) => before[field] !== after[field])
}
