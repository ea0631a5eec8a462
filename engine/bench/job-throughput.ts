import type {
  EnvironmentConfig,
  InputStream,
  JobDefinition,
  JobHandle,
  JobIO,
  JobOutputs,
  JobResult,
} from '../index.ts'
import { badOption, requireFunction, wholeNumber } from './checks.ts'
import {
  chosen,
  drain,
  type InputName,
  type RecordInto,
  requireDefinition,
  streamsOf,
} from './job-streams.ts'
import { type BenchResult, type Contender, measure, perSecond } from './measure.ts'
import type { OnProgress } from './progress.ts'

/** Records that are pushed as fast as the job takes them. */
export interface PushedRecords<R, I extends InputName<R>> {
  readonly count: number
  /** Makes record `i`, counted from 0. */
  readonly record: (i: number) => RecordInto<R, I>
  /** The input stream, as the definition returned it. Default: the only one. */
  readonly into?: I
}

/** How a job's throughput is measured. */
export interface JobThroughputOptions<P, R, I extends InputName<R>> {
  /** What the contender is called. Default: the job's name. */
  readonly name?: string
  /** What the job is submitted with. */
  readonly params?: P
  readonly config?: EnvironmentConfig
  /** What is pushed, for a job that reads an input stream. Its other input streams end at once. */
  readonly push?: PushedRecords<R, I>
  /** How many records a run counts. Default: those pushed, and those that its sources read. */
  readonly records?: number
  /**
   * Throws (or rejects) when a run's result is wrong: gets all records of each output. Without it the outputs are
   * read and not kept.
   */
  readonly check?: (outputs: JobOutputs<R>, result: JobResult) => unknown
}

/**
 * A job run to its end as a contender of {@link measure}. Timed from the moment that all its threads run (`submit` has
 * resolved) to its end; the start of its threads is not part of it.
 *
 * Its runs reject with what fails the job or the check throws; `SAGE_OPTION` for bad options.
 */
export function jobThroughput<P, R extends object, I extends InputName<R> = InputName<R>>(
  definition: JobDefinition<P, R>,
  options: JobThroughputOptions<P, R, I> = {},
): Contender {
  requireDefinition(definition, 'jobThroughput')
  const { push, records, check } = options
  if (push !== undefined) {
    wholeNumber(push.count, 1, 'throughput: push.count')
    requireFunction(push.record, 'throughput: push.record', 'that makes record i')
  }
  if (records !== undefined) wholeNumber(records, 1, 'throughput: records')
  if (check !== undefined)
    requireFunction(check, 'throughput: check', 'that throws for a wrong result')
  return {
    name: options.name ?? definition.name,
    run: async () => {
      const job = await definition.submit(options.params, options.config)
      try {
        return await runToEnd(job, options)
      } finally {
        // A job that failed has told so already: `finished` rejected.
        await job.cancel().catch(() => {})
      }
    },
  }
}

/** How many runs of a job make its figure. */
export interface MeasureThroughputOptions<P, R, I extends InputName<R>>
  extends JobThroughputOptions<P, R, I> {
  /** Measured runs. Default 5. */
  readonly rounds?: number
  /** Runs before them that are checked, but not measured. Default 1. */
  readonly warmup?: number
  /** Told of each run. Default: a line on standard error, where that is a terminal. */
  readonly onProgress?: OnProgress
}

/**
 * Runs a job to its end several times: the median of its records a second.
 *
 * ```ts
 * const throughput = await measureThroughput(scoring, {
 *   params: { threshold: 0 },
 *   push: { count: 100_000, record: (i) => ({ id: i, user: `user-${i % 1000}`, amount: 20 }) },
 *   check: ({ alerts }) => assert.equal(alerts.length, 100_000),
 * })
 * ```
 *
 * To compare it with something else, give {@link measure} a {@link jobThroughput} and the baseline. Rejects as
 * they do.
 */
export async function measureThroughput<P, R extends object, I extends InputName<R> = InputName<R>>(
  definition: JobDefinition<P, R>,
  options: MeasureThroughputOptions<P, R, I> = {},
): Promise<BenchResult> {
  const { rounds, warmup, onProgress } = options
  const [result] = await measure({
    bench: 'throughput',
    unit: perSecond('records'),
    contenders: [jobThroughput(definition, options)],
    ...(rounds === undefined ? {} : { rounds }),
    ...(warmup === undefined ? {} : { warmup }),
    ...(onProgress === undefined ? {} : { onProgress }),
  })
  return result
}

async function runToEnd<P, R extends object, I extends InputName<R>>(
  job: JobHandle<JobIO<R>>,
  { push, records, check }: JobThroughputOptions<P, R, I>,
) {
  const { inputs, outputs } = streamsOf(job)
  const into = push === undefined ? undefined : chosen(inputs, push.into, 'throughput: push.into')
  const begin = performance.now()
  const reading = [...outputs].map(async ([name, output]) =>
    check === undefined
      ? ([name, await drain(output)] as const)
      : ([name, await output.toArray()] as const),
  )
  for (const input of inputs.values()) if (input !== into) input.end()
  const pushing = push === undefined ? undefined : pushAll(into!, push.count, push.record)
  const [result, read] = await Promise.all([job.finished, Promise.all(reading), pushing])
  const ms = performance.now() - begin
  await check?.(Object.fromEntries(read) as JobOutputs<R>, result)
  return { operations: records ?? recordsRead(result), ms }
}

async function pushAll<T>(
  input: InputStream<T>,
  count: number,
  record: (i: number) => T,
): Promise<void> {
  for (let i = 0; i < count; i++) {
    const next = record(i)
    while (!input.tryPush(next)) await input.ready()
  }
  input.end()
}

/** Feedback edges (`fromFuture`) hand on what was counted already. */
function recordsRead({ operators }: JobResult): number {
  const count = operators
    .filter(({ kind }) => kind === 'createStream' || (/^from/.test(kind) && kind !== 'fromFuture'))
    .reduce((sum, { recordsOut }) => sum + recordsOut, 0)
  if (count > 0) return count
  throw badOption('throughput: records', 'a job whose sources read records, or their number', count)
}
