import { HistogramSnapshot } from './histogram.ts'
import { gaugeValue } from './metric-registry.ts'
import type { MetricKind } from './metrics.ts'

/** A metric of the user's in memory. */
export interface MetricCells {
  readonly kind: MetricKind
  readonly name: string
  readonly cells: Float64Array
}

/** The user's metrics of one operator on one subtask, by name. */
export interface UserMetrics {
  readonly counters: Readonly<Record<string, number>>
  /** Those that have a value. */
  readonly gauges: Readonly<Record<string, number>>
  readonly histograms: Readonly<Record<string, HistogramSnapshot>>
}

/** What one gauge says on the subtasks of an operator that gave it a value: there is no last one among threads. */
export interface GaugeSummary {
  readonly sum: number
  readonly min: number
  readonly max: number
}

/** Metrics of one subtask as they stand. */
export function readUserMetrics(metrics: readonly MetricCells[]): UserMetrics {
  return {
    counters: byName(metrics, 'counter', (cells) => cells.reduce((sum, cell) => sum + cell[0], 0)),
    gauges: byName(metrics, 'gauge', (cells) => valuesOf(cells).at(-1)),
    histograms: byName(metrics, 'histogram', (cells) => new HistogramSnapshot(cells)),
  }
}

/** Metrics of all subtasks together: counters and histograms added up, gauges summed up. */
export function sumUserMetrics(
  metrics: readonly MetricCells[],
): Omit<UserMetrics, 'gauges'> & { readonly gauges: Readonly<Record<string, GaugeSummary>> } {
  return { ...readUserMetrics(metrics), gauges: byName(metrics, 'gauge', summaryOf) }
}

function byName<T>(
  metrics: readonly MetricCells[],
  kind: MetricKind,
  read: (cells: readonly Float64Array[]) => T | undefined,
): Record<string, T> {
  const cells = Map.groupBy(
    metrics.filter((metric) => metric.kind === kind),
    ({ name }) => name,
  )
  return Object.fromEntries(
    [...cells].flatMap(([name, all]): [string, T][] => {
      const value = read(all.map((metric) => metric.cells))
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function valuesOf(cells: readonly Float64Array[]): number[] {
  return cells.map(gaugeValue).filter((value) => value !== undefined)
}

function summaryOf(cells: readonly Float64Array[]): GaugeSummary | undefined {
  const values = valuesOf(cells)
  if (values.length === 0) return undefined
  const sum = values.reduce((total, value) => total + value, 0)
  return { sum, min: Math.min(...values), max: Math.max(...values) }
}
