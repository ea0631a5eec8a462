import { describe, type ErrorCode, type ErrorPlace, StreamError } from './errors.ts'

/** How instances of a class travel: as other data, from which the receiving side makes new ones. */
export interface TypeCodec<T, Data> {
  /** The data that stands for an instance. */
  encode(value: T): Data
  /** An instance, from a copy of that data. */
  decode(data: Data): T
}

/** A class that records may hold instances of. */
export interface RegisteredType {
  readonly name: string
  readonly prototype: object
  encode(value: unknown): unknown
  decode(data: unknown): unknown
}

const byPrototype = new Map<object, RegisteredType>()
const byName = new Map<string, RegisteredType>()

/**
 * Lets records hold instances of `Class` (of the class itself: subclasses are types of their own).
 * To be called in the job module, so that every thread knows the type. `encode` gives any value
 * that a record may hold; `decode` makes an instance of a copy of it.
 *
 * @param name what the type is called in frames and checkpoints; give one where classes share a
 *   name or are renamed by a bundler
 * @throws StreamError `SAGE_OPTION`
 */
export function registerType<T, Data>(
  Class: abstract new (...args: never[]) => T,
  codec: TypeCodec<T, Data>,
  name: string = Class?.name,
): void {
  if (typeof Class !== 'function' || typeof Class.prototype !== 'object') {
    throw option(`expected a class, got ${describe(Class)}`)
  }
  if (builtIn.has(Class)) throw option(`${Class.name} needs no registration`)
  if (typeof codec?.encode !== 'function' || typeof codec.decode !== 'function') {
    throw option(`expected { encode, decode } for ${Class.name}, got ${describe(codec)}`)
  }
  if (typeof name !== 'string' || name === '') {
    throw option(`expected a name for the class, got ${describe(name)}`)
  }
  const holder = byName.get(name)
  if (holder !== undefined && holder.prototype !== Class.prototype) {
    throw option(`two classes are called '${name}': give one of them another name`)
  }
  const earlier = byPrototype.get(Class.prototype)
  if (earlier !== undefined) byName.delete(earlier.name)
  const { encode, decode } = codec as TypeCodec<unknown, unknown>
  const type: RegisteredType = {
    name,
    prototype: Class.prototype,
    encode: (value) => encode.call(codec, value),
    decode: (data) => decode.call(codec, data),
  }
  byPrototype.set(Class.prototype, type)
  byName.set(name, type)
}

function option(message: string): StreamError {
  return new StreamError('SAGE_OPTION', `registerType: ${message}`)
}

/** The type of objects with this prototype. */
export function registeredByPrototype(prototype: object): RegisteredType | undefined {
  return byPrototype.get(prototype)
}

/** The type of this name. */
export function registeredByName(name: string): RegisteredType | undefined {
  return byName.get(name)
}

const builtIn = new Set<unknown>([
  Object,
  Array,
  Date,
  RegExp,
  Map,
  Set,
  ArrayBuffer,
  DataView,
  Buffer,
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
  Function,
  Promise,
])

interface StreamErrorData {
  readonly code: ErrorCode
  readonly message: string
  readonly stack: string | undefined
  readonly operator: string | undefined
  readonly subtask: number | undefined
  readonly cause?: unknown
}

// Dead letters hold them.
registerType(StreamError, {
  encode(error): StreamErrorData {
    const { code, message, stack, operator, subtask } = error
    const data = { code, message, stack, operator, subtask }
    return 'cause' in error ? { ...data, cause: error.cause } : data
  },
  decode({ code, message, stack, ...place }) {
    const error = new StreamError(code, message, place as ErrorPlace)
    if (stack !== undefined) error.stack = stack
    return error
  },
})
