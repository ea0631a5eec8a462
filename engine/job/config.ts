import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, type ErrorCode, StreamError } from '../../codec/errors.ts'
import type { Clock } from '../../operators/contract/context.ts'
import { checkErrorPolicy, type ErrorPolicy } from '../../operators/contract/error-policy.ts'
import { LOG_LEVELS, type Logger, type LogLevel } from '../../operators/contract/logger.ts'
import { isSharedClock } from '../../operators/contract/shared-clock.ts'
import { METRICS_BYTES_MIN } from '../metrics/user-metrics-memory.ts'
import type { CheckpointSettings } from '../thread/job-site.ts'
import type { RestartPolicy } from './restart-decision.ts'

/** Limits of the memory that a job shares between its threads, and of its workers' heaps. */
export interface MemoryConfig {
  /** Bytes of one ring: a power of two, at least 4096. Default 256 KiB, less where the plan has many rings. */
  readonly ringBytes?: number
  /** The most bytes that all rings of the job may take. Default 512 MiB. */
  readonly totalRingBytes?: number
  /** Old-generation heap of each worker in MiB. Default: V8's own. */
  readonly workerHeapMb?: number
  /** Bytes that all stores of `StreamState` together may take: reserved, but used only as they fill. Default 16 MiB. */
  readonly sharedBytes?: number
  /** Bytes for the users' own metrics of all subtasks: a counter or gauge takes 128, a histogram 16.1 KiB. Default 4 MiB. */
  readonly metricsBytes?: number
}

/** How a job takes checkpoints, and what it begins with. */
export interface CheckpointConfig {
  /** The directory of this job's checkpoints. */
  readonly dir: string
  /** Time from the end of one checkpoint to the beginning of the next; `Infinity`: only when asked for. Default 10 s. */
  readonly interval?: Duration
  /** How many complete ones are kept. Default 3. */
  readonly retain?: number
  /** A checkpoint that takes longer is given up; the job goes on. Default 10 minutes. */
  readonly timeout?: Duration
  /**
   * What the job begins with: the newest usable checkpoint of its directory (`'latest'`, the default), nothing (`'never'`),
   * or the checkpoint or savepoint at a path.
   */
  readonly resume?: string
  /**
   * What a checkpoint does about records that are on their way between subtasks. `'aligned'` (default): it waits until they have been
   * worked on, as far as they lie before its barriers; it is small, and takes as long as that takes. `'unaligned'`: it holds them,
   * and is complete however slowly they are worked on; for jobs under backpressure. Subtasks take them out of the
   * rings onto the heap meanwhile, which costs as much memory as rings and queues hold. Savepoints, and checkpoints that end a job, are
   * always aligned. See `docs/stateful.md`.
   */
  readonly mode?: 'aligned' | 'unaligned'
  /** Which differences between the program and the checkpoint that it begins with are meant. */
  readonly allow?: AllowConfig
}

/** Operators are the same if their `uid`s are. All differences are told to the log. */
export interface AllowConfig {
  /** State whose operator is gone is dropped. Default false: the job is refused (`SAGE_CHECKPOINT_INCOMPATIBLE`). */
  readonly droppedState?: boolean
  /**
   * Operators that keep state, and that the checkpoint does not know, begin without. Default false: the job is refused
   * (`SAGE_CHECKPOINT_INCOMPATIBLE`), where that shows before the first record, which is so for all but functions that ask
   * for `ctx.state` only then.
   */
  readonly newState?: boolean
}

/**
 * When a job that has failed is started again, inside the process and from its newest checkpoint: always after the same
 * delay; after delays that grow by `factor` from `initial` to `max`; or as long as it does not fail more than `failures` times within
 * `interval`. `attempts` are counted anew after a completed checkpoint; `Infinity` is allowed.
 */
