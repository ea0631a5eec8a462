import type { ErrorCode } from '../../codec/errors.ts'
import { Finding } from './oracle.ts'

/** A restart policy of the simulation, durations in ms. */
export type SimulatedRestart =
  | 'none'
  | { readonly fixedDelay: { readonly delay: number; readonly attempts: number } }
  | {
      readonly exponential: {
        readonly initial: number
        readonly max: number
        readonly factor: number
        readonly attempts: number
      }
    }
  | {
      readonly failureRate: {
        readonly failures: number
        readonly interval: number
        readonly delay: number
      }
    }

/** What may be another time. */
const PASSING: readonly ErrorCode[] = [
  'SAGE_USER_ERROR',
  'SAGE_WORKER_EXIT',
  'SAGE_STUCK',
  'SAGE_FILE',
  'SAGE_TIMEOUT',
]
/** What is about to be forgotten by a failure rate, or just was, may be either. */
const TOLERANCE_MS = 50

/** Holds the restarts of a job against its policy, by what anyone sees of it. */
export class RestartRules {
  readonly #policy: SimulatedRestart
  readonly #failures: number[] = []
  /** Restarts since a checkpoint was last complete. */
  #attempts = 0
  #dueMs = Number.NEGATIVE_INFINITY

  constructor(policy: SimulatedRestart) {
    this.#policy = policy
  }

  checkpointed(): void {
    this.#attempts = 0
  }

  /** The job has failed, and will be started again. */
  restarting(code: ErrorCode, nowMs: number): void {
    this.#failures.push(nowMs)
    if (!PASSING.includes(code)) throw new Finding(`the job starts again after ${code}`)
    if (this.#allowed() === false)
      throw new Finding(`the job starts again, against its policy, after ${this.#attempts} times`)
    this.#dueMs = nowMs + this.#delayMs()
    this.#attempts++
  }

  launched(nowMs: number): void {
    if (nowMs < this.#dueMs) throw new Finding('the job has started again too early')
  }

  /** The job has failed for good, after it had run and without anyone having asked for its end. */
  gaveUp(code: ErrorCode, nowMs: number): void {
    this.#failures.push(nowMs)
    if (PASSING.includes(code) && this.#allowed() === true)
      throw new Finding(`the job has not started again, after ${this.#attempts} times: ${code}`)
  }

  /** Whether the policy allows for one more; undefined: nobody can tell. */
  #allowed(): boolean | undefined {
    const policy = this.#policy
    if (policy === 'none') return false
    if ('fixedDelay' in policy) return this.#attempts < policy.fixedDelay.attempts
    if ('exponential' in policy) return this.#attempts < policy.exponential.attempts
    const { failures, interval } = policy.failureRate
    const within = (ms: number) =>
      this.#failures.filter((failedMs) => failedMs > this.#failures.at(-1)! - ms).length <= failures
    const [most, least] = [within(interval - TOLERANCE_MS), within(interval + TOLERANCE_MS)]
    return most === least ? most : undefined
  }

  #delayMs(): number {
    const policy = this.#policy
    if (policy === 'none') return 0
    if ('fixedDelay' in policy) return policy.fixedDelay.delay
    if ('failureRate' in policy) return policy.failureRate.delay
    const { initial, max, factor } = policy.exponential
    let delayMs = initial
    for (let i = 0; i < this.#attempts; i++) delayMs *= factor
    return Math.min(max, delayMs)
  }
}
