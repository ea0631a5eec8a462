import { describe, StreamError } from '../../codec/errors.ts'

/** Options of `JobHandle.stop`. */
export interface StopOptions {
  /**
   * The path of a directory, other than that of the job's checkpoints, that gets a savepoint. The job ends behind it without an
   * end of its input: what is open stays so for the job that begins from it.
   */
  readonly savepoint?: string
  /** With `savepoint`: that is taken first, then the job ends as without it, with an end of its input. Default false. */
  readonly drain?: boolean
}

/** Throws `SAGE_OPTION` for what it does not know: a misspelt `savepoint` would close what was to stay open. */
export function checkStopOptions(options: StopOptions): StopOptions {
  if (typeof options !== 'object' || options === null)
    throw refuse('an object with savepoint, drain', describe(options))
  for (const field of Object.keys(options))
    if (field !== 'savepoint' && field !== 'drain') throw refuse('savepoint, drain', `'${field}'`)
  const { drain } = options
  if (drain === undefined || typeof drain === 'boolean') return options
  throw refuse('true or false as drain', describe(drain))
}

function refuse(expected: string, got: string): StreamError {
  return new StreamError('SAGE_OPTION', `stop(): expected ${expected}, got ${got}`)
}
