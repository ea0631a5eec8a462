import { StreamError } from '../../codec/errors.ts'
import type { CallService, Clock, RuntimeContext } from '../contract/context.ts'
import type { Logger, LogLevel } from '../contract/logger.ts'
import { MetricRegistry, unreadMetrics } from '../contract/metric-registry.ts'
import type { MetricGroup } from '../contract/metrics.ts'
import { emptyScope, type RecordScope } from '../contract/operator.ts'
import { BroadcastStates } from '../state/broadcast-states.ts'
import { KeyedState } from '../state/keyed-state.ts'
import { localStates } from './local-state.ts'

/** The default number of key groups, as in a job. */
export const MAX_PARALLELISM = 128

/** One line that an operator under test has logged. */
export interface LogLine {
  readonly level: LogLevel
  readonly message: string
  readonly details: readonly unknown[]
}

/** A logger that keeps its lines. */
export function recordingLogger(lines: LogLine[]): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, ...details: unknown[]): void => {
      lines.push({ level, message, details })
    }
  return { debug: at('DEBUG'), info: at('INFO'), warning: at('WARNING'), error: at('ERROR') }
}

/** The runtime context of an operator under test: it reads `scope`, has stores of its own and no services. */
export function harnessContext(
  place: { readonly name: string; readonly subtask: number; readonly parallelism: number },
  scope: RecordScope,
  logger: Logger,
  clock: Clock = { now: () => Date.now() },
  keyed = new KeyedState({ ...place, keyed: true, maxParallelism: MAX_PARALLELISM, clock }, scope),
  metrics: MetricGroup = new MetricRegistry(place.name, unreadMetrics, logger),
  broadcast = new BroadcastStates(place.name, false),
): RuntimeContext {
  return {
    ...place,
    jobName: 'harness',
    logger,
    metrics,
    clock,
    wake: () => undefined,
    shared: localStates(),
    service: noService,
    callService: noServices(),
    getKey: () => scope.key,
    state: (name, init, options) => keyed.state(name, init, options),
    listState: (name, options) => keyed.listState(name, options),
    mapState: (name, options) => keyed.mapState(name, options),
    broadcastState: (name) => broadcast.state(name),
    get timers() {
      return keyed.timers
    },
    get key() {
      return scope.key
    },
    get timestamp() {
      return Number.isNaN(scope.timestamp) ? undefined : scope.timestamp
    },
    get watermark() {
      return scope.watermark
    },
  }
}

/** The runtime context of a source under test. */
export function sourceContext(
  place: { subtask?: number; parallelism?: number } = {},
): RuntimeContext {
  const scope = emptyScope()
  return harnessContext(
    { name: 'source', subtask: 0, parallelism: 1, ...place },
    scope,
    recordingLogger([]),
  )
}

function noServices(): CallService {
  return Object.assign((name: string) => noService(name), {
    async: async (name: string) => noService(name),
  })
}

function noService(name: string): never {
  throw new StreamError('SAGE_SERVICE', `service '${name}': the operator harness has no services`)
}
