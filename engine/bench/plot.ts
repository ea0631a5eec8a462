import { badOption } from './checks.ts'
import { figure } from './figures.ts'
import type { BenchResult } from './measure.ts'
import type { LatencyMeasurement } from './open-loop.ts'
import { COLOURS, element, picture, text } from './svg.ts'

/** What is written above a plot. */
export interface PlotOptions {
  readonly title?: string
}

const WIDTH = 860
const FRAME = { left: 72, right: 836, top: 48, bottom: 380 }
const LEGEND_LINE = 20

/** From a value to its place. */
type Scale = (value: number) => number

/**
 * Latencies by percentile as an SVG picture, one curve each: the percentile axis is logarithmic towards 100 %, as that of
 * HdrHistogram's plots, so that the tail is as wide as the middle; so is the axis of times.
 *
 * ```ts
 * writeFileSync('latency.svg', latencyPlot([before, after], { title: 'scoring at 10 k/s' }))
 * ```
 *
 * Needs nothing outside itself; follows the reader's light or dark scheme. `SAGE_OPTION` for no latency.
 */
export function latencyPlot(
  latencies: readonly LatencyMeasurement[],
  { title = 'Latency by percentile, from the scheduled time' }: PlotOptions = {},
): string {
  requireSome(latencies, 'latencyPlot: latencies')
  const times = latencies.flatMap(({ curve }) => curve.map(([, ms]) => ms))
  const decades = Math.max(1, ...latencies.map(({ count }) => Math.log10(count)))
  const x = (nines: number) => FRAME.left + (nines / decades) * (FRAME.right - FRAME.left)
  const { y, ticks } = timeAxis(Math.min(...times), Math.max(...times))
  const height = FRAME.bottom + 56 + latencies.length * LEGEND_LINE
  return picture(WIDTH, height, title, [
    ...ticks.flatMap((ms) => [
      rule(FRAME.left, y(ms), FRAME.right, y(ms)),
      text(FRAME.left - 8, y(ms) + 4, timeText(ms), { class: 'soft', 'text-anchor': 'end' }),
    ]),
    ...percentileTicks(decades).flatMap(([label, nines]) => [
      rule(x(nines), FRAME.top, x(nines), FRAME.bottom),
      text(x(nines), FRAME.bottom + 18, label, { class: 'soft', 'text-anchor': 'middle' }),
    ]),
    ...latencies.map((latency, i) => curveOf(latency, i, x, y)),
    ...latencies.flatMap((latency, i) => legendOf(latency, i)),
  ])
}

/**
 * Figures of one unit as an SVG picture, one bar each, with the least and the greatest of its runs: throughput, as a
 * rule. Bars begin at 0. `SAGE_OPTION` for no figure and for figures of several units.
 */
export function throughputPlot(
  results: readonly BenchResult[],
  { title = 'Throughput' }: PlotOptions = {},
): string {
  requireSome(results, 'throughputPlot: results')
  const units = [...new Set(results.map(({ unit }) => unit))]
  if (units.length > 1) throw badOption('throughputPlot', 'figures of one unit', units)
  const left = 24 + 7.2 * Math.min(48, Math.max(...results.map(({ name }) => name.length)))
  const right = WIDTH - 130
  const greatest = Math.max(...results.map(({ value, max = value }) => Math.max(value, max)))
  const x = (value: number) => left + (greatest > 0 ? value / greatest : 0) * (right - left)
  const bars = results.flatMap((result, i) => barOf(result, i, left, x))
  return picture(WIDTH, 60 + results.length * BAR_LINE, title, bars)
}

function requireSome(measured: unknown, where: string): void {
  if (Array.isArray(measured) && measured.length > 0) return
  throw badOption(where, 'an array of at least one', measured)
}

const BAR_LINE = 34

