import type { ErrorCode } from '../../codec/errors.ts'

/** When a job that has failed is started again; durations in milliseconds. */
export type RestartPolicy =
  | { readonly type: 'none' }
  | { readonly type: 'fixedDelay'; readonly delayMs: number; readonly attempts: number }
  | {
      readonly type: 'exponential'
      readonly initialMs: number
      readonly maxMs: number
      readonly factor: number
      readonly attempts: number
    }
  | {
      readonly type: 'failureRate'
      readonly failures: number
      readonly intervalMs: number
      readonly delayMs: number
    }

/** What is known when a job has failed. */
export interface FailureFacts {
  readonly code: ErrorCode
  /** Whether the job has ever run: `submit` tells of one that has not, and its caller decides. */
  readonly hasRun: boolean
  /** Whether its end was asked for: by `stop` or `cancel`. */
  readonly ending: boolean
  /** Restarts since a checkpoint was last completed. */
  readonly attempts: number
  /** When it failed, this time included, in monotonic ms; in order. */
  readonly failures: readonly number[]
}

/** After which delay to start again; or to give up. */
export type RestartDecision =
  | { readonly type: 'restart'; readonly delayMs: number }
  | { readonly type: 'giveUp' }

/**
 * What may go well another time: it came from user code, from a thread, or from what the job works with. All else would
 * be the same: a program or a configuration that is refused, a checkpoint that cannot be resumed from, records of a wrong kind.
 */
const CURABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SAGE_USER_ERROR',
  'SAGE_UNHANDLED_REJECTION',
  'SAGE_WORKER_EXIT',
  'SAGE_OUT_OF_MEMORY',
  'SAGE_STUCK',
  'SAGE_SERVICE',
  'SAGE_FILE',
  'SAGE_SQL',
  'SAGE_TIMEOUT',
])

const GIVE_UP: RestartDecision = { type: 'giveUp' }

/** Whether a job that has failed is started again, and after which time. */
export function decideRestart(policy: RestartPolicy, facts: FailureFacts): RestartDecision {
  if (!facts.hasRun || facts.ending || !CURABLE.has(facts.code)) return GIVE_UP
  const { attempts } = facts
  switch (policy.type) {
    case 'none':
      return GIVE_UP
    case 'fixedDelay':
      return attempts < policy.attempts ? restartAfter(policy.delayMs) : GIVE_UP
    case 'exponential':
      return attempts < policy.attempts
        ? restartAfter(Math.min(policy.initialMs * policy.factor ** attempts, policy.maxMs))
        : GIVE_UP
    case 'failureRate': {
      const since = facts.failures.at(-1)! - policy.intervalMs
      const recent = facts.failures.filter((failedMs) => failedMs > since)
      return recent.length <= policy.failures ? restartAfter(policy.delayMs) : GIVE_UP
    }
  }
}

function restartAfter(delayMs: number): RestartDecision {
  return { type: 'restart', delayMs }
}
