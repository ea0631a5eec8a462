/** What a bench file exports: `bench/*.bench.ts`, found by `bench/main.ts`. */
export interface Bench {
  readonly title: string
  /** What must be reached, in words; printed beside the figures. */
  readonly targets?: string
  run(): Promise<BenchResult[]>
}

/** One figure: the median of several runs. */
export interface BenchResult {
  /** The topic that the figure belongs to; figures of one topic are one table. */
  readonly bench: string
  /** What was measured. */
  readonly name: string
  readonly value: number
  readonly unit: string
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
}

/** One of the things that are compared. */
export interface Contender {
  readonly name: string
  run(): Sample | Promise<Sample>
  /**
   * Throws when the sum is wrong. Called after every run, warm-up included, outside the measured
   * time.
   */
  check?(sample: Sample): void
}

/** What a figure counts. `of` turns a run into it; `better` says which of two is the better. */
export interface Unit {
  readonly text: string
  readonly better: 'more' | 'less'
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

/** How contenders are measured. */
export interface MeasureOptions {
  readonly bench: string
  readonly unit: Unit
  /**
   * The first is the subject; each of the others is a baseline, with a ratio `subject is 2.1x
   * this`.
   */
  readonly contenders: readonly Contender[]
  /** Measured rounds, after one warm-up round. In each round every contender runs once. */
  readonly rounds?: number
}

/**
 * Runs the contenders in turn, round after round, so that a machine that gets slower or faster does
 * so for all of them. A ratio is the median of the rounds' ratios: neighbours in time are compared.
 */
export async function measure(options: MeasureOptions): Promise<BenchResult[]> {
  const { contenders, unit, rounds = 5 } = options
  const values = contenders.map((): number[] => [])
  for (let round = -1; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const sample = await contender.run()
      contender.check?.(sample)
      if (round >= 0) values[index].push(unit.of(sample))
    }
  }
  return contenders.map(({ name }, index) => ({
    bench: options.bench,
    name,
    value: median(values[index]),
    min: Math.min(...values[index]),
    max: Math.max(...values[index]),
    unit: unit.text,
    ...(index === 0
      ? {}
      : { ratio: ratioText(contenders[0].name, values[0], values[index], unit) }),
  }))
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

/** The middle of the values; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * A table with aligned columns, one line a result, that reads well as text and is valid Markdown.
 */
export function table(results: readonly BenchResult[]): string {
  const rows = results.map((r) => [
    r.name,
    `${figure(r.value)} ${r.unit}`,
    r.min === undefined || r.max === undefined ? '' : `${figure(r.min)} - ${figure(r.max)}`,
    r.ratio ?? '',
  ])
  const all = [['what', 'median', 'min - max', 'compared'], ...rows]
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column].length)))
  const isRight = (column: number) => column === 1 || column === 2
  const line = (row: string[]) => {
    const cells = row.map((cell, column) =>
      isRight(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
    )
    return `| ${cells.join(' | ')} |`
  }
  const rule = widths.map((width, column) =>
    isRight(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  )
  return [line(all[0]), `| ${rule.join(' | ')} |`, ...all.slice(1).map(line)].join('\n')
}

/** Three significant digits, in thousands, millions or billions where that is shorter. */
export function figure(value: number): string {
  const [scale, suffix] =
    value >= 1e9 ? [1e9, ' G'] : value >= 1e6 ? [1e6, ' M'] : value >= 1e4 ? [1e3, ' k'] : [1, '']
  const scaled = value / scale
  const digits = scaled >= 100 || scaled === 0 ? 0 : scaled >= 10 ? 1 : 2
  return scaled.toFixed(digits) + suffix
}
