import { type Duration, durationMs } from '../../codec/duration.ts'
import { describe, type ErrorCode, StreamError } from '../../codec/errors.ts'

/**
 * What happens to a record on which user code fails. Each failure is counted, whatever the policy.
 *
 * - `'fail'` (default): the job fails.
 * - `'skip'`: the record is left out.
 * - `{ retry, backoff, then }`: the call is made up to `retry` more times, `backoff` apart, then `then` decides.
 * - `{ deadLetter: true }`: the record goes to `stream.deadLetters()`, else to the job's result.
 */
export type ErrorPolicy =
  | 'fail'
  | 'skip'
  | { readonly deadLetter: true }
  | {
      readonly retry: number
      readonly backoff?: Duration
      readonly then?: 'fail' | 'skip' | { readonly deadLetter: true }
    }

/** A record that failed for good. */
export interface DeadLetter<T = unknown> {
  readonly value: T
  readonly error: unknown
  readonly key: unknown
  readonly operator: string
  /** How often the operator was called with it. */
  readonly attempts: number
}

/** Codes of errors about one record; every other code ends the job, whatever the policy. */
const RECORD_CODES: ReadonlySet<ErrorCode> = new Set([
  'SAGE_USER_ERROR',
  'SAGE_CODEC_UNSUPPORTED',
  'SAGE_SCHEMA_MISMATCH',
  'SAGE_KEY',
  'SAGE_PARTITION',
  'SAGE_NOT_ITERABLE',
  'SAGE_PROMISE',
  'SAGE_TIMESTAMP',
  'SAGE_TIMEOUT',
  'SAGE_SERVICE',
  'SAGE_FILE',
])

/**
 * Whether an error concerns one record, so that the operator's policy decides. A `StreamError` may say otherwise of
 * itself by a property `endsJob` (a missing file is `SAGE_FILE` as a broken line is).
 */
export function concernsRecord(error: unknown): boolean {
  if (!(error instanceof StreamError)) return true
  return RECORD_CODES.has(error.code) && (error as { endsJob?: boolean }).endsJob !== true
}

/** A policy with its parts spelt out: what the engine works with. */
export interface ResolvedErrorPolicy {
  readonly retries: number
  readonly backoffMs: number
  readonly then: 'fail' | 'skip' | 'deadLetter'
}

/** Spells a policy out. */
export function resolveErrorPolicy(policy: ErrorPolicy): ResolvedErrorPolicy {
  if (typeof policy === 'string') return { retries: 0, backoffMs: 0, then: policy }
  if (!('retry' in policy)) return { retries: 0, backoffMs: 0, then: 'deadLetter' }
  const { retry, backoff = 0, then = 'fail' } = policy
  return {
    retries: retry,
    backoffMs: durationMs(backoff, 'backoff'),
    then: typeof then === 'string' ? then : 'deadLetter',
  }
}

/** Checks a policy given by a user. Throws `SAGE_OPTION` naming `where`. */
export function checkErrorPolicy(policy: unknown, where: string): ErrorPolicy {
  if (isFinalPolicy(policy)) return policy
  const { retry, backoff, then, ...rest } = (policy ?? {}) as {
    retry?: unknown
    backoff?: Duration
    then?: unknown
  }
  const retryable = typeof policy === 'object' && Number.isInteger(retry) && (retry as number) >= 0
  if (!retryable || Object.keys(rest).length > 0 || !(then === undefined || isFinalPolicy(then))) {
    throw new StreamError(
      'SAGE_OPTION',
      `${where}: expected 'fail', 'skip', { deadLetter: true } or { retry: n, backoff?, then? }, got ${describe(policy)}`,
    )
  }
  if (backoff !== undefined) durationMs(backoff, `${where}.backoff`)
  return policy as ErrorPolicy
}

function isFinalPolicy(policy: unknown): policy is 'fail' | 'skip' | { readonly deadLetter: true } {
  if (policy === 'fail' || policy === 'skip') return true
  return (
    typeof policy === 'object' &&
    policy !== null &&
    Object.keys(policy).length === 1 &&
    (policy as { deadLetter?: unknown }).deadLetter === true
  )
}
