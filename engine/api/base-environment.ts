import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, StreamError } from '../../codec/errors.ts'
import type { LogLevel } from '../../operators/contract/logger.ts'
import type { GraphNode } from '../graph/node.ts'
import {
  type EnvironmentConfig,
  logLevel,
  type MemoryConfig,
  type ResolvedConfig,
  resolveConfig,
} from '../job/config.ts'
import type { ServiceRegistration, ServiceScope } from '../task/services.ts'
import { requireText } from './arguments.ts'
import { StreamSources } from './stream-sources.ts'

/** An operator as `env.pipeline` shows it. */
export type PipelineOperator = Pick<GraphNode, 'id' | 'kind' | 'name' | 'uid' | 'parallelism'>

/** How a service is registered. */
export interface ServiceOptions {
  /**
   * Where its instances are.
   *
   * - `'worker'` (default): one per worker thread, called directly.
   * - `'job'`: one for the whole job, on the coordinator's thread, which has nothing to do with records but decides for the job:
   *   long synchronous work of it delays the job's start and end. Every method gives its callers a promise (for `asyncMap`
   *   and asynchronous sinks); arguments and results are structured-cloned, also inline. It runs several calls at a time.
   */
  readonly scope?: ServiceScope
  /**
   * How long the promise of a call may take, in real time (`SAGE_TIMEOUT`); what it gives later is ignored. Default: `'30s'` for
   * scope `'job'`, for ever for scope `'worker'`.
   */
  readonly timeout?: Duration
}

const JOB_TIMEOUT_MS = 30_000

/** What all environments have: sources, configuration, services. */
export abstract class BaseEnvironment extends StreamSources {
  readonly name: string
  /** A copy of what was given; what it holds at `submit` counts. */
  readonly config: { -readonly [F in keyof EnvironmentConfig]: EnvironmentConfig[F] }
  /** Where its jobs run. */
  abstract readonly platform: string
  readonly #services = new Map<string, ServiceRegistration>()

  /**
   * Throws `SAGE_OPTION` for the name, `SAGE_CONFIG` and `SAGE_PARALLELISM` for the configuration.
   */
  constructor(name: string, config: EnvironmentConfig = {}) {
    super()
    requireText(name, 'environment name')
    resolveConfig(config)
    this.name = name
    this.config = copyOfData(config)
  }

  /** The operators so far, in the order of construction. */
  get pipeline(): readonly PipelineOperator[] {
    return [...this.graph.nodes]
  }

  /** The least level of log lines that are written. */
  get consoleLogLevel(): LogLevel {
    return logLevel(this.config.logLevel ?? 'INFO')
  }

  /** Sets {@link consoleLogLevel}, in any case. Throws `SAGE_CONFIG`: "Invalid log level". */
  setConsoleLogLevel(level: LogLevel | Lowercase<LogLevel>): void {
    this.graph.refuseWhenSealed('set the log level')
    this.config.logLevel = logLevel(level)
  }

  /** Sets limits of the job's memory; those not named stay. Throws `SAGE_CONFIG`. */
  setMemory(memory: MemoryConfig): void {
    this.graph.refuseWhenSealed('set its memory')
    if (typeof memory !== 'object' || memory === null) {
      throw new StreamError('SAGE_CONFIG', `memory: expected an object, got ${describe(memory)}`)
    }
    const merged = { ...this.config.memory, ...memory }
    resolveConfig({ memory: merged })
    this.config.memory = merged
  }

  /**
   * Registers a service that functions reach by `ctx.service(name)`: one instance per worker
   * thread, or one for the job (`scope`), made with `new Class(options)`. Its `open()` is called before the first operator's, its
   * `close()` after the last. What it throws is `SAGE_SERVICE` for the caller, with the cause. Throws
   * `SAGE_DUPLICATE_NAME` for a name that is taken.
   */
  registerService<O = undefined>(
    name: string,
    Class: new (options: O) => object,
    options?: NoInfer<O>,
    service: ServiceOptions = {},
  ): void {
    this.graph.refuseWhenSealed(`register service '${name}'`)
    requireText(name, 'registerService name')
    if (typeof Class !== 'function') {
      throw new StreamError(
        'SAGE_OPTION',
        `registerService: expected a class, got ${describe(Class)}`,
      )
    }
    const checked = checkServiceOptions(service)
    if (this.#services.has(name)) {
      throw new StreamError(
        'SAGE_DUPLICATE_NAME',
        `registerService: expected a name that no other service has, got '${name}' again`,
      )
    }
    this.#services.set(name, { name, Class, options, ...checked })
  }

  /** @internal */
  get services(): readonly ServiceRegistration[] {
    return [...this.#services.values()]
  }

  /**
   * @internal The configuration in force, below `overrides` of the moment. Throws as the
   * constructor does.
   */
  resolved(overrides: EnvironmentConfig = {}): ResolvedConfig {
    return resolveConfig({ ...this.config, ...overrides })
  }
}

function checkServiceOptions(service: unknown): Pick<ServiceRegistration, 'scope' | 'timeoutMs'> {
  const {
    scope = 'worker',
    timeout,
    ...rest
  } = (service ?? {}) as {
    scope?: unknown
    timeout?: Duration
  }
  if (scope !== 'worker' && scope !== 'job') {
    throw new StreamError(
      'SAGE_OPTION',
      `registerService.scope: expected 'worker' or 'job', got ${describe(scope)}`,
    )
  }
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) {
    throw new StreamError(
      'SAGE_OPTION',
      `registerService: expected options scope, timeout, got ${describe(unknown)}`,
    )
  }
  const none = scope === 'job' ? JOB_TIMEOUT_MS : Number.POSITIVE_INFINITY
  return {
    scope,
    timeoutMs: timeout === undefined ? none : durationMs(timeout, 'registerService.timeout'),
  }
}

/**
 * A copy of plain objects and arrays all the way down; what else they hold (loggers, clocks) stays
 * the same.
 */
function copyOfData<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyOfData) as T
  if (typeof value !== 'object' || value === null) return value
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, copyOfData(v)])) as T
}
