import type { LedgerWeather } from './ledger.ts'
import type { Random } from './random.ts'
import type { SimulatedRestart } from './restart-rules.ts'
import type { CrashMode } from './simulated-disk.ts'
import type { DiskWeather } from './simulated-files.ts'
import { SITES, type Site } from './troubles.ts'

/** What is done to a job from outside. */
export type Action =
  | 'checkpoint'
  | 'savepoint'
  | 'suspend'
  | 'suspend to a savepoint'
  | 'stop'
  | 'cancel'
  | 'terminate a thread'
  | 'terminate the coordinator'
  | 'a thread hangs'
  | 'the clock jumps'

/** What happens in one life of a job, by the number of an event in it. */
export interface LifePlan {
  readonly maxThreads: number
  readonly strict: boolean
  /** Whether its checkpoints hold what is in flight. */
  readonly unaligned: boolean
  /** How long functions take for a record, in ms; 0: no time. */
  readonly slowMs: number
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly retain: number
  /** When it is started again after a failure, in the same process. */
  readonly restart: SimulatedRestart
  readonly disk: DiskWeather
  readonly ledger: LedgerWeather
  readonly troubles: ReadonlyMap<Site, number>
  readonly actions: readonly { readonly at: number; readonly action: Action }[]
  /** Whether its main thread stops reading an output in the midst. */
  readonly leavesEarly: boolean
  /** Before which event its computer ends. */
  readonly crash: { readonly at: number; readonly mode: CrashMode } | undefined
}

const NEVER = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY] as const

/** A disk that does what it should. */
export const FAIR: DiskWeather = {
  latencyMs: 5,
  syncMs: 20,
  errorShare: 0,
  shortShare: 0,
  full: NEVER,
  readOnly: NEVER,
}

/** Time enough for a checkpoint, in ms, however slow the world is. */
export const AMPLE_MS = 600_000

/** About so many events a life has that nothing ends. */
const EVENTS = 1_500

const ACTIONS: readonly Action[] = [
  'checkpoint',
  'savepoint',
  'suspend',
  'suspend to a savepoint',
  'cancel',
  'terminate a thread',
  'terminate a thread',
  'terminate the coordinator',
  'a thread hangs',
  'the clock jumps',
]

const RESTARTS: readonly SimulatedRestart[] = [
  'none',
  { fixedDelay: { delay: 0, attempts: 1 } },
  { fixedDelay: { delay: 200, attempts: 3 } },
  { exponential: { initial: 20, max: 200, factor: 3, attempts: 4 } },
  { failureRate: { failures: 2, interval: 3_000, delay: 100 } },
]

/** A life in which the world does what it should. */
export function calmLife(random: Random): LifePlan {
  return {
    maxThreads: random.between(1, 5),
    strict: random.chance(0.3),
    unaligned: random.chance(0.4),
    slowMs: random.pick([0, 0, 3]),
    intervalMs: random.pick([20, 100, 400]),
    timeoutMs: AMPLE_MS,
    retain: random.between(1, 3),
    restart: random.pick(RESTARTS),
    disk: FAIR,
    ledger: { latencyMs: 5, errorShare: 0 },
    troubles: new Map(),
    actions: [],
    leavesEarly: false,
    crash: undefined,
  }
}

/** What a life is drawn for. */
export interface LifeFacts {
  /** Whether a stop shows the effect of exactly what was handed out. */
  readonly drains: boolean
  /** Whether the main thread reads an output: what it has not come to is lost with the process. */
  readonly isRead: boolean
  readonly nowMs: number
}

/** A life in which something goes wrong, or much. */
export function hardLife(random: Random, { drains, isRead, nowMs }: LifeFacts): LifePlan {
  const actions = drains ? [...ACTIONS, 'stop' as const] : ACTIONS
  return {
    ...calmLife(random),
    timeoutMs: random.pick([200, 2_000, AMPLE_MS]),
    disk: random.chance(0.4) ? badWeather(random, nowMs) : FAIR,
    ledger: {
      latencyMs: random.pick([1, 50, 500]),
      errorShare: random.chance(0.1) ? 0.05 : 0,
    },
    troubles: new Map(
      Array.from({ length: random.pick([0, 0, 1, 2]) }, () => [
        random.pick(SITES),
        random.below(random.pick([3, 40])),
      ]),
    ),
    actions: Array.from({ length: random.pick([0, 1, 2, 4]) }, () => ({
      at: eventOf(random),
      action: random.pick(actions),
    })),
    leavesEarly: random.chance(0.1),
    crash: random.chance(isRead ? 0.1 : 0.6)
      ? { at: eventOf(random), mode: random.pick(['killed', 'power']) }
      : undefined,
  }
}

/** Anywhere in a life, more often early: a job that begins has most to do. */
function eventOf(random: Random): number {
  return Math.floor(EVENTS * random.next() ** 1.5)
}

function badWeather(random: Random, nowMs: number): DiskWeather {
  const spell = (): readonly [number, number] => {
    if (random.chance(0.6)) return NEVER
    const from = nowMs + random.below(3_000)
    return [from, from + random.below(2_000)]
  }
  return {
    latencyMs: random.pick([1, 20, 100]),
    syncMs: random.pick([10, 300, 2_000]),
    errorShare: random.pick([0, 0, 0.01, 0.1]),
    shortShare: random.pick([0, 0.3]),
    full: spell(),
    readOnly: spell(),
  }
}
