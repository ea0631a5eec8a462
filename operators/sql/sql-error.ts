import { StreamError } from '../../codec/errors.ts'

/** A database that refuses what a sink wants of it, or cannot be reached. */
export class SqlError extends StreamError {
  /** Tells the engine that the error is not about one record: it ends the job under every policy. */
  readonly endsJob = true

  constructor(message: string, place: { cause?: unknown } = {}) {
    super('SAGE_SQL', message, place)
  }
}

/** Whatever `work` throws, as a {@link SqlError} that says what was being done. */
export async function attempting<R>(what: string, work: () => Promise<R>): Promise<R> {
  try {
    return await work()
  } catch (thrown) {
    if (thrown instanceof StreamError) throw thrown
    throw new SqlError(`${what}: ${messageOf(thrown)}`, { cause: thrown })
  }
}

/** Node hides the reasons of a failed connection in an error without a message. */
function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.message === '')
    return thrown.errors.map(messageOf).join('; ')
  return thrown instanceof Error ? thrown.message : String(thrown)
}
