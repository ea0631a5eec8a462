/**
 * The public surface of `sage-stream/bench`: measures a job of your own as this package's own figures are measured.
 *
 * - Latency under an open-loop load, from the time that each record was scheduled for: {@link measureLatency} of a
 *   job, {@link openLoop} of anything.
 * - Throughput, the median of several checked runs: {@link measureThroughput}; several contenders in turn, with
 *   ratios: {@link measure}.
 * - What came of it: {@link writeReport} (JSON and Markdown, with the machine), {@link compareReports},
 *   {@link latencyPlot} and {@link throughputPlot} (SVG).
 *
 * @module sage-stream/bench
 */
export {
  type ComparedMetric,
  type Comparison,
  compareReports,
  comparisonMarkdown,
  comparisonTable,
} from './compare.ts'
export type { LatencyCurve, Percentile, Percentiles } from './histogram.ts'
export { type JobLatencyOptions, jobLatency, loadContender, measureLatency } from './job-latency.ts'
export {
  type InputName,
  type OutputName,
  type RecordInto,
  type ResultFrom,
  streamTarget,
} from './job-streams.ts'
export {
  type JobThroughputOptions,
  jobThroughput,
  type MeasureThroughputOptions,
  measureThroughput,
  type PushedRecords,
} from './job-throughput.ts'
export { type Machine, machine, machineLine } from './machine.ts'
export {
  type BenchResult,
  type Better,
  type Contender,
  expectSum,
  latencyAt,
  type MeasureOptions,
  measure,
  milliseconds,
  nanoseconds,
  perSecond,
  resultTable,
  type Sample,
  timed,
  type Unit,
} from './measure.ts'
export {
  type LatencyMeasurement,
  type LoadOptions,
  type LoadTarget,
  openLoop,
} from './open-loop.ts'
export { latencyPlot, type PlotOptions, throughputPlot } from './plot.ts'
export type { OnProgress, Progress } from './progress.ts'
export { latencyTable, type Report, readReport, reportMarkdown, writeReport } from './report.ts'
