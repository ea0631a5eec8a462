import { StreamError } from '../../codec/errors.ts'

/** A file of a checkpoint that is not what was written: `SAGE_CHECKPOINT_CORRUPT`. */
export function corrupt(path: string, expected: string, got: string): StreamError {
  const message = `checkpoint file '${path}': expected ${expected}, got ${got}`
  return new StreamError('SAGE_CHECKPOINT_CORRUPT', message)
}

/** A file that could not be written or read for now: `SAGE_FILE`, with the system's error as its cause. */
export function fileFailure(path: string, expected: string, cause: unknown): StreamError {
  if (cause instanceof StreamError) return cause
  const got = cause instanceof Error ? cause.message : String(cause)
  const message = `checkpoint file '${path}': expected ${expected}, got: ${got}`
  return new StreamError('SAGE_FILE', message, { cause })
}

/**
 * What reading a file threw. Missing or unreadable sectors are damage, for which an older checkpoint is used; what may
 * pass (no rights, too many open files) is not, and must not lead to an older one.
 */
export function readFailure(path: string, cause: unknown): StreamError {
  const code = (cause as { code?: unknown } | undefined)?.code
  if (code === 'ENOENT') return corrupt(path, 'the file', 'none')
  if (code === 'EIO') return corrupt(path, 'a readable file', 'EIO')
  return fileFailure(path, 'to read it', cause)
}

/** Whether an error says that a checkpoint is damaged. */
export function isCorrupt(error: unknown): error is StreamError {
  return error instanceof StreamError && error.code === 'SAGE_CHECKPOINT_CORRUPT'
}