export type RestartConfig =
  | 'none'
  | { readonly fixedDelay: { readonly delay: Duration; readonly attempts: number } }
  | {
      readonly exponential: {
        /** Default 1 s. */
        readonly initial?: Duration
        /** Default 1 minute. */
        readonly max?: Duration
        /** Default 2. */
        readonly factor?: number
        /** Default 10. */
        readonly attempts?: number
      }
    }
  | {
      readonly failureRate: {
        readonly failures: number
        readonly interval: Duration
        readonly delay: Duration
      }
    }

/** Settings of one environment and its job; every field has a default (API 2). */
export interface EnvironmentConfig {
  /** Default parallelism of partitioned sources, `rebalance()` and the first operator behind a `keyBy`. Default: the processors available. */
  readonly parallelism?: number
  /** Key groups: the upper bound of any later parallelism. Default 128. */
  readonly maxParallelism?: number
  /** The most worker threads of this job, beside its coordinator. Default: the processors available. */
  readonly maxThreads?: number
  /**
   * How long a worker without work spins before it parks, and a fifth of how long the main thread looks for an answer; where
   * that is in vain, it is left out more and more often. 0: never. Default 20 µs (`0.02`).
   */
  readonly spin?: Duration
  /**
   * User code that has not returned for this long counts as stuck: its thread is ended, and the job fails with `SAGE_STUCK`.
   * Meant for endless loops; a synchronous call that may take longer needs more. `Infinity`: never. Not in inline
   * mode, nor while a debugger is attached. Default 1 minute.
   */
  readonly stuckAfter?: Duration
  /** `'threads'` (default) or `'inline'`: all subtasks in the calling thread. */
  readonly mode?: 'threads' | 'inline'
  /** Makes fusing unobservable: freezes or copies records behind fan-outs. Default: true in inline mode. */
  readonly strict?: boolean
  /** Whether a script-form job handles SIGINT and SIGTERM. Default true. */
  readonly signals?: boolean
  /** The job module's URL, where the constructor's call site is not it. */
  readonly module?: string
  readonly memory?: MemoryConfig
  /** Checkpoints, from which a job goes on after a crash. Default: none. */
  readonly checkpoint?: CheckpointConfig
  /** What becomes of a job that fails once it has run. Default: `'none'` without checkpoints, `{ exponential: {} }` with. */
  readonly restart?: RestartConfig
  /** Default error policy of all operators. Default `'fail'`. */
  readonly errors?: ErrorPolicy
  /** Processing time: `'system'` (default), a `ManualClock` of `sage-stream/testing`, or, in inline mode only, any clock object. */
  readonly clock?: 'system' | Clock
  /** Default `'INFO'`. */
  readonly logLevel?: LogLevel
  /** Where log lines go, of workers too; called on the main thread. Default: the console's standard error. */
  readonly logger?: Logger
}

/** The configuration with every default filled in; durations in milliseconds. */
export interface ResolvedConfig {
  readonly parallelism: number
  readonly maxParallelism: number
  readonly maxThreads: number
  readonly spinMs: number
  readonly stuckAfterMs: number
  readonly mode: 'threads' | 'inline'
  readonly strict: boolean
  readonly signals: boolean
  readonly module: string | undefined
  readonly ringBytes: number | undefined
  readonly totalRingBytes: number
  readonly metricsBytes: number
  readonly workerHeapMb: number | undefined
  readonly sharedBytes: number
  readonly checkpoint: CheckpointSettings | undefined
  readonly restart: RestartPolicy
  readonly errors: ErrorPolicy
  readonly clock: 'system' | Clock
  readonly logLevel: LogLevel
  readonly logger: Logger | undefined
}

/** Asked for when needed: every thread of every job loads this file. */
const availableParallelism = (): number =>
  process.getBuiltinModule('node:os').availableParallelism()

