import type { EnvironmentConfig, JobDefinition } from '../index.ts'
import {
  chosen,
  drain,
  type InputName,
  type OutputName,
  type RecordInto,
  type ResultFrom,
  requireDefinition,
  streamsOf,
  streamTarget,
} from './job-streams.ts'
import type { Contender } from './measure.ts'
import { type LatencyMeasurement, type LoadOptions, openLoop, planOf } from './open-loop.ts'

/** How a job's latency is measured. */
export interface JobLatencyOptions<P, R, I extends InputName<R>, O extends OutputName<R>>
  extends LoadOptions<RecordInto<R, I>, ResultFrom<R, O>> {
  /** What the job is submitted with. */
  readonly params?: P
  readonly config?: EnvironmentConfig
  /** The input stream that the load goes into, as the definition returned it. Default: the only one. */
  readonly into?: I
  /** The output whose results are awaited. Default: the only one. Others are read and not looked at. */
  readonly from?: O
}

/**
 * Submits a job, puts it under an open-loop load ({@link openLoop}), and stops it: latencies from the time that a record
 * was scheduled for to its result's arrival at the job's output, on this thread.
 *
 * ```ts
 * const latency = await measureLatency(scoring, {
 *   params: { threshold: 0 },
 *   rate: 10_000,
 *   duration: '10s',
 *   record: (i) => ({ id: i, user: `user-${i % 1000}`, amount: 20 }),
 *   idOf: (alert) => alert.id,
 * })
 * ```
 *
 * Rejects as `openLoop` does, and with what fails the job; the job is gone then, too. `SAGE_OPTION` for a stream or output
 * that the definition did not return.
 */
export async function measureLatency<
  P,
  R extends object,
  I extends InputName<R> = InputName<R>,
  O extends OutputName<R> = OutputName<R>,
>(
  definition: JobDefinition<P, R>,
  options: JobLatencyOptions<P, R, I, O>,
): Promise<LatencyMeasurement> {
  requireDefinition(definition, 'measureLatency')
  const load = { ...options, name: options.name ?? definition.name }
  // Before any thread starts.
  planOf(load)
  const job = await definition.submit(options.params, options.config)
  try {
    const { inputs, outputs } = streamsOf(job)
    const input = chosen(inputs, options.into, 'measureLatency: into')
    const output = chosen(outputs, options.from, 'measureLatency: from')
    const others = [...outputs.values()].filter((other) => other !== output).map(drain)
    const target = { ...streamTarget(input, output), end: () => job.stop() }
    const [measurement] = await Promise.all([openLoop(target, load), ...others])
    return measurement
  } finally {
    // A job that failed has told so already: its output threw.
    await job.cancel().catch(() => {})
  }
}

/**
 * A job under load as a contender of `measure`: each run is one {@link measureLatency}. Its sum is the number of
 * records without a result.
 *
 * ```ts
 * const results = await measure({
 *   bench: 'at 1 k/s',
 *   unit: [latencyAt('p50'), latencyAt('p99')],
 *   contenders: [{ ...jobLatency(scoring, load), check: expectSum(0) }, echo],
 * })
 * ```
 */
export function jobLatency<
  P,
  R extends object,
  I extends InputName<R> = InputName<R>,
  O extends OutputName<R> = OutputName<R>,
>(definition: JobDefinition<P, R>, options: JobLatencyOptions<P, R, I, O>): Contender {
  requireDefinition(definition, 'jobLatency')
  return loadContender(options.name ?? definition.name, () => measureLatency(definition, options))
}

/** Any measurement under load as a contender of `measure`: for baselines that are no jobs. Its sum is as a job's. */
export function loadContender(name: string, run: () => Promise<LatencyMeasurement>): Contender {
  return {
    name,
    run: async () => {
      const latency = await run()
      return { operations: latency.count, ms: latency.durationMs, sum: latency.missing, latency }
    },
  }
}
