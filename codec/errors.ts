/**
 * Every code a `StreamError` can carry. Codes are stable: programs may match on them.
 * The part behind `SAGE_` names the subject, the message says what was expected, what came, and where.
 */
export type ErrorCode = `SAGE_${
  | 'OPTION'
  | 'CONFIG'
  | 'PARALLELISM'
  | 'NO_SOURCE'
  | 'DUPLICATE_UID'
  | 'DUPLICATE_NAME'
  | 'FUTURE_UNFILLED'
  | 'FUTURE_FILLED'
  | 'NOT_A_FUTURE'
  | 'ENVIRONMENTS_DIFFER'
  | 'NOT_KEYED'
  | 'JOIN_INPUTS'
  | 'COMAP_INPUTS'
  | 'SELECTORS'
  | 'STRATEGY'
  | 'SUBMITTED'
  | 'OUTPUT_UNREACHABLE'
  | 'JOB_MODULE'
  | 'GRAPH_MISMATCH'
  | 'USER_ERROR'
  | 'UNHANDLED_REJECTION'
  | 'WORKER_EXIT'
  | 'OUT_OF_MEMORY'
  | 'STUCK'
  | 'MEMORY'
  | 'CODEC_UNSUPPORTED'
  | 'SCHEMA_MISMATCH'
  | 'STALE_RECORD'
  | 'KEY'
  | 'PARTITION'
  | 'NOT_ITERABLE'
  | 'PROMISE'
  | 'NULL_RECORD'
  | 'TIMESTAMP'
  | 'STREAM_ENDED'
  | 'OUTPUT_READ'
  | 'FILE'
  | 'SQL'
  | 'TIMEOUT'
  | 'SERVICE'
  | 'ERROR_THRESHOLD'
  | 'STATE'
  | 'CHECKPOINT_DISABLED'
  | 'CHECKPOINT_IN_USE'
  | 'CHECKPOINT_CORRUPT'
  | 'CHECKPOINT_INCOMPATIBLE'
  | 'RESCALE'
  | 'CANCELLED'
  | 'FRAME_CORRUPT'}`

/** Where an error happened: the operator's name and the index of its subtask. */
export interface ErrorPlace {
  readonly operator?: string
  readonly subtask?: number
  readonly cause?: unknown
}

/**
 * The one error type of this package.
 *
 * `code` is stable, `operator` and `subtask` say where, `cause` is what user code threw
 * (its name, message and stack survive threads; something thrown that is no `Error` survives as itself).
 */
export class StreamError extends Error {
  override readonly name = 'StreamError'
  readonly code: ErrorCode
  readonly operator: string | undefined
  readonly subtask: number | undefined

  constructor(code: ErrorCode, message: string, place: ErrorPlace = {}) {
    super(message, 'cause' in place ? { cause: place.cause } : undefined)
    this.code = code
    this.operator = place.operator
    this.subtask = place.subtask
  }

  /**
   * The same error with a place, where it had none: the floor that knows the place adds it; and the record, where the
   * message does not tell of one.
   */
  at(operator: string, subtask: number, record?: unknown): StreamError {
    if (this.operator !== undefined) return this
    const told = record === undefined || this.message.includes(' at record')
    const what = told ? this.message : `${this.message} at record ${describe(record)}`
    const message = `${what} (operator '${operator}', subtask ${subtask})`
    const place = 'cause' in this ? { operator, subtask, cause: this.cause } : { operator, subtask }
    const moved = new StreamError(this.code, message, place)
    // The stack of an error begins with its message, and is what Node shows.
    if (this.stack !== undefined) moved.stack = this.stack.replace(this.message, () => message)
    return moved
  }
}

/** An error as plain data that `postMessage` can carry. */
export type ErrorData =
  | {
      readonly kind: 'stream'
      readonly code: ErrorCode
      readonly message: string
      readonly stack?: string
      readonly operator?: string
      readonly subtask?: number
      readonly cause?: ErrorData
    }
  | {
      readonly kind: 'error'
      readonly name: string
      readonly message: string
      readonly stack?: string
      readonly code?: string
      readonly cause?: ErrorData
    }
  | { readonly kind: 'value'; readonly value: unknown }

/** Turns anything thrown into data for another thread. Never throws itself. */
export function errorToData(thrown: unknown, depth = 0): ErrorData {
  if (thrown instanceof Error) {
    const stack = thrown.stack === undefined ? {} : { stack: String(thrown.stack) }
    const cause =
      'cause' in thrown && depth < 8 ? { cause: errorToData(thrown.cause, depth + 1) } : {}
    if (thrown instanceof StreamError) {
      const operator = thrown.operator === undefined ? {} : { operator: thrown.operator }
      const subtask = thrown.subtask === undefined ? {} : { subtask: thrown.subtask }
      return {
        kind: 'stream',
        code: thrown.code,
        message: thrown.message,
        ...stack,
        ...operator,
        ...subtask,
        ...cause,
      }
    }
    const code = (thrown as { code?: unknown }).code
    return {
      kind: 'error',
      name: String(thrown.name),
      message: String(thrown.message),
      ...stack,
      ...(typeof code === 'string' ? { code } : {}),
      ...cause,
    }
  }
  try {
    return { kind: 'value', value: structuredClone(thrown) }
  } catch {
    return { kind: 'value', value: describe(thrown) }
  }
}

/** The reverse of {@link errorToData}: `StreamError`s and built-in errors come back as such. */
export function errorFromData(data: ErrorData): unknown {
  if (data.kind === 'value') return data.value
  const cause = data.cause === undefined ? {} : { cause: errorFromData(data.cause) }
  if (data.kind === 'stream') {
    const error = new StreamError(data.code, data.message, {
      ...(data.operator === undefined ? {} : { operator: data.operator }),
      ...(data.subtask === undefined ? {} : { subtask: data.subtask }),
      ...cause,
    })
    if (data.stack !== undefined) error.stack = data.stack
    return error
  }
  const error = new (builtInErrors[data.name] ?? Error)(
    data.message,
    'cause' in cause ? cause : undefined,
  )
  if (error.name !== data.name)
    Object.defineProperty(error, 'name', { value: data.name, configurable: true, writable: true })
  if (data.stack !== undefined)
    Object.defineProperty(error, 'stack', { value: data.stack, configurable: true, writable: true })
  if (data.code !== undefined) Object.assign(error, { code: data.code })
  return error
}

const builtInErrors: Readonly<Record<string, ErrorConstructor>> = {
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
}

/** A short picture of any value for an error message: bounded, and never throwing. */
export function describe(value: unknown, maxLength = 120): string {
  let text: string
  try {
    if (typeof value === 'string') text = JSON.stringify(value)
    else if (typeof value === 'bigint') text = `${value}n`
    else if (typeof value === 'function') text = `function ${value.name || '(anonymous)'}`
    else if (Object.is(value, -0)) text = '-0'
    else if (value === null || typeof value !== 'object') text = String(value)
    else text = describeObject(value)
  } catch {
    text = `an unprintable ${typeof value}`
  }
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text
}

function describeObject(value: object): string {
  const className = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)
    ?.constructor?.name
  const json = JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v))
  if (Array.isArray(value) || className === 'Object' || className === undefined) return json
  return `${className} ${json}`
}