const KNOWN: ReadonlySet<string> = new Set<keyof EnvironmentConfig>([
  'parallelism',
  'maxParallelism',
  'maxThreads',
  'spin',
  'stuckAfter',
  'mode',
  'strict',
  'signals',
  'module',
  'memory',
  'checkpoint',
  'restart',
  'errors',
  'clock',
  'logLevel',
  'logger',
])
const KNOWN_CHECKPOINT: ReadonlySet<string> = new Set<keyof CheckpointConfig>([
  'dir',
  'interval',
  'retain',
  'timeout',
  'resume',
  'mode',
  'allow',
])
const KNOWN_ALLOW: ReadonlySet<string> = new Set<keyof AllowConfig>(['droppedState', 'newState'])
const KNOWN_MEMORY: ReadonlySet<string> = new Set<keyof MemoryConfig>([
  'ringBytes',
  'totalRingBytes',
  'workerHeapMb',
  'sharedBytes',
  'metricsBytes',
])

/** The smallest ring. */
export const MIN_RING_BYTES = 4096
const DEFAULT_TOTAL_RING_BYTES = 512 * 1024 * 1024
const DEFAULT_METRICS_BYTES = 4 * 1024 * 1024
const DEFAULT_SHARED_BYTES = 16 * 1024 * 1024

/** Checks a configuration and fills in the defaults. Throws `SAGE_CONFIG` or `SAGE_PARALLELISM`, naming the field. */
export function resolveConfig(config: EnvironmentConfig = {}): ResolvedConfig {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw refuse('config', 'an object', config)
  }
  refuseUnknown(config, KNOWN, 'config')
  const memory = config.memory ?? {}
  if (typeof memory !== 'object' || memory === null) throw refuse('memory', 'an object', memory)
  refuseUnknown(memory, KNOWN_MEMORY, 'memory')
  const mode = oneOf('mode', config.mode ?? 'threads', ['threads', 'inline'] as const)
  const maxParallelism = wholeNumber(
    'maxParallelism',
    config.maxParallelism ?? 128,
    1,
    32768,
    'SAGE_PARALLELISM',
  )
  return {
    parallelism: wholeNumber(
      'parallelism',
      config.parallelism ?? Math.min(availableParallelism(), maxParallelism),
      1,
      maxParallelism,
      'SAGE_PARALLELISM',
    ),
    maxParallelism,
    maxThreads: wholeNumber('maxThreads', config.maxThreads ?? availableParallelism(), 1, 1024),
    spinMs: configDuration('spin', config.spin ?? 0.02),
    stuckAfterMs: positiveDuration('stuckAfter', config.stuckAfter ?? '1m'),
    mode,
    strict: flag('strict', config.strict ?? mode === 'inline'),
    signals: flag('signals', config.signals ?? true),
    module: moduleUrl(config.module),
    ringBytes: memory.ringBytes === undefined ? undefined : ringSize(memory.ringBytes),
    totalRingBytes: wholeNumber(
      'memory.totalRingBytes',
      memory.totalRingBytes ?? DEFAULT_TOTAL_RING_BYTES,
      MIN_RING_BYTES,
      2 ** 31 - 1,
    ),
    metricsBytes: wholeNumber(
      'memory.metricsBytes',
      memory.metricsBytes ?? DEFAULT_METRICS_BYTES,
      METRICS_BYTES_MIN,
      2 ** 31 - 1,
    ),
    workerHeapMb:
      memory.workerHeapMb === undefined
        ? undefined
        : wholeNumber('memory.workerHeapMb', memory.workerHeapMb, 8, 2 ** 20),
    sharedBytes: wholeNumber(
      'memory.sharedBytes',
      memory.sharedBytes ?? DEFAULT_SHARED_BYTES,
      0,
      2 ** 31 - 1,
    ),
    checkpoint: config.checkpoint === undefined ? undefined : checkpointSettings(config.checkpoint),
    restart: restartPolicy(
      config.restart ?? (config.checkpoint === undefined ? 'none' : { exponential: {} }),
    ),
    errors: config.errors === undefined ? 'fail' : errorPolicy(config.errors),
    clock: checkClock(config.clock ?? 'system', mode),
    logLevel: logLevel(config.logLevel ?? 'INFO'),
    logger: checkLogger(config.logger),
  }
}

