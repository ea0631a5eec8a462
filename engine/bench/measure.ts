import { badOption, wholeNumber } from './checks.ts'
import { alignedTable, figure, median } from './figures.ts'
import type { Percentile } from './histogram.ts'
import type { LatencyMeasurement } from './open-loop.ts'
import { type OnProgress, progressReporter } from './progress.ts'

/** Whether a greater or a smaller figure is the better one. */
export type Better = 'more' | 'less'

/** One figure: the median of several runs. */
export interface BenchResult {
  /** The topic that the figure belongs to; figures of one topic are one table. */
  readonly bench: string
  /** What was measured. */
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly better: Better
  /** The least and the greatest of the runs, in the same unit. */
  readonly min?: number
  readonly max?: number
  /** How it compares, in words: `3.1x postMessage`. */
  readonly ratio?: string
}

/** What one run did: so many operations in so many milliseconds, and a sum that proves it. */
export interface Sample {
  readonly operations: number
  readonly ms: number
  readonly sum?: unknown
  /** What a run under load found; see {@link jobLatency}. */
  readonly latency?: LatencyMeasurement
}

/** One of the things that are compared. */
export interface Contender {
  readonly name: string
  /** One run, from a fresh start. */
  run(): Sample | Promise<Sample>
  /**
   * Throws when the sum is wrong. Called after every run, warm-up included, outside the measured
   * time.
   */
  check?(sample: Sample): void
}

/** What a figure counts. `of` turns a run into it; `better` says which of two is the better. */
export interface Unit {
  /** Of several units of one measurement, which it is: part of the topic. */
  readonly name?: string
  readonly text: string
  readonly better: Better
  /** The figure of one run. */
  of(sample: Sample): number
}

/** Operations a second: `perSecond('msg')` is msg/s. */
export function perSecond(what: string): Unit {
  return { text: `${what}/s`, better: 'more', of: (s) => (s.operations / s.ms) * 1000 }
}

/** Nanoseconds an operation. */
export const nanoseconds: Unit = {
  text: 'ns',
  better: 'less',
  of: (s) => (s.ms * 1e6) / s.operations,
}

/** Milliseconds a run, whatever it does. */
export const milliseconds: Unit = { text: 'ms', better: 'less', of: (s) => s.ms }

/** A percentile of the latencies of a run under load, in milliseconds: `latencyAt('p99')`. */
export function latencyAt(percentile: Percentile): Unit {
  return {
    name: percentile,
    text: 'ms',
    better: 'less',
    of: ({ latency }) => {
      if (latency !== undefined) return latency.ms[percentile]
      throw badOption(`latencyAt('${percentile}')`, 'a run that measured latencies', latency)
    },
  }
}

/** How contenders are measured. */
export interface MeasureOptions {
  /** The topic of the figures. */
  readonly bench: string
  /** What is counted; of several units each is a topic of its own, from the same runs. */
  readonly unit: Unit | readonly Unit[]
  /**
   * The first is the subject; each of the others is a baseline, with a ratio `subject is 2.1x
   * this`.
   */
  readonly contenders: readonly Contender[]
  /** Measured rounds. In each every contender runs once. Default 5. */
  readonly rounds?: number
  /** Rounds before them that are checked, but not measured. Default 1. */
  readonly warmup?: number
  /** Told of each run. Default: a line on standard error, where that is a terminal. */
  readonly onProgress?: OnProgress
}

/**
 * Runs the contenders in turn, round after round, so that a machine that gets slower or faster does
 * so for all of them. A ratio is the median of the rounds' ratios: neighbours in time are compared.
 *
 * ```ts
 * const [ours, loop] = await measure({
 *   bench: 'sums',
 *   unit: perSecond('records'),
 *   contenders: [jobThroughput(sums), { name: 'loop', run: () => timed(COUNT, sumInALoop) }],
 * })
 * ```
 *
 * Rejects with what a run or a check throws; `SAGE_OPTION` for no contender and for rounds that are
 * no whole number.
 */
export async function measure(options: MeasureOptions): Promise<BenchResult[]> {
  const { contenders, rounds = 5, warmup = 1 } = options
  const units = [options.unit].flat() as readonly Unit[]
  wholeNumber(rounds, 1, 'measure: rounds')
  wholeNumber(warmup, 0, 'measure: warmup')
  if (contenders.length === 0) throw badOption('measure: contenders', 'at least one', contenders)
  const samples = await runRounds(options, rounds, warmup)
  return units.flatMap((unit) => {
    const values = samples.map((runs) => runs.map((sample) => unit.of(sample)))
    const bench = unit.name === undefined ? options.bench : `${options.bench}, ${unit.name}`
    return contenders.map(({ name }, index) => ({
      bench,
      name,
      value: median(values[index]),
      min: Math.min(...values[index]),
      max: Math.max(...values[index]),
      unit: unit.text,
      better: unit.better,
      ...(index === 0
        ? {}
        : { ratio: ratioText(contenders[0].name, values[0], values[index], unit) }),
    }))
  })
}

/** The samples of each contender, without those of the warm-up. */
async function runRounds(
  { bench, contenders, onProgress }: MeasureOptions,
  rounds: number,
  warmup: number,
): Promise<Sample[][]> {
  const samples = contenders.map((): Sample[] => [])
  const progress = progressReporter(onProgress)
  const begin = performance.now()
  const total = (warmup + rounds) * contenders.length
  const report = (done: number) =>
    progress.report({
      name: bench,
      phase: 'rounds',
      done,
      total,
      elapsedMs: performance.now() - begin,
    })
  try {
    report(0)
    for (let run = 0; run < total; run++) {
      const index = run % contenders.length
      const sample = await contenders[index].run()
      contenders[index].check?.(sample)
      if (run >= warmup * contenders.length) samples[index].push(sample)
      report(run + 1)
    }
  } finally {
    progress.end()
  }
  return samples
}

function ratioText(subject: string, ours: number[], theirs: number[], unit: Unit): string {
  const ratios = ours.map((our, i) => (unit.better === 'more' ? our / theirs[i] : theirs[i] / our))
  return `${subject} is ${median(ratios).toFixed(2)}x this`
}

/** Times a synchronous or asynchronous body that returns its sum. */
export async function timed(operations: number, body: () => unknown): Promise<Sample> {
  const begin = performance.now()
  const sum = await body()
  return { operations, ms: performance.now() - begin, sum }
}

/** A check that every run gave this sum. */
export function expectSum(expected: unknown): (sample: Sample) => void {
  return ({ sum }) => {
    if (!Object.is(sum, expected)) throw new Error(`expected the sum ${expected}, got ${sum}`)
  }
}

/** The figures as a table, one line a result, that reads well as text and is valid Markdown. */
export function resultTable(results: readonly BenchResult[]): string {
  return alignedTable(
    ['what', 'median', 'min - max', 'compared'],
    ['left', 'right', 'right', 'left'],
    results.map((r) => [
      r.name,
      `${figure(r.value)} ${r.unit}`,
      r.min === undefined || r.max === undefined ? '' : `${figure(r.min)} - ${figure(r.max)}`,
      r.ratio ?? '',
    ]),
  )
}
