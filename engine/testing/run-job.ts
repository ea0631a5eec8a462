import type { JobDefinition, JobOutputs } from '../api/define-job.ts'
import type { EnvironmentConfig } from '../job/config.ts'
import type { JobResult } from '../job/job-result.ts'

/** Runs a job to its end and gives what it left: its result, and all records of each output. */
export async function runJob<P, R>(
  definition: JobDefinition<P, R>,
  params?: P,
  config?: EnvironmentConfig,
): Promise<{ readonly result: JobResult; readonly outputs: JobOutputs<R> }> {
  const { outputs, ...result } = await definition.run(params, config)
  return { result, outputs }
}