function checkpointSettings(config: CheckpointConfig): CheckpointSettings {
  if (typeof config !== 'object' || config === null) throw refuse('checkpoint', 'an object', config)
  refuseUnknown(config, KNOWN_CHECKPOINT, 'checkpoint')
  const { dir, interval = '10s', retain = 3, timeout = '10m', resume = 'latest' } = config
  const mode = oneOf('checkpoint.mode', config.mode ?? 'aligned', ['aligned', 'unaligned'] as const)
  return {
    // Threads have a working directory of their own.
    dir: process.getBuiltinModule('node:path').resolve(text('checkpoint.dir', dir)),
    intervalMs: positiveDuration('checkpoint.interval', interval),
    timeoutMs: positiveDuration('checkpoint.timeout', timeout),
    retain: wholeNumber('checkpoint.retain', retain, 1, 1_000_000),
    resume: resumePath(text('checkpoint.resume', resume)),
    unaligned: mode === 'unaligned',
    allow: allowedChanges(config.allow ?? {}),
  }
}

function allowedChanges(allow: AllowConfig): CheckpointSettings['allow'] {
  const field = 'checkpoint.allow'
  if (typeof allow !== 'object') throw refuse(field, 'an object', allow)
  refuseUnknown(allow, KNOWN_ALLOW, field)
  const { droppedState = false, newState = false } = allow
  return {
    droppedState: flag(`${field}.droppedState`, droppedState),
    newState: flag(`${field}.newState`, newState),
  }
}

const RESTARTS = ['fixedDelay', 'exponential', 'failureRate'] as const
const KNOWN_RESTART: Readonly<Record<(typeof RESTARTS)[number], ReadonlySet<string>>> = {
  fixedDelay: new Set(['delay', 'attempts']),
  exponential: new Set(['initial', 'max', 'factor', 'attempts']),
  failureRate: new Set(['failures', 'interval', 'delay']),
}

function restartPolicy(config: RestartConfig): RestartPolicy {
  if (config === 'none') return { type: 'none' }
  const given = typeof config === 'object' && config !== null ? Object.keys(config) : []
  const type = RESTARTS.find((known) => known === given[0])
  if (type === undefined || given.length > 1) {
    throw refuse(
      'restart',
      "'none' or an object with one of fixedDelay, exponential, failureRate",
      config,
    )
  }
  const field = `restart.${type}`
  const options: Record<string, any> = (config as Record<string, any>)[type]
  if (typeof options !== 'object' || options === null) throw refuse(field, 'an object', options)
  refuseUnknown(options, KNOWN_RESTART[type], field)
  if (type === 'fixedDelay') {
    const delayMs = restartDelay(`${field}.delay`, options.delay)
    return { type, delayMs, attempts: attemptsOf(field, options.attempts) }
  }
  if (type === 'failureRate') {
    return {
      type,
      failures: wholeNumber(`${field}.failures`, options.failures, 1, 1_000_000),
      intervalMs: positiveDuration(`${field}.interval`, options.interval),
      delayMs: restartDelay(`${field}.delay`, options.delay),
    }
  }
  const { initial = '1s', max = '1m', factor = 2, attempts = 10 } = options
  const initialMs = positiveDuration(`${field}.initial`, initial)
  const maxMs = restartDelay(`${field}.max`, max)
  if (maxMs < initialMs) throw refuse(`${field}.max`, 'a duration of at least initial', max)
  if (typeof factor !== 'number' || !(factor >= 1 && factor < Number.POSITIVE_INFINITY))
    throw refuse(`${field}.factor`, 'a number of at least 1', factor)
  return { type, initialMs, maxMs, factor, attempts: attemptsOf(field, attempts) }
}

/** A timer set for longer would fire at once. */
function restartDelay(field: string, value: Duration): number {
  const ms = configDuration(field, value)
  if (ms < 2 ** 31) return ms
  throw refuse(field, 'a duration of at most 24 days', value)
}

function attemptsOf(field: string, attempts: unknown): number {
  if (attempts === Number.POSITIVE_INFINITY) return attempts
  return wholeNumber(`${field}.attempts`, attempts, 1, 1_000_000)
}

