import { StreamError } from '../../codec/errors.ts'

/**
 * A file that cannot be read on or written to: missing, unreadable, cut off, full disk.
 * No error policy can leave it out; a broken record inside a good file is a plain `SAGE_FILE`.
 */
export class BrokenFileError extends StreamError {
  /**
   * Tells the engine that the error is not about one record: it ends the job under every policy.
   */
  readonly endsJob = true

  constructor(path: string, detail: string, cause?: unknown) {
    super('SAGE_FILE', `file '${path}': ${detail}`, cause === undefined ? {} : { cause })
  }
}

/**
 * Whatever a read or write threw, as the error of that file; a {@link BrokenFileError} stays as it
 * is.
 */
export function brokenFile(path: string, expected: string, cause: unknown): BrokenFileError {
  if (cause instanceof BrokenFileError) return cause
  const got = cause instanceof Error ? cause.message : String(cause)
  return new BrokenFileError(path, `expected ${expected}, got: ${got}`, cause)
}

/** A file that is shorter than it was when it was found. */
export function cutOff(path: string, expected: number, got: number): BrokenFileError {
  return new BrokenFileError(
    path,
    `expected at least ${expected} bytes, got ${got}: it was cut off`,
  )
}

/** A broken record in a file that can be read on: goes through the source's `errors` policy. */
export function brokenRecord(
  path: string,
  line: number,
  detail: string,
  cause?: unknown,
): StreamError {
  const place = cause === undefined ? {} : { cause }
  return new StreamError('SAGE_FILE', `file '${path}', line ${line}: ${detail}`, place)
}
