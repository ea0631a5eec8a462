import { writeError } from './error-value.ts'
import { registeredByPrototype } from './register-type.ts'
import { classNameOf, Unsupported } from './unsupported.ts'
import { TAG, VIEW_CLASSES } from './value-format.ts'
import type { ValueSink } from './value-io.ts'

/** Asked for when needed: every thread of every job loads this file. */
const nativeTypes = () => process.getBuiltinModule('node:util').types

type ObjectWriter = (sink: ValueSink, object: object) => void

const byPrototype = new Map<object, ObjectWriter>([
  [Date.prototype, (sink, date) => sink.putDouble(TAG.Date, (date as Date).getTime())],
  [RegExp.prototype, (sink, pattern) => writeRegExp(sink, pattern as RegExp)],
  [Map.prototype, (sink, map) => writeMap(sink, map as Map<unknown, unknown>)],
  [Set.prototype, (sink, set) => writeSet(sink, set as Set<unknown>)],
  [ArrayBuffer.prototype, (sink, buffer) => writeArrayBuffer(sink, buffer as ArrayBuffer)],
  ...VIEW_CLASSES.map(({ prototype }, kind): [object, ObjectWriter] => {
    return [prototype, (sink, view) => writeView(sink, kind, view as ArrayBufferView)]
  }),
])

/**
 * How to write an object that is neither an array nor a plain object, or throws `Unsupported`.
 * Objects of another realm (a `vm` context, as test runners use them) count as what they are.
 */
export function objectWriterOf(object: object, prototype: object): ObjectWriter {
  const known = byPrototype.get(prototype)
  if (known !== undefined) return known
  const type = registeredByPrototype(prototype)
  if (type !== undefined) {
    return (sink) => {
      sink.putTag(TAG.Registered)
      sink.putString(type.name)
      sink.put(type.encode(object))
    }
  }
  if (nativeTypes().isNativeError(object) || object instanceof Error) return writeError
  const foreign = foreignWriterOf(object, prototype)
  if (foreign === undefined) {
    throw new Unsupported(`an instance of ${classNameOf(object)}`)
  }
  return foreign
}

function foreignWriterOf(object: object, prototype: object): ObjectWriter | undefined {
  const name = classNameOf(object)
  if (name === 'Object' && Object.getPrototypeOf(prototype) === null) {
    return (sink) => sink.putPlain(object)
  }
  if (name === 'Array' && Array.isArray(object)) return (sink) => sink.put(Array.from(object))
  if (name === 'Date' && nativeTypes().isDate(object)) return byPrototype.get(Date.prototype)
  if (name === 'Map' && nativeTypes().isMap(object)) return byPrototype.get(Map.prototype)
  if (name === 'Set' && nativeTypes().isSet(object)) return byPrototype.get(Set.prototype)
  if (name === 'RegExp' && nativeTypes().isRegExp(object)) return byPrototype.get(RegExp.prototype)
  if (nativeTypes().isArrayBuffer(object)) return byPrototype.get(ArrayBuffer.prototype)
  const view = VIEW_CLASSES.find((viewClass) => viewClass.name === name)
  return view && ArrayBuffer.isView(object) ? byPrototype.get(view.prototype) : undefined
}

function writeRegExp(sink: ValueSink, pattern: RegExp): void {
  sink.putTag(TAG.RegExp)
  sink.putString(pattern.source)
  sink.putString(pattern.flags)
  sink.put(pattern.lastIndex)
}

function writeMap(sink: ValueSink, map: ReadonlyMap<unknown, unknown>): void {
  sink.putHead(TAG.Map, map.size)
  for (const [key, value] of map) {
    sink.put(key)
    sink.put(value)
  }
}

function writeSet(sink: ValueSink, set: ReadonlySet<unknown>): void {
  sink.putHead(TAG.Set, set.size)
  for (const value of set) sink.put(value)
}

function writeArrayBuffer(sink: ValueSink, buffer: ArrayBuffer): void {
  sink.putTag(TAG.ArrayBuffer)
  sink.putBytes(new Uint8Array(buffer))
}

function writeView(sink: ValueSink, kind: number, view: ArrayBufferView): void {
  sink.putTag(TAG.View)
  sink.putTag(kind)
  sink.putBytes(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
}