function resumePath(resume: string): string {
  if (resume === 'latest' || resume === 'never') return resume
  return process.getBuiltinModule('node:path').resolve(resume)
}

function positiveDuration(field: string, value: Duration): number {
  const ms = configDuration(field, value)
  if (ms > 0) return ms
  throw refuse(field, 'a duration greater than 0', value)
}

function text(field: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw refuse(field, 'a path', value)
}

/** A log level in any case. Throws `SAGE_CONFIG`: "Invalid log level". */
export function logLevel(level: unknown): LogLevel {
  const upper = typeof level === 'string' ? level.toUpperCase() : level
  if (LOG_LEVELS.includes(upper as LogLevel)) return upper as LogLevel
  throw new StreamError(
    'SAGE_CONFIG',
    `Invalid log level: expected ${LOG_LEVELS.join(', ')}, got ${describe(level)}`,
  )
}

/** A parallelism: an integer from 1 to `max`. Throws `SAGE_PARALLELISM`. */
export function checkParallelism(value: unknown, max: number, where: string): number {
  return wholeNumber(where, value, 1, max, 'SAGE_PARALLELISM')
}

function wholeNumber(
  field: string,
  value: unknown,
  min: number,
  max: number,
  code: ErrorCode = 'SAGE_CONFIG',
): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max)
    return value
  throw refuse(field, `an integer from ${min} to ${max}`, value, code)
}

function ringSize(value: unknown): number {
  const size = wholeNumber('memory.ringBytes', value, MIN_RING_BYTES, 2 ** 30)
  if ((size & (size - 1)) === 0) return size
  throw refuse('memory.ringBytes', 'a power of two', value)
}

function flag(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw refuse(field, 'true or false', value)
}

function oneOf<T extends string>(field: string, value: unknown, allowed: readonly T[]): T {
  if (allowed.includes(value as T)) return value as T
  throw refuse(field, allowed.map((a) => `'${a}'`).join(' or '), value)
}

function errorPolicy(value: ErrorPolicy): ErrorPolicy {
  return asConfigError(() => checkErrorPolicy(value, 'errors'))
}

function configDuration(field: string, value: Duration): number {
  return asConfigError(() => durationMs(value, field))
}

/** A check that operators share has its own code; of a configuration it is `SAGE_CONFIG`. */
function asConfigError<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw new StreamError('SAGE_CONFIG', (error as Error).message)
  }
}

function moduleUrl(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && URL.canParse(value)) return value
  throw refuse('module', 'a URL such as import.meta.url', value)
}

function checkClock(clock: unknown, mode: 'threads' | 'inline'): 'system' | Clock {
  if (clock === 'system') return clock
  if (typeof (clock as Clock | null)?.now !== 'function')
    throw refuse('clock', "'system' or a clock with now()", clock)
  if (mode === 'threads' && !isSharedClock(clock)) {
    throw refuse(
      'clock',
      "'system' or a ManualClock in threads mode: another clock object cannot cross threads",
      clock,
    )
  }
  return clock as Clock
}

function checkLogger(logger: unknown): Logger | undefined {
  if (logger === undefined) return undefined
  for (const method of ['debug', 'info', 'warning', 'error'] as const) {
    if (typeof (logger as Partial<Logger> | null)?.[method] !== 'function') {
      throw refuse('logger', 'an object with debug, info, warning and error', logger)
    }
  }
  return logger as Logger
}

function refuseUnknown(given: object, known: ReadonlySet<string>, where: string): void {
  for (const field of Object.keys(given)) {
    if (!known.has(field))
      throw refuse(`${where}.${field}`, `one of ${[...known].join(', ')}`, field)
  }
}

function refuse(
  field: string,
  expected: string,
  got: unknown,
  code: ErrorCode = 'SAGE_CONFIG',
): StreamError {
  return new StreamError(code, `${field}: expected ${expected}, got ${describe(got)}`)
}
