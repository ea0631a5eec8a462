import { ownProperties } from './error-value.ts'
import { describe, StreamError } from './errors.ts'
import { registeredByPrototype } from './register-type.ts'
import { Unsupported } from './unsupported.ts'
import { objectWriterOf } from './value-classes.ts'
import { MAX_DEPTH } from './value-format.ts'

const MAX_PATH = 120

interface Found {
  readonly what: string
  readonly path: string
}

/** The error to throw for a value that could not be written. */
export function explainFailure(value: unknown, failure: unknown): StreamError {
  if (failure instanceof StreamError) return failure
  if (isRefusal(failure)) {
    const tooDeep = { what: failure.message, path: 'record' }
    const { what, path } = locate(value, 'record', new Map()) ?? tooDeep
    const where = path.length > MAX_PATH ? `${path.slice(0, MAX_PATH)}…` : path
    return new StreamError('SAGE_CODEC_UNSUPPORTED', `expected data, got ${what} at ${where}`)
  }
  const message = `expected data, got a value that cannot be read: ${describe(failure)}`
  return new StreamError('SAGE_CODEC_UNSUPPORTED', message, { cause: failure })
}

/** Whether a value was refused as it is, not because something threw when it was read. */
export function isRefusal(failure: unknown): failure is Error {
  return failure instanceof Unsupported || isStackOverflow(failure)
}

function isStackOverflow(failure: unknown): failure is RangeError {
  return failure instanceof RangeError && failure.message.includes('call stack')
}

/** Throws `Unsupported` where `object` contains itself or nests more than `levels` objects. */
export function checkNesting(object: object, levels: number): void {
  walkNesting(object, levels, new Set())
}

function walkNesting(object: object, levels: number, ancestors: Set<object>): void {
  if (ancestors.has(object)) throw new Unsupported('a cycle')
  if (levels < 0) throw new Unsupported(tooDeep)
  ancestors.add(object)
  for (const [child] of childrenOf(object)) {
    if (typeof child === 'object' && child !== null) walkNesting(child, levels - 1, ancestors)
  }
  ancestors.delete(object)
}

const tooDeep = `values nested deeper than ${MAX_DEPTH}`

/** The first thing in `value` that cannot be carried, in the order of writing. */
function locate(value: unknown, path: string, above: Map<object, string>): Found | null {
  if (typeof value === 'function') return { what: describe(value), path }
  if (typeof value === 'symbol') return { what: `a symbol, ${describe(value)},`, path }
  if (typeof value !== 'object' || value === null) return null
  const cycle = above.get(value)
  if (cycle !== undefined) return { what: `a cycle back to ${cycle}`, path }
  if (above.size === MAX_DEPTH) return { what: tooDeep, path }
  const what = unsupportedClass(value)
  if (what !== null) return { what, path }
  above.set(value, path)
  for (const [child, step] of childrenOf(value)) {
    const found = locate(child, path + step, above)
    if (found !== null) return found
  }
  above.delete(value)
  return null
}

function unsupportedClass(object: object): string | null {
  const prototype = Object.getPrototypeOf(object)
  if (prototype === Object.prototype || prototype === Array.prototype || prototype === null) {
    return null
  }
  try {
    objectWriterOf(object, prototype)
    return null
  } catch (failure) {
    const { message } = failure as Error
    return `${message} (registerType in the job module could make it data)`
  }
}

/** What an object holds, each with how a path goes on to it. */
function* childrenOf(object: object): Iterable<readonly [child: unknown, step: string]> {
  if (object instanceof Map) {
    for (const [key, value] of object) {
      yield [key, '.keys()'] as const
      yield [value, `.get(${describe(key, 20)})`] as const
    }
  } else if (object instanceof Set) {
    for (const value of object) yield [value, '.values()'] as const
  } else if (object instanceof Error) {
    yield [object.cause, '.cause'] as const
    if (object instanceof AggregateError) yield [object.errors, '.errors'] as const
    yield [ownProperties(object), ''] as const
  } else if (Array.isArray(object)) {
    for (const key of Object.keys(object)) yield [object[Number(key)], `[${key}]`] as const
  } else {
    yield* membersOf(object)
  }
}

function* membersOf(object: object): Iterable<readonly [child: unknown, step: string]> {
  if (ArrayBuffer.isView(object)) return
  const type = registeredByPrototype(Object.getPrototypeOf(object))
  if (type !== undefined) {
    yield [type.encode(object), '.encode()'] as const
    return
  }
  for (const [key, value] of Object.entries(object)) {
    const step = /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
    yield [value, step] as const
  }
}
