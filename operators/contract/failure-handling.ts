/** What a connected stream's error handler is told beside the error. */
export interface ErrorContext {
  /** Index of the input stream; undefined where no single record failed, as in a window. */
  readonly input: number | undefined
  /** The record; undefined where no single one failed. Of a micro-batch: the one that was read last. */
  readonly value: unknown
  /** How often the operator has been called with it, from 1. */
  readonly attempt: number
  /** The operator's name. */
  readonly operator: string
}

/**
 * What becomes of a record on which user code failed: it is left out, the call is made again (at most 3 times, then the
 * job stops), or the job fails.
 */
export type ErrorVerdict = 'continue' | 'retry' | 'stop'

/**
 * Decides about a failure. `streamId` is the name of the input stream; those of all, where no single record
 * failed.
 */
export type ErrorHandler = (streamId: string, error: Error, context: ErrorContext) => ErrorVerdict

/** How failures of an operator on connected streams are handled, above its `errors` policy. */
export interface FailureHandling {
  /** The names of the inputs. */
  readonly inputs: readonly string[]
  readonly onError: ErrorHandler | undefined
  /** More than `maxErrors` records that failed for good within `windowMs` end the job. */
  readonly threshold: { readonly maxErrors: number; readonly windowMs: number } | undefined
}

/** So often `'retry'` is obeyed for one record. */
export const MAX_RETRIES = 3
