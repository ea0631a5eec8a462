import { describe, StreamError } from '../../codec/errors.ts'
import type { RuntimeContext } from './context.ts'
import { HISTOGRAM_SLOTS, HistogramCell } from './histogram.ts'
import type { Logger } from './logger.ts'
import type { Counter, Gauge, Histogram, MetricGroup, MetricKind } from './metrics.ts'
import type { Awaitable } from './source.ts'

/** Doubles that a metric of each kind takes. */
export const METRIC_SLOTS: Readonly<Record<MetricKind, number>> = {
  counter: 1,
  gauge: 2,
  histogram: HISTOGRAM_SLOTS,
}

/** The memory of a gauge: whether it has a value, and which. */
const GAUGE_SET = 0
const GAUGE_VALUE = 1

/** Hands out zeroed memory of `METRIC_SLOTS[kind]` doubles, which others may read under that name. */
export type AllocateMetric = (kind: MetricKind, name: string) => Float64Array

/** Memory for metrics that nobody reads. */
export const unreadMetrics: AllocateMetric = (kind) => new Float64Array(METRIC_SLOTS[kind])

/** The value of a gauge's memory; undefined while it has none. */
export function gaugeValue(cells: Float64Array): number | undefined {
  return cells[GAUGE_SET] === 0 ? undefined : cells[GAUGE_VALUE]
}

/** Knows the user's metrics of one operator on one subtask by name. Only that subtask's thread calls. */
export class MetricRegistry implements MetricGroup {
  readonly #operator: string
  readonly #allocate: AllocateMetric
  readonly #logger: Logger
  readonly #counters = new Map<string, CounterCell>()
  readonly #gauges = new Map<string, GaugeCell>()
  readonly #histograms = new Map<string, HistogramCell>()
  #sampled = 0
  #opening = false

  constructor(operator: string, allocate: AllocateMetric, logger: Logger) {
    this.#operator = operator
    this.#allocate = allocate
    this.#logger = logger
  }

  counter(name: string): Counter {
    return (
      this.#known(this.#counters, name) ?? this.#add('counter', this.#counters, name, CounterCell)
    )
  }

  gauge(name: string, sample?: () => number): Gauge {
    if (sample !== undefined && typeof sample !== 'function') {
      throw new StreamError(
        'SAGE_OPTION',
        `metrics.gauge(${describe(name)}): expected a function that tells its value, got ${describe(sample)}`,
      )
    }
    const gauge =
      this.#known(this.#gauges, name) ?? this.#add('gauge', this.#gauges, name, GaugeCell)
    if (sample !== undefined) {
      if (gauge.sample === undefined) this.#sampled++
      gauge.sample = sample
    }
    return gauge
  }

  histogram(name: string): Histogram {
    return (
      this.#known(this.#histograms, name) ??
      this.#add('histogram', this.#histograms, name, HistogramCell)
    )
  }

  /** Whether any gauge has to be asked for its value. */
  get samples(): boolean {
    return this.#sampled > 0
  }

  /** Asks the gauges that tell their value themselves. Never throws. */
  sample(): void {
    for (const [name, gauge] of this.#gauges) this.#ask(name, gauge)
  }

  /** From here to `opened`, a name that exists is refused, whatever its kind. */
  beginOpening(): void {
    this.#opening = true
  }

  opened(): void {
    this.#opening = false
  }

  #known<T>(metrics: ReadonlyMap<string, T>, name: string): T | undefined {
    return this.#opening ? undefined : metrics.get(name)
  }

  #add<T>(
    kind: MetricKind,
    metrics: Map<string, T>,
    name: string,
    Cell: new (cells: Float64Array) => T,
  ): T {
    this.#check(kind, name)
    const metric = new Cell(this.#allocate(kind, name))
    metrics.set(name, metric)
    return metric
  }

  #check(kind: MetricKind, name: unknown): void {
    if (typeof name !== 'string' || name === '') {
      throw new StreamError(
        'SAGE_OPTION',
        `metrics.${kind}: expected a name, a string that is not empty, got ${describe(name)}`,
      )
    }
    const existing = [
      ...[...this.#counters.keys()].map((key) => ['counter', key]),
      ...[...this.#gauges.keys()].map((key) => ['gauge', key]),
      ...[...this.#histograms.keys()].map((key) => ['histogram', key]),
    ]
    const same = existing.find(([, key]) => key === name)
    if (same === undefined) return
    const all = existing.map(([of, key]) => `${of} '${key}'`).join(', ')
    throw new StreamError(
      'SAGE_DUPLICATE_NAME',
      `metrics.${kind}('${name}'): expected a name that operator '${this.#operator}' has not given yet, ` +
        `but it has a ${same[0]} of that name; its metrics: ${all}`,
    )
  }

  #ask(name: string, gauge: GaugeCell): void {
    if (gauge.sample === undefined) return
    try {
      gauge.set(gauge.sample())
    } catch (error) {
      gauge.clear()
      if (gauge.warned) return
      gauge.warned = true
      const why = error instanceof Error ? error.message : describe(error)
      this.#logger.warning(
        `gauge '${name}' of operator '${this.#operator}' did not tell its value: ${why}`,
      )
    }
  }
}

/**
 * Calls a user's `open` so that a name given twice in it is refused. The registry is known by its methods, not its class:
 * a job module may have loaded the package by another path than the engine.
 */
export function opening({ metrics }: RuntimeContext, open: () => Awaitable<void>): Awaitable<void> {
  const registry = metrics as MetricGroup & Partial<MetricRegistry>
  registry.beginOpening?.()
  let result: Awaitable<void>
  try {
    result = open()
  } catch (error) {
    registry.opened?.()
    throw error
  }
  if (result instanceof Promise) return result.finally(() => registry.opened?.())
  registry.opened?.()
  return result
}

class CounterCell implements Counter {
  readonly #cells: Float64Array

  constructor(cells: Float64Array) {
    this.#cells = cells
  }

  get value(): number {
    return this.#cells[0]
  }

  inc(n = 1): void {
    if (typeof n !== 'number' || !(n >= 0 && n < Number.POSITIVE_INFINITY)) {
      throw new StreamError(
        'SAGE_USER_ERROR',
        `counter.inc: expected a finite number >= 0, got ${describe(n)}; what also falls is a gauge`,
      )
    }
    this.#cells[0] += n
  }
}

class GaugeCell implements Gauge {
  readonly #cells: Float64Array
  sample: (() => number) | undefined
  warned = false

  constructor(cells: Float64Array) {
    this.#cells = cells
  }

  get value(): number | undefined {
    return gaugeValue(this.#cells)
  }

  set(value: number): void {
    if (typeof value !== 'number' || Number.isNaN(value)) {
      throw new StreamError('SAGE_USER_ERROR', `gauge: expected a number, got ${describe(value)}`)
    }
    this.#cells[GAUGE_VALUE] = value
    this.#cells[GAUGE_SET] = 1
  }

  clear(): void {
    this.#cells[GAUGE_SET] = 0
  }
}