function barOf(result: BenchResult, i: number, left: number, x: Scale): string[] {
  const { name, value, unit, min, max } = result
  const y = 48 + i * BAR_LINE
  const shown = name.length > 48 ? `${name.slice(0, 47)}…` : name
  const end = x(Math.max(value, max ?? value))
  return [
    text(left - 8, y + 16, shown, { 'text-anchor': 'end' }),
    element('rect', {
      class: `bar s${i % COLOURS}`,
      x: left,
      y,
      width: x(value) - left,
      height: 22,
    }),
    ...(min === undefined || max === undefined
      ? []
      : [element('line', { class: 'whisker', x1: x(min), y1: y + 11, x2: x(max), y2: y + 11 })]),
    text(end + 8, y + 16, `${figure(value)} ${unit}`),
  ]
}

/** A logarithmic axis over the decades that the times lie in, or over 1, 2, 5 where these are few. */
function timeAxis(least: number, greatest: number): { y: Scale; ticks: number[] } {
  const steps = [1, 2, 5]
  const candidates: number[] = []
  const first = Math.floor(Math.log10(least)) - 1
  const last = Math.ceil(Math.log10(greatest)) + 1
  for (let decade = first; decade <= last; decade++) {
    for (const step of steps) candidates.push(Number(`${step}e${decade}`))
  }
  const low = candidates.findLast((tick) => tick <= least)!
  const high = candidates.find((tick) => tick >= greatest && tick > low)!
  const within = candidates.filter((tick) => tick >= low && tick <= high)
  const decadesOnly = within.filter((tick) => Number.isInteger(Math.log10(tick)))
  const height = FRAME.bottom - FRAME.top
  return {
    y: (ms) => FRAME.bottom - (Math.log(ms / low) / Math.log(high / low)) * height,
    ticks: within.length > 12 ? decadesOnly : within,
  }
}

/** 0 %, 50 %, 90 %, 99 %, 99.9 % and so on: each further nine is one step to the right. */
function percentileTicks(decades: number): [label: string, nines: number][] {
  const nines = Array.from({ length: Math.floor(decades) + 1 }, (_, i) => i)
  const label = (n: number) =>
    n === 0 ? '0%' : n === 1 ? '90%' : `99${dot(n)}${'9'.repeat(n - 2)}%`
  return [...nines.map((n): [string, number] => [label(n), n]), ['50%', Math.log10(2)]]
}

function dot(nines: number): string {
  return nines > 2 ? '.' : ''
}

function curveOf({ curve, count }: LatencyMeasurement, i: number, x: Scale, y: Scale): string {
  // The greatest time stands at the percentile of one record in all.
  const end = Math.log10(count)
  const nines = (percentile: number) =>
    percentile === 100 ? end : Math.min(end, -Math.log10(1 - percentile / 100))
  const points = curve.map(([percentile, ms]) => `${round(x(nines(percentile)))},${round(y(ms))}`)
  return element('polyline', { class: `line s${i % COLOURS}`, points: points.join(' ') })
}

function legendOf({ name, count, ms }: LatencyMeasurement, i: number): string[] {
  const y = FRAME.bottom + 48 + i * LEGEND_LINE
  const facts = `p50 ${timeText(ms.p50)}, p99 ${timeText(ms.p99)}, max ${timeText(ms.max)}`
  const results = `${count.toLocaleString('en')} results`
  return [
    element('rect', {
      class: `bar s${i % COLOURS}`,
      x: FRAME.left,
      y: y - 10,
      width: 12,
      height: 12,
    }),
    text(FRAME.left + 20, y, `${name}: ${facts}, ${results}`),
  ]
}

function rule(x1: number, y1: number, x2: number, y2: number): string {
  return element('line', { class: 'grid', x1, y1, x2, y2 })
}

/** A time in the unit that it is read best in. */
function timeText(ms: number): string {
  const [value, unit] =
    ms >= 1000
      ? [ms / 1000, 's']
      : ms >= 1
        ? [ms, 'ms']
        : ms >= 1e-3
          ? [ms * 1e3, 'µs']
          : [ms * 1e6, 'ns']
  return `${Number(value.toPrecision(3))} ${unit}`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
