import { describe, StreamError } from '../../codec/errors.ts'
import type { GraphNode } from '../graph/node.ts'
import type { EnvironmentConfig } from '../job/config.ts'
import type { JobHandle } from '../job/job-handle.ts'
import type { JobResult } from '../job/job-result.ts'
import { announceDefinition, isWorker, reportMisuse } from '../thread/job-site.ts'
import { BaseEnvironment } from './base-environment.ts'
import { FedStream, type InputStream } from './input-stream.ts'
import { OutputStream } from './output-stream.ts'
import { submitGraph } from './submit-graph.ts'

/** The environment that `build` gets: sources in, no `submit`. */
export class JobEnvironment extends BaseEnvironment {
  readonly platform = 'local'
}

/** The streams and outputs among what `build` returned. */
export type JobIO<R> = {
  readonly [K in keyof R as R[K] extends InputStream<any> | OutputStream<any> ? K : never]: R[K]
}

/** All records of each output, by the name under which `build` returned it. */
export type JobOutputs<R> = {
  readonly [K in keyof R as R[K] extends OutputStream<any> ? K : never]: R[K] extends OutputStream<
    infer T
  >
    ? T[]
    : never
}

/** A job in module form; see {@link defineJob}. */
export interface JobDefinition<P, R> {
  readonly name: string
  /** Starts a job; resolves once all its workers run and are warm. Rejects when it cannot start. */
  submit(params?: P, config?: EnvironmentConfig): Promise<JobHandle<JobIO<R>>>
  /** Runs a job to its end: its input streams end at once, every output is read whole. */
  run(
    params?: P,
    config?: EnvironmentConfig,
  ): Promise<JobResult & { readonly outputs: JobOutputs<R> }>
}

/**
 * Defines a job in a module of its own, for embedding and for parameters: workers import `url`, find the definition
 * by `name` and call `build` with a copy of the parameters.
 *
 * ```ts
 * export const doubled = defineJob(import.meta.url, 'doubled', (env, params: { factor: number }) => {
 *   const numbers = env.createStream<number>('numbers')
 *   return { numbers, results: numbers.map((n) => n * params.factor).output('results') }
 * })
 * ```
 *
 * @param url - the module's own `import.meta.url`
 * @param name - the job's name, unique in its module
 * @param build - builds the graph; runs once on every thread of the job, and must build the same there
 */
export function defineJob<P = void, R extends object = {}>(
  url: string,
  name: string,
  build: (env: JobEnvironment, params: P) => R,
): JobDefinition<P, R> {
  if (typeof url !== 'string' || !URL.canParse(url)) {
    throw new StreamError(
      'SAGE_OPTION',
      `defineJob: expected the module's import.meta.url, got ${describe(url)}`,
    )
  }
  if (typeof build !== 'function') {
    throw new StreamError(
      'SAGE_OPTION',
      `defineJob: expected a function that builds the graph, got ${describe(build)}`,
    )
  }
  announceDefinition(url, name, (params, config) => {
    const env = new JobEnvironment(name, config)
    build(env, params as P)
    return { graph: env.graph, services: env.services, clock: env.resolved().clock }
  })
  const definition = new Definition(url, name, build)
  return {
    name,
    submit: (params, config) => definition.submit(params as P, config),
    run: (params, config) => definition.run(params as P, config),
  }
}

class Definition<P, R extends object> {
  readonly #url: string
  readonly #name: string
  readonly #build: (env: JobEnvironment, params: P) => R

  constructor(url: string, name: string, build: (env: JobEnvironment, params: P) => R) {
    this.#url = url
    this.#name = name
    this.#build = build
  }

  async submit(params: P, config?: EnvironmentConfig): Promise<JobHandle<JobIO<R>>> {
    const { job } = await this.#start('submit', params, config)
    return job
  }

  async run(
    params: P,
    config?: EnvironmentConfig,
  ): Promise<JobResult & { outputs: JobOutputs<R> }> {
    const { job, inputs, outputs } = await this.#start('run', params, config)
    for (const input of inputs) input.end()
    const read = Object.entries(outputs).map(
      async ([name, output]) => [name, await output.toArray()] as const,
    )
    const [result, records] = await Promise.all([job.finished, Promise.all(read)])
    return { ...result, outputs: Object.fromEntries(records) as JobOutputs<R> }
  }

  async #start(method: string, params: P, config?: EnvironmentConfig) {
    this.#refuseOnWorker(method)
    const env = new JobEnvironment(this.#name, config)
    // A copy of its own: whatever it does to it, all threads build from the same.
    const built = this.#build(env, copyOf(params))
    const { io, inputs, outputs, returned } = endsOf(built)
    const job = submitGraph({
      graph: env.graph,
      services: env.services,
      config: env.resolved(),
      spec: {
        form: 'module',
        url: this.#url,
        name: this.#name,
        params: copyOf(params),
        config: dataOf(config),
      },
      io: io as JobIO<R>,
      returned,
    })
    await job.running
    return { job, inputs, outputs }
  }

  #refuseOnWorker(method: string): void {
    if (!isWorker) return
    const what = `${this.#name}.${method}()`
    reportMisuse(what)
    throw new StreamError(
      'SAGE_JOB_MODULE',
      `${what} was reached on a worker thread: keep job modules as files of their own`,
    )
  }
}

function endsOf(built: unknown) {
  if (typeof built !== 'object' || built === null) {
    throw new StreamError(
      'SAGE_OPTION',
      `defineJob: expected build to return an object of streams and outputs, got ${describe(built)}`,
    )
  }
  const io: Record<string, unknown> = {}
  const inputs: FedStream[] = []
  const outputs: Record<string, OutputStream> = {}
  const returned = new Set<GraphNode>()
  for (const [name, value] of Object.entries(built)) {
    if (value instanceof FedStream) inputs.push(value)
    else if (value instanceof OutputStream) outputs[name] = value
    else continue
    io[name] = value
    returned.add(value.node)
  }
  return { io, inputs, outputs, returned }
}

/** What a configuration holds beside objects of the main thread. */
function dataOf({
  logger: _logger,
  clock: _clock,
  ...data
}: EnvironmentConfig = {}): EnvironmentConfig {
  return data
}

function copyOf<P>(params: P): P {
  try {
    return structuredClone(params)
  } catch (error) {
    throw new StreamError(
      'SAGE_OPTION',
      `params: expected data that can be cloned to workers, got ${describe(params)}`,
      { cause: error },
    )
  }
}
