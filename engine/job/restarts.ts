import type { ErrorCode } from '../../codec/errors.ts'
import type { Machine } from '../thread/machine.ts'
import { decideRestart, type RestartDecision, type RestartPolicy } from './restart-decision.ts'

/** The failures and restarts of one job. */
export class Restarts {
  readonly #policy: RestartPolicy
  readonly #machine: Pick<Machine, 'nowMs'>
  /** When it failed, as far as the policy asks. */
  readonly #failures: number[] = []
  #attempts = 0
  /** How often the job was started again. */
  count = 0

  constructor(policy: RestartPolicy, machine: Pick<Machine, 'nowMs'>) {
    this.#policy = policy
    this.#machine = machine
  }

  /** The job has failed. A restart that this decides for is counted. */
  decide(code: ErrorCode, job: { hasRun: boolean; ending: boolean }): RestartDecision {
    this.#failures.push(this.#machine.nowMs())
    const keep = this.#policy.type === 'failureRate' ? this.#policy.failures + 1 : 1
    this.#failures.splice(0, this.#failures.length - keep)
    const facts = { code, ...job, attempts: this.#attempts, failures: this.#failures }
    const decision = decideRestart(this.#policy, facts)
    if (decision.type === 'restart') {
      this.#attempts++
      this.count++
    }
    return decision
  }

  /** A checkpoint is complete: the job has come further. */
  progressed(): void {
    this.#attempts = 0
  }
}
