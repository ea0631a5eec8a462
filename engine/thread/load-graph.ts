import { StreamError } from '../../codec/errors.ts'
import { type JobGraph, type JobSpec, jobSite, type ScriptJob } from './job-site.ts'

const delay = (ms: number): Promise<undefined> =>
  new Promise((resolve) => void setTimeout(() => resolve(undefined), ms))

/** A module that builds its environment after an `await` of its own gets so long to reach `submit`. */
const GRACE_MS = 500

/** Imports the job module on this thread and gives the graph that it builds. Throws `SAGE_JOB_MODULE`. */
export async function loadGraph(spec: JobSpec): Promise<JobGraph> {
  return spec.form === 'script' ? loadScript(spec) : loadDefinition(spec)
}

async function loadDefinition(spec: JobSpec): Promise<JobGraph> {
  const misused = new Promise<never>((_, reject) => {
    jobSite().onMisuse = (what) =>
      reject(
        jobModule(
          spec,
          `${what} was reached on a worker thread: keep job modules as files of their own`,
        ),
      )
  })
  await Promise.race([importModule(spec), misused])
  const build = jobSite().definitions.get(`${spec.url}#${spec.name}`)
  if (build === undefined) {
    throw jobModule(
      spec,
      `expected defineJob(import.meta.url, '${spec.name}', …) when it is imported, found none: keep job modules as files of their own`,
    )
  }
  return build(spec.params, spec.config)
}

/** The module runs up to `submit`, which never returns; what is below it never runs here. */
async function loadScript(spec: JobSpec): Promise<JobGraph> {
  const site = jobSite()
  const submitted = new Promise<ScriptJob>((resolve, reject) => {
    site.onSubmit = (job) => {
      const wanted = job.name === spec.name ? job : site.constructed.get(spec.name)
      if (wanted !== undefined) resolve(wanted)
      else
        reject(
          jobModule(
            spec,
            `the submit of '${job.name}' stands in the way: construct all environments before the first submit`,
          ),
        )
    }
    site.onMisuse = (what) =>
      reject(
        jobModule(
          spec,
          `${what} was reached on a worker thread before the environment '${spec.name}'`,
        ),
      )
  })
  submitted.catch(() => {})
  await Promise.race([importModule(spec), submitted])
  const job = site.constructed.get(spec.name)
  return (
    (await Promise.race([submitted, delay(job === undefined ? GRACE_MS : 0)])) ?? late(spec)
  ).jobGraph()
}

/** The import has ended without a submit: a module that asked `isWorker` has built its graph all the same. */
function late(spec: JobSpec): ScriptJob {
  const job = jobSite().constructed.get(spec.name)
  if (job !== undefined) return job
  throw jobModule(
    spec,
    `expected it to construct an environment named '${spec.name}' when it is imported, found none; ` +
      'if a helper constructs it, pass { module: import.meta.url } of the file that is the job',
  )
}

async function importModule(spec: JobSpec): Promise<void> {
  try {
    await import(spec.url)
  } catch (error) {
    if (error instanceof StreamError) throw error
    throw new StreamError(
      'SAGE_JOB_MODULE',
      `job module ${spec.url}: cannot be imported: ${String(error)}`,
      { cause: error },
    )
  }
}

function jobModule(spec: JobSpec, what: string): StreamError {
  return new StreamError('SAGE_JOB_MODULE', `job module ${spec.url}: ${what}`)
}
