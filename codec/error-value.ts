import { setOwn } from './shape.ts'
import { TAG } from './value-format.ts'
import type { ValueSink, ValueSource } from './value-io.ts'

// An Error is seven values: the built-in class that comes back, its name, then what it may lack
// (Absent): message, stack, cause, errors (of an AggregateError), and its own enumerable
// properties, such as Node's `code`.

const classes: Readonly<Record<string, ErrorConstructor>> = {
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
}

/** Properties that travel by themselves, however they are defined. */
const OWN_FIELDS = new Set(['name', 'message', 'stack', 'cause', 'errors'])

/** Writes an error: of a subclass that is not registered, as its nearest built-in class. */
export function writeError(sink: ValueSink, error: object): void {
  const { name, message, stack, cause, errors } = error as AggregateError
  sink.putTag(TAG.Error)
  sink.putString(builtInClass(error))
  sink.putString(String(name))
  putOptional(sink, Object.hasOwn(error, 'message'), String(message))
  putOptional(sink, typeof stack === 'string', stack)
  putOptional(sink, Object.hasOwn(error, 'cause'), cause)
  putOptional(sink, Object.hasOwn(error, 'errors') && Array.isArray(errors), errors)
  const own = ownProperties(error)
  putOptional(sink, own !== null, own)
}

/** What an error has beside an Error's fields, or null. */
export function ownProperties(error: object): object | null {
  const entries = Object.entries(error).filter(([key]) => !OWN_FIELDS.has(key))
  return entries.length === 0 ? null : Object.fromEntries(entries)
}

function putOptional(sink: ValueSink, present: boolean, value: unknown): void {
  if (present) sink.put(value)
  else sink.putTag(TAG.Absent)
}

function builtInClass(error: object): string {
  for (let p = Object.getPrototypeOf(error); p !== null; p = Object.getPrototypeOf(p)) {
    const name: unknown = p.constructor?.name
    if (name === 'AggregateError') return name
    if (typeof name === 'string' && Object.hasOwn(classes, name)) return name
  }
  return 'Error'
}

/** Reads an error, whose tag has been read. */
export function readError(source: ValueSource): Error {
  const className = source.read() as string
  const name = source.read() as string
  const message = takeOptional(source)
  const stack = takeOptional(source)
  const error = makeError(className, message)
  if (error.name !== name) define(error, 'name', name)
  if (stack !== undefined) define(error, 'stack', stack.value)
  const cause = takeOptional(source)
  if (cause !== undefined) define(error, 'cause', cause.value)
  const errors = takeOptional(source)
  if (errors !== undefined) define(error, 'errors', errors.value)
  const own = takeOptional(source)?.value ?? {}
  for (const [key, value] of Object.entries(own)) setOwn(error, key, value)
  return error
}

function makeError(className: string, message: { readonly value: unknown } | undefined): Error {
  const text = message?.value as string | undefined
  if (className === 'AggregateError') return new AggregateError([], text)
  return new classes[className](text)
}

function takeOptional(source: ValueSource): { readonly value: unknown } | undefined {
  return source.takeAbsent() ? undefined : { value: source.read() }
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true })
}
